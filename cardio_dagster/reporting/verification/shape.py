"""Shape: a sentence as small words and marked numbers, so that it can be held word by word against what it rests on.

Belongs here: turning texts into shapes and patterns of shapes. Not here: which shapes are allowed (grounding.py,
score_grounding.py). Punctuation and capitals carry no meaning in a shape; every word, sign and number does.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from cardio_dagster.finding import Measurement
from cardio_dagster.reporting.verification.naming import SPOKEN
from cardio_dagster.reporting.verification.numbers import Number, read_numbers
from cardio_dagster.reporting.verification.units import as_printed, unit_length
from cardio_dagster.statement import Quote, QuoteKind, Statement

LIMIT = r"#x=\S+"
_WORD = re.compile(r"[^\s,;:()]+")
_MARKS = {QuoteKind.MEASUREMENT: "m", QuoteKind.REFERENCE: "r", QuoteKind.SCORE: "s", QuoteKind.FACT: "f"}
_MACHINE_NAME = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_CODE = re.compile(r"\(fusion\.[a-z_.]+\)")  # the code of a finding is not spoken
_UNIT_TAIL = re.compile(r"_(?:years|months|bpm|pct|cm|kg|mmhg|ms|mmol_l|umol_l|ml|kg_m2|ml_min_1_73m2)$")
_IN_WORDS = {  # names of inputs that are not spoken as they are written
    "e_over_e_prime": "E/e'",
    "score2_region": "European risk region",
    "hf_duration_months": "duration of heart failure",
    "sbp_mmhg": "systolic blood pressure",
    "dbp_mmhg": "diastolic blood pressure",
    "pasp_mmhg": "pulmonary artery systolic pressure",
    "heart_rate_bpm": "heart rate",
}


def shape_of(statement: Statement) -> str:
    """Return the sentence as small words; a number with its unit becomes what its quote names, `#m:lvef_pct`.

    A number of a rule, and one without a quote, keeps its digits and unit: `#x=390[ms]`.
    """
    quotes = {q.start: q for q in statement.quotes}
    return _joined(statement.text, lambda n: _mark(n, quotes.get(n.start)), lambda word: word)


@lru_cache(maxsize=4096)
def pattern_of(source: str) -> str:
    """Return a pattern of shapes that matches a source text, whole and in order; its machine names in words."""
    text = as_printed(_MACHINE_NAME.sub(lambda m: in_words(m[0]), _CODE.sub("", source)))
    return _joined(text, lambda n: rf"#(?:{re.escape(_rule_mark(n)[1:])}|[mrsf]:\S+)", re.escape)


def valued(measurement: Measurement, number: str = "#m") -> str:
    """Return a pattern of shapes for a name of the measurement with its own value right behind."""
    names = (measurement.label, *SPOKEN.get(measurement.name, ()))
    return rf"(?:{'|'.join(pattern_of(n) for n in names)}) {number}:{re.escape(measurement.name)}"


def in_range(measurement: Measurement) -> str:
    """Return a pattern of shapes for the place in the measurement's own reference range."""
    bound = f"#r:{re.escape(measurement.name)}"
    return rf"(?:(?:at or )?(?:above|below) {bound}|within {bound} to {bound})"


def in_words(name: str) -> str:
    """Return a machine name as it is spoken.

    >>> in_words("hdl_cholesterol_mmol_l"), in_words("hf_duration_months")
    ('hdl cholesterol', 'duration of heart failure')
    """
    return _IN_WORDS.get(name) or _UNIT_TAIL.sub("", name).replace("_", " ")


def _joined(text: str, mark: Callable[[Number], str], word: Callable[[str], str]) -> str:
    parts, at = [], 0
    for number in read_numbers(text):
        parts += [word(w) for w in _words(text[at : number.start])]
        parts.append(mark(number))
        at = number.end + unit_length(text[number.end :])
    return " ".join((*parts, *(word(w) for w in _words(text[at:]))))


def _words(text: str) -> list[str]:
    found = (w.rstrip(".") for w in _WORD.findall(text.lower()))
    return [w for w in found if w]


def _mark(number: Number, quote: Quote | None) -> str:
    if quote is None or quote.kind is QuoteKind.RULE:
        return _rule_mark(number)
    return f"#{_MARKS[quote.kind]}:{quote.name}"


def _rule_mark(number: Number) -> str:
    return f"#x={number.text.lstrip('+')}[{number.unit}]"
