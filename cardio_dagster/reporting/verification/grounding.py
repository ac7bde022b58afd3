"""Grounding: every word of a sentence comes, in order, from what the sentence rests on.

Belongs here: kind "words": the forms that a sentence on findings, on plain values or on what was not measured may have.
Not here: numbers (quotes.py) or sentences on scores (score_grounding.py). The forms are the verifier's own: a finding's
text stands whole, with a value and a limit behind it, or one of the short forms stands for it.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from cardio_dagster.finding import Finding, Measurement
from cardio_dagster.reporting.verification.citations import SCORES
from cardio_dagster.reporting.verification.material import Material
from cardio_dagster.reporting.verification.score_grounding import score_forms
from cardio_dagster.reporting.verification.shape import LIMIT, in_range, pattern_of, shape_of, valued
from cardio_dagster.statement import QuoteKind, Statement

# finding -> the words that may stand for its text, behind its value; "" where the value's place in its range says it all
_SHORT_FORMS: dict[str, str] = {
    "ECG_QTC_SHORT": f"short by the {LIMIT} limit",
    "ECG_QTC_LONG": f"prolonged by the {LIMIT} limit",
    "ECG_QTC_CRITICAL": f"markedly prolonged by the {LIMIT} limit",
    "LVEF_ABOVE_NORMAL": "",
    "LVEF_BORDERLINE_HIGH": "normal for a woman high for a man",
    "LVEF_NORMAL": "normal",
    "LVEF_BORDERLINE_LOW": "normal for a man mildly reduced for a woman",
    "LVEF_MILDLY_REDUCED": "mildly reduced",
    "LVEF_MODERATELY_REDUCED": "moderately reduced",
    "LVEF_SEVERELY_REDUCED": "severely reduced",
    "*_INDEX_ABOVE_NORMAL": "",
    "*_INDEX_BELOW_NORMAL": "",
    "clinical.*.high": "",
    "clinical.*.low": "",
}
_METHODS = (  # part of a method's name -> how it is told
    ("method of 20 discs", "discs"),
    ("area-length", "area-length"),
    ("biplane", "two planes"),
    ("single-plane", "one plane"),
    ("stated", "as stated"),
)
_ABSENT = "not measured for the reasons in the table"
_FAULT = "the sentence says something that what it rests on does not say, or leaves a part of it out"


def word_faults(statement: Statement, material: Material) -> Iterator[str]:
    """Give a message where the words of a sentence are not, whole and in order, those of what it rests on."""
    shape = shape_of(statement).removesuffix(f" in {statement.recording_id}")
    if not any(re.fullmatch(form, shape) for form in _forms(statement, material)):
        yield _FAULT


def _forms(statement: Statement, material: Material) -> Iterator[str]:
    if statement.section == SCORES or statement.scores:
        yield from score_forms(statement, material)
    elif statement.findings:
        for finding in material.findings_of(statement):
            yield from _of_finding(finding, _quoted(statement, material))
    else:
        each = [f"{valued(m)}(?: {in_range(m)})?" for m in _quoted(statement, material)]
        yield _some(each)
        yield f"{_ABSENT} {_some([pattern_of(m.label) for m in _absent(statement, material)])}"


def _some(parts: list[str]) -> str:
    """Return a pattern for one or more of the parts; without parts it matches nothing."""
    one = "|".join(parts) or "(?!)"
    return f"(?:{one})(?: (?:{one}))*"


def _quoted(statement: Statement, material: Material) -> list[Measurement]:
    keys = dict.fromkeys((q.name, q.recording_id) for q in statement.quotes if q.kind is QuoteKind.MEASUREMENT)
    found = (material.measurement(*key) for key in keys)
    return [m for m in found if m]


def _absent(statement: Statement, material: Material) -> list[Measurement]:
    own = (None, statement.recording_id)
    return [m for m in material.measurements if m.value is None and (own[1] is None or m.recording_id in own)]


def _of_finding(finding: Finding, quoted: list[Measurement]) -> Iterator[str]:
    yield f"{pattern_of(finding.text)}(?: {_tail(finding, quoted)})?"
    words = _short_form(finding.code)
    care = finding.text.partition(";")[2]
    behind = f" {pattern_of(care)}" if care else ""
    for m in quoted:
        if words is not None and m.name in finding.measurements:
            place = f" {in_range(m)}" if not words else f" {words}(?: {in_range(m)})?"
            yield f"{valued(m)}{_how(m, quoted)}{place}{behind}"


def _tail(finding: Finding, quoted: list[Measurement]) -> str:
    """Return what may follow a finding's text: a value with its limit or range, the mean rate, what was seen."""
    limit = f"limit {LIMIT}|(?:above|below) the {LIMIT} limit"
    parts = [f"{valued(m)}(?: (?:{limit}|{in_range(m)}))?" for m in quoted]
    parts += ["mean heart rate #m:heart_rate_bpm"]
    if finding.evidence:
        parts.append(f"{pattern_of(finding.evidence.split(';')[0])} in the median beat limit {LIMIT}")
    return f"(?:{'|'.join(parts)})"


def _short_form(code: str) -> str | None:
    return next((words for pattern, words in _SHORT_FORMS.items() if fnmatchcase(code, pattern)), None)


def _how(measurement: Measurement, quoted: list[Measurement]) -> str:
    """Return a pattern for how a value was made: method, beats, spread; each may be left out."""
    told = " ".join(words for part, words in _METHODS if part in measurement.method) or "as measured"
    spread = "".join(f"(?: {valued(m)})?" for m in quoted if m.name.endswith("_sd_pct"))
    return f"(?: {told}(?: mean of {LIMIT} beats)?{spread})?"
