"""Numbers against what they name: each covered by one quote, equal at the printed digits, in the printed unit.

Belongs here: kind "number". Not here: reading numbers (numbers.py), whether a range is told the right way round (polarity.py).
"""

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from cardio_dagster.finding import Fact, Measurement
from cardio_dagster.reporting.verification.material import Material, told, told_of_score
from cardio_dagster.reporting.verification.naming import misnamed
from cardio_dagster.reporting.verification.numbers import Number, read_numbers
from cardio_dagster.reporting.verification.units import as_printed, same_unit
from cardio_dagster.reporting.verification.unread import unread
from cardio_dagster.statement import Quote, QuoteKind, Statement


def number_faults(statement: Statement, material: Material) -> Iterator[str]:
    """Give a message for each number, quote or name of a sentence that cannot be confirmed."""
    numbers = read_numbers(statement.text)
    for number in numbers:
        over = [q for q in statement.quotes if q.start < number.end and number.start < q.start + len(q.text)]
        if len(over) != 1:
            yield f"{number.text} is covered by {len(over)} quotes, exactly 1 is needed"
        elif (over[0].start, over[0].text) != (number.start, number.text):
            yield f"{number.text} is covered by a quote of {over[0].text}"
        elif fault := _elsewhere(over[0], statement) or _unequal(number, over[0], statement, material):
            yield fault
    yield from _stray(statement, numbers)
    yield from misnamed(statement, material)
    yield from unread(statement, material)


def _stray(statement: Statement, numbers: tuple[Number, ...]) -> Iterator[str]:
    places = {(n.start, n.text) for n in numbers}
    for quote in statement.quotes:
        if (quote.start, quote.text) not in places:
            yield f"the quote of {quote.text} for {quote.name} is not a number at its place in the sentence"


def _elsewhere(quote: Quote, statement: Statement) -> str | None:
    """Return a fault where a sentence on one recording quotes a measurement of another."""
    is_measured = quote.kind in (QuoteKind.MEASUREMENT, QuoteKind.REFERENCE)
    if not is_measured or statement.recording_id in (None, quote.recording_id):
        return None
    return f"{quote.text} is of {quote.recording_id}, the sentence is on {statement.recording_id}"


def _unequal(number: Number, quote: Quote, statement: Statement, material: Material) -> str | None:
    match quote.kind:
        case QuoteKind.MEASUREMENT:
            return _unlike_measurement(number, material.measurement(quote.name, quote.recording_id), quote)
        case QuoteKind.REFERENCE:
            return _unlike_reference(number, material.measurement(quote.name, quote.recording_id), quote)
        case QuoteKind.SCORE:
            score = material.score(quote.name)
            return _compare(number, score.value if score else None, score.unit if score else "", quote)
        case QuoteKind.FACT:
            return _unlike_fact(number, material.facts_of(quote.name, quote.recording_id), quote)
        case QuoteKind.RULE:
            return _untold(number, quote, statement, material)


def _unlike_measurement(number: Number, measurement: Measurement | None, quote: Quote) -> str | None:
    if measurement is None:
        return f"{number.text} quotes {quote.name}, which {quote.recording_id} does not have exactly once"
    return _compare(number, measurement.value, measurement.unit, quote)


def _unlike_reference(number: Number, measurement: Measurement | None, quote: Quote) -> str | None:
    bounds = () if measurement is None else (measurement.reference_low, measurement.reference_high)
    if not any(b is not None and number.value == b for b in bounds):
        return f"{number.text} is no bound of the reference range of {quote.name}"
    if number.unit and measurement and not same_unit(number.unit, measurement.unit):
        return f"{number.text} stands in {number.unit}, {quote.name} is in {measurement.unit}"
    return None


def _unlike_fact(number: Number, facts: tuple[Fact, ...], quote: Quote) -> str | None:
    values = [f.value for f in facts if isinstance(f.value, (int, float)) and not isinstance(f.value, bool)]
    if any(rounds_to(float(v), number) for v in values):
        return None
    return f"{number.text} is not what the metadata states as {quote.name}"


def _compare(number: Number, value: float | None, ucum: str, quote: Quote) -> str | None:
    if value is None:
        return f"{number.text} quotes {quote.name}, which has no value"
    if not rounds_to(value, number):
        return f"{number.text} is not {quote.name}, which is {value:.6g}"
    if not same_unit(number.unit, ucum):
        return f"{number.text} stands in {number.unit or 'no unit'}, {quote.name} is in {ucum}"
    return None


def rounds_to(value: float, number: Number) -> bool:
    """Return whether the value, rounded to the printed digits, is the printed number; a tie may go either way."""
    step = Decimal(1).scaleb(-number.decimals)
    printed = Decimal(str(number.value))
    exact = Decimal(repr(float(value)))
    rounded = {exact.quantize(step, rounding=mode) for mode in (ROUND_HALF_EVEN, ROUND_HALF_UP)}
    return printed in rounded or printed == Decimal(f"{value:.{number.decimals}f}")


def _untold(number: Number, quote: Quote, statement: Statement, material: Material) -> str | None:
    """Return a fault unless the number stands, with the same word beside it, where its finding or score states it.

    A source that has a number between the very same words decides alone; several such numbers are compared in their order.
    """
    texts = _sources(quote.name, statement, material)
    if _called_limit(number, statement.text):
        texts = tuple(as_printed(f.rule) for f in material.findings_of(statement) if f.code == quote.name)
    if not texts:
        return f"{number.text} quotes the rule {quote.name}, of which the sentence does not speak"
    same = next((found for text in texts if (found := [n for n in read_numbers(text) if _placed_as(number, n)])), [])
    peers = [n for n in read_numbers(statement.text) if _placed_as(number, n)]
    if same and len(same) == len(peers):
        allowed = [same[peers.index(number)]]
    else:
        allowed = same or [n for text in texts for n in read_numbers(text) if _alike(number, n)]
    if any(_printed(number) == _printed(n) for n in allowed):
        return None
    return (
        f"{number.text} {number.after}".rstrip() + f" does not stand so in the rule, text or evidence of {quote.name}"
    )


def _sources(name: str, statement: Statement, material: Material) -> tuple[str, ...]:
    findings = [f for f in material.findings_of(statement) if f.code == name]
    score = material.score(name)
    return (*(t for f in findings for t in told(f)), *(told_of_score(score) if score else ()))


def _called_limit(number: Number, text: str) -> bool:
    """Return whether the sentence calls the number a limit: it then stands in the rule, not in what was seen."""
    return number.before == "limit" or re.match(r" ?\S{1,4} limit\b", text[number.end :]) is not None


def _placed_as(number: Number, other: Number) -> bool:
    """Return whether two numbers stand between the same words: then a source that has them says which number it is."""
    return bool(number.before and number.after) and (number.before, number.after) == (other.before, other.after)


def _alike(number: Number, other: Number) -> bool:
    if number.after and other.after:
        return number.after == other.after or (bool(number.unit) and number.unit == other.unit)
    return number.before == other.before


def _printed(number: Number) -> str:
    return number.text.lstrip("+")
