"""Words of direction: "above 5.2", "within 54 to 74", "short", "normal" must agree with the value.

Belongs here: kind "rule", the words of a sentence against its numbers. Not here: the rules of findings (rules.py).
"""

import re
from collections.abc import Iterator

from cardio_dagster.finding import Grade, Measurement
from cardio_dagster.reporting.verification.material import Material, gravest, told, told_of_score
from cardio_dagster.reporting.verification.numbers import Number, read_numbers
from cardio_dagster.reporting.verification.rules import rule_for
from cardio_dagster.statement import Quote, QuoteKind, Statement

_WORDS = re.compile(
    r"\b(at or above|at or below|above|below|within|outside|higher than|lower than|over|under)\b", re.IGNORECASE
)
_NORMAL = re.compile(r"(?<!the )\bnormal\b(?! range| for)", re.IGNORECASE)
# Words with an opposite: each must stand where the sentence takes its content from, or in what its rule demands.
_OPPOSED = re.compile(
    r"\b(narrow|wide|short|prolonged|mildly|moderately|markedly|severely|reduced|raised|elevation|depression|bradycardia|tachycardia|"
    r"left|right|anterior|posterior|increased|decreased|normal|abnormal|abnormality|low|high|intermediate|borderline|complete|incomplete|"
    r"regular|irregular|thick|thin|early|late|likely|unlikely|limb|chest|septal|lateral)\b",
    re.IGNORECASE,
)
_WHOLE = ("lvef_pct",)  # ASE/EACVI 2015 grades the ejection fraction in whole percent
_GAP = re.compile(r"^(?: the)? $")


def polarity_faults(statement: Statement, material: Material) -> Iterator[str]:
    """Give a message for each word of direction that the value contradicts, or that has no ground at all."""
    numbers = read_numbers(statement.text)
    for match in _WORDS.finditer(statement.text):
        word, bounds = match[1].lower(), _bounds(statement.text, match.end(), numbers)
        subject = _subject(match.start(), bounds, statement)
        value = None if subject is None else _value(subject, material)
        if value is not None and bounds and _comparable(bounds, numbers, subject):
            if not _holds(word, value, [n.value for n in bounds]) or not _right_bound(
                word, bounds, statement, material
            ):
                said = " to ".join(n.text for n in bounds)
                yield f"{word} {said} does not hold of {subject.name if subject else ''}, which is {value:.6g}"
        elif not _grounded(word, statement, material):
            yield f"nothing that the sentence rests on says {word!r}"
    yield from _opposed(statement, material)
    yield from _normality(statement, material)


def _bounds(text: str, end: int, numbers: tuple[Number, ...]) -> list[Number]:
    first = next((n for n in numbers if n.start >= end and _GAP.match(text[end : n.start])), None)
    if first is None:
        return []
    second = next((n for n in numbers if n.start > first.start and text[first.end : n.start] == " to "), None)
    return [first, second] if second else [first]


def _subject(start: int, bounds: list[Number], statement: Statement) -> Quote | None:
    """Return the value before the word that is held against the bounds: the one whose range they quote, else the nearest."""
    before = [q for q in statement.quotes if q.start < start and q.kind in (QuoteKind.MEASUREMENT, QuoteKind.SCORE)]
    places = {n.start for n in bounds}
    named = {(q.name, q.recording_id) for q in statement.quotes if q.start in places and q.kind is QuoteKind.REFERENCE}
    own = [q for q in before if (q.name, q.recording_id) in named]
    return max(own or before, key=lambda q: q.start, default=None)


def _value(quote: Quote, material: Material) -> float | None:
    if quote.kind is QuoteKind.SCORE:
        score = material.score(quote.name)
        return score.value if score else None
    value = material.value(quote.name, quote.recording_id)
    return float(round(value)) if value is not None and quote.name in _WHOLE else value


def _comparable(bounds: list[Number], numbers: tuple[Number, ...], subject: Quote | None) -> bool:
    """Return whether the bounds stand in the unit of the subject; a bound without a unit is taken to."""
    own = next((n.unit for n in numbers if subject and n.start == subject.start), "")
    return bounds[-1].unit in ("", own)


def _holds(word: str, value: float, bounds: list[float]) -> bool:
    low, high = bounds[0], bounds[-1]
    match word:
        case "above" | "higher than" | "over":
            return value > high
        case "below" | "lower than" | "under":
            return value < low
        case "at or above":
            return value >= low
        case "at or below":
            return value <= high
        case "within":
            return len(bounds) == 2 and low <= value <= high
        case _:
            return len(bounds) == 2 and not low <= value <= high


def _right_bound(word: str, bounds: list[Number], statement: Statement, material: Material) -> bool:
    """Return whether a bound that quotes a reference range is its upper one for "above", its lower one for "below"."""
    for place, number in enumerate(bounds):
        quote = next((q for q in statement.quotes if q.start == number.start and q.kind is QuoteKind.REFERENCE), None)
        measured = material.measurement(quote.name, quote.recording_id) if quote else None
        if measured and number.value != _expected(word, place, len(bounds), measured):
            return False
    return True


def _expected(word: str, place: int, count: int, measured: Measurement) -> float | None:
    if count == 2:
        return measured.reference_low if place == 0 else measured.reference_high
    is_upper = word in ("above", "higher than", "over", "at or below")
    return measured.reference_high if is_upper else measured.reference_low


def _grounded(word: str, statement: Statement, material: Material) -> bool:
    """Return whether a word without a number to hold it against stands in the finding's or the score's own words."""
    plain = word.removeprefix("at or ").split()[0]
    return any(plain in text.split() for text in _own_words(statement, material))


def _opposed(statement: Statement, material: Material) -> Iterator[str]:
    """Give a message for each word that has an opposite and stands nowhere in what the sentence rests on."""
    if statement.findings:
        held = {word for text in _own_words(statement, material) for word in text.split()}
        words = (match[1].lower() for match in _OPPOSED.finditer(statement.text))
        yield from (f"nothing that the sentence rests on says {word!r}" for word in words if word not in held)


def _own_words(statement: Statement, material: Material) -> Iterator[str]:
    """Give the texts that a sentence rests on, in small letters, words apart by spaces."""
    findings = material.findings_of(statement)
    rules = (rule_for(f.code) for f in findings)
    texts = [*(t for f in findings for t in (*told(f), f.code)), *(w for rule in rules if rule for w in rule.says)]
    texts += [t for s in material.scores_of(statement) for t in told_of_score(s)]
    measured = (material.measurement(q.name, q.recording_id) for q in statement.quotes)
    texts += ["left ventricular", *(m.label for m in measured if m)] if findings else []
    yield from (re.sub(r"[^a-z]+", " ", text.lower()) for text in texts)


def _normality(statement: Statement, material: Material) -> Iterator[str]:
    grade = gravest(material.findings_of(statement))
    if _NORMAL.search(statement.text) and statement.findings and grade is not Grade.NORMAL:
        yield f"the sentence says normal, its finding is graded {grade.value}"
