"""Binding: each number in a text that somebody else wrote gets the name of what it must equal.

Belongs here: finding numbers in a finding's or a score's text. Not here: templates or citations.
"""

import re
from collections.abc import Iterable

from cardio_dagster.finding import Measurement
from cardio_dagster.reporting.drafting.printing import bound, spoken, unit
from cardio_dagster.reporting.drafting.sentence import Piece
from cardio_dagster.reporting.drafting.subject import Subject
from cardio_dagster.statement import QuoteKind

# A digit right after a letter belongs to a name (V1, H2FPEF, r02, HbA1c), that after "min/" to a unit.
NUMBER = re.compile(r"(?<![\w.])(?<!min/)[-+]?\d+(?:\.\d+)?")


def bind_text(text: str, subject: Subject) -> tuple[Piece, ...]:
    """Return the text of a finding as pieces, each number bound to a measurement, a limit of its range, or the rule."""
    of_finding = [m for n in subject.finding.measurements if (m := subject.measurements.get(n)) and m.value is not None]
    text, pieces, end = spoken(text), [], 0
    for match in NUMBER.finditer(text):
        pieces += [Piece(text[end : match.start()]), _bound(match, text, of_finding, subject)]
        end = match.end()
    return (*pieces, Piece(text[end:]))


def bind_rule(text: str, name: str) -> tuple[Piece, ...]:
    """Return a text with every number bound to the rule, or the score, of that name."""
    text, pieces, end = spoken(text), [], 0
    for match in NUMBER.finditer(text):
        pieces += [Piece(text[end : match.start()]), Piece(match[0], QuoteKind.RULE, name)]
        end = match.end()
    return (*pieces, Piece(text[end:]))


def _bound(match: re.Match[str], text: str, known: Iterable[Measurement], subject: Subject) -> Piece:
    number, after = match[0], text[match.end() :]
    for m in known:
        recording_id = m.recording_id or subject.recording_id
        if _is_value(number, m) and unit(m.unit) and after.startswith(unit(m.unit)):
            return Piece(number, QuoteKind.MEASUREMENT, m.name, recording_id)
    for m in known:
        if number in (bound(x) for x in (m.reference_low, m.reference_high) if x is not None):
            return Piece(number, QuoteKind.REFERENCE, m.name, m.recording_id or subject.recording_id)
    return Piece(number, QuoteKind.RULE, subject.finding.code)


def _is_value(number: str, measurement: Measurement) -> bool:
    digits = len(number.partition(".")[2])
    return measurement.value is not None and f"{measurement.value:.{digits}f}" == number.lstrip("+")
