"""Reading one number with its unit: conversion and possible range.

Belongs here: the way from an entry to a value in the canonical unit, and each way it can
fail. Not here: which entry is used (check.py) or the table of units (quantities.py).
"""

import re

from cardio_dagster.errors import problem
from cardio_dagster.modalities.clinical.naming import field_key, harmless
from cardio_dagster.modalities.clinical.quantities import Conversion, QuantitySpec
from cardio_dagster.modalities.clinical.record import Entry
from cardio_dagster.outcome import Problem, Severity

_NUMBER = re.compile(r"([<>≤≥]=?)?\s*([-+]?\d+(?:[.,]\d+)?)\s*(.*)", re.DOTALL)


class LeftOutError(Exception):
    """A value that cannot be used; carries the Problem that says why."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.message)
        self.problem = found


def canonical_value(spec: QuantitySpec, entry: Entry) -> float:
    """Return the entry's number in the canonical unit, within the possible range.

    Raises LeftOutError with E_VALID_002 (no number, or impossible), E_VALID_003 (unit unknown or
    lacking where files differ in it), E_VALID_005 (only a limit).
    """
    number, unit = _number(spec, entry)
    conversion = _conversion(spec, unit, entry)
    value = conversion.factor * number + conversion.offset
    if spec.whole and value % 1:
        seen = f"{value:.4g}"
        raise _left_out("E_VALID_002", f"{spec.label} is not a whole number", entry, seen=seen, allowed="1, 2, 3 ...")
    if not spec.possible_low <= value <= spec.possible_high:
        allowed = f"{spec.possible_low:g} to {spec.possible_high:g} {spec.unit}"
        seen = f"{value:.4g} {spec.unit}"
        raise _left_out("E_VALID_002", f"{spec.label} is outside its possible range", entry, seen=seen, allowed=allowed)
    return value


def _conversion(spec: QuantitySpec, unit: str, entry: Entry) -> Conversion:
    allowed = spec.accepted
    if not unit:
        if spec.needs_unit:
            raise _left_out("E_VALID_003", f"{spec.label} has no unit", entry, seen="no unit", allowed=allowed)
        return Conversion()
    conversion = spec.conversion(unit)
    if conversion is None:
        seen = harmless(unit, kind="unit")
        raise _left_out("E_VALID_003", f"{spec.label} has an unknown unit", entry, seen=seen, allowed=allowed)
    return conversion


def _number(spec: QuantitySpec, entry: Entry) -> tuple[float, str]:
    """Return number and unit; a limit such as "> 60" is no value, and "1,234" may be two."""
    if (word := field_key(str(entry.value))) in spec.words:
        return spec.words[word], ""
    found = None if isinstance(entry.value, bool) else _NUMBER.fullmatch(_as_text(entry.value))
    if found is None:
        seen = harmless(str(entry.value), kind="text")
        raise _left_out("E_VALID_002", f"{spec.label} is not a number", entry, seen=seen, allowed="a number")
    if found[1]:
        raise _left_out("E_VALID_005", f"{spec.label} is only a limit ({found[1]})", entry, allowed="a number")
    if re.search(r",\d{3}$", found[2]):
        message = f"{spec.label} has a comma that may part thousands or decimals"
        raise _left_out("E_VALID_002", message, entry, allowed="a decimal point")
    return float(found[2].replace(",", ".")), found[3].strip() or entry.unit or ""


def _as_text(value: object) -> str:
    """Return a number without exponent, which the unit would swallow, or the text as it is."""
    return f"{value:.12f}" if isinstance(value, float) else str(value).strip()


def _left_out(
    code: str, message: str, entry: Entry, *, seen: str | None = None, allowed: str | None = None
) -> LeftOutError:
    return LeftOutError(problem_at(code, message, entry, seen=seen, allowed=allowed, severity=Severity.ERROR))


def problem_at(
    code: str,
    message: str,
    entry: Entry,
    *,
    seen: str | None = None,
    allowed: str | None = None,
    severity: Severity | None = None,
) -> Problem:
    """Return a Problem that names the place of the entry in its document.

    A value that is lost to the report needs `severity` ERROR, which holds it; None is the code's own.
    """
    place = f"{message} at {entry.where}"
    return problem(code, place, seen=seen, allowed=allowed, severity=severity, modality="clinical")
