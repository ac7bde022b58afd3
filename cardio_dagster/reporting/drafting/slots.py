"""Filling the slots of a template with numbers that know what they quote.

Belongs here: from a template and a finding to pieces. Not here: words (templates.py) or digits (printing.py).
"""

import re
from string import Formatter

from cardio_dagster.finding import Measurement
from cardio_dagster.reporting.drafting.bind import NUMBER, bind_rule, bind_text
from cardio_dagster.reporting.drafting.printing import bound, judged, number, spoken, unit
from cardio_dagster.reporting.drafting.sentence import Piece, plain
from cardio_dagster.reporting.drafting.subject import Subject
from cardio_dagster.reporting.drafting.templates import HOW, OWN_TEXT, template_for
from cardio_dagster.statement import QuoteKind

Pieces = tuple[Piece, ...]
_BEATS = re.compile(r"\b\d+ beats(?=:)")  # "4 beats: 62.1, ..."; not the beats that there should have been
_AFTER_LIMIT = re.compile(r" ?(?:ms|mV|/min|%|mL/m²|degrees)(?!\w)")


def fill(subject: Subject) -> Pieces:
    """Return the sentence of a finding by its template; its own text where a slot of the first part is absent."""
    first, *others = (_part(part, subject) for part in template_for(subject.finding.code))
    if first is None:
        return _part(OWN_TEXT[0], subject) or ()
    return (*first, *(piece for part in others if part for piece in part))


def value(measurement: Measurement, recording_id: str | None) -> Pieces:
    """Return a measured value with its unit; it must not be None."""
    quoted = measurement.recording_id or recording_id
    return Piece(number(measurement), QuoteKind.MEASUREMENT, measurement.name, quoted), Piece(unit(measurement.unit))


def place(measurement: Measurement, recording_id: str | None) -> Pieces | None:
    """Return where the value lies in its reference range, as words with the limits; None without value or range."""
    low, high, at = measurement.reference_low, measurement.reference_high, judged(measurement)
    if at is None or (low is None and high is None):
        return None
    if low is not None and at < low:
        return plain("below ") + _limit(measurement, low, recording_id)
    if high is not None and at > high:
        return plain("above ") + _limit(measurement, high, recording_id)
    if low is not None and high is not None:
        to = Piece(" to ")
        return (
            Piece("within "),
            _limit(measurement, low, recording_id)[0],
            to,
            *_limit(measurement, high, recording_id),
        )
    return _one_sided(measurement, low, high, recording_id)


def label(measurement: Measurement) -> str:
    """Return the label as it stands in a sentence, an abbreviation left as it is.

    >>> label(Measurement("bmi_kg_m2", "Body mass index", 22.0, "kg/m2", "x"))
    'body mass index'
    """
    text = measurement.label
    return text if text[1:2].isupper() or text[1:2] in " -'/" or text[:3] == "QTc" else text[:1].lower() + text[1:]


def _one_sided(m: Measurement, low: float | None, high: float | None, recording_id: str | None) -> Pieces:
    if high is not None:
        return plain("at or below ") + _limit(m, high, recording_id)
    return plain("at or above ") + _limit(m, low or 0.0, recording_id)


def _limit(m: Measurement, limit: float, recording_id: str | None) -> Pieces:
    quoted = m.recording_id or recording_id
    return Piece(bound(limit), QuoteKind.REFERENCE, m.name, quoted), Piece(unit(m.unit))


def _part(part: str, subject: Subject) -> Pieces | None:
    pieces: list[Piece] = []
    for words, slot, form, _ in Formatter().parse(part):
        pieces.append(Piece(words))
        filled = () if slot is None else _slot(slot, form or "", subject)
        if filled is None:
            return None
        pieces += filled
    return tuple(pieces)


def _slot(slot: str, form: str, subject: Subject) -> Pieces | None:
    finding = subject.finding
    match slot:
        case "text":
            return bind_text(finding.text.removesuffix("."), subject)
        case "care":
            _, sign, care = finding.text.partition(";")
            return bind_text(sign + care, subject)
        case "limit":
            return _rule_limit(subject)
        case "beats":
            beats = _BEATS.search(finding.evidence or "")
            return bind_rule(beats[0], finding.code) if beats else None
        case "seen":
            return bind_rule(finding.evidence.split(";")[0], finding.code) if finding.evidence else None
    return _measured(slot, form, subject)


def _measured(slot: str, form: str, subject: Subject) -> Pieces | None:
    name = subject.finding.measurements[0] if slot in ("it", "how") and subject.finding.measurements else slot
    measurement = subject.measurements.get(name)
    if measurement is None or measurement.value is None:
        return None
    if slot == "how":
        return plain(_how(measurement.method))
    if form == "label":
        return bind_text(label(measurement), subject)
    return (place if form == "range" else value)(measurement, subject.recording_id)


def _how(method: str) -> str:
    return ", ".join(words for part, words in HOW if part in method) or "as measured"


def _rule_limit(subject: Subject) -> Pieces | None:
    rule = spoken(subject.finding.rule)
    found = NUMBER.search(rule)
    if found is None:
        return None
    after = _AFTER_LIMIT.match(rule, found.end())
    return Piece(found[0], QuoteKind.RULE, subject.finding.code), Piece(after[0] if after else "")
