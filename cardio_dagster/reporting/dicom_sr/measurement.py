"""A measurement of the report as a NUM content item (TID 300 with TID 310 and 312).

Belongs here: value, absence, normal range, what the reader needs to trust the number. Not here: the section in which
it stands (echo.py, ecg.py) and its code (concepts.py).
"""

from cardio_dagster.reporting.dicom_sr import codes
from cardio_dagster.reporting.dicom_sr.codes import Code
from cardio_dagster.reporting.dicom_sr.items import Item, Number, Relation, code, num, text
from cardio_dagster.reporting.parts import Flag, ReportedMeasurement

_NORMALITY = {Flag.LOW: codes.ABNORMALLY_LOW, Flag.WITHIN: codes.NORMAL, Flag.HIGH: codes.ABNORMALLY_HIGH}


def numeric(name: Code, measurement: ReportedMeasurement, *modifiers: Item, unit: Code | None = None) -> Item:
    """Return the measurement under the concept `name`.

    A value that is None becomes a NUM without a value and with the qualifier "Value unknown" (CID 42); its reason
    stands in the comment, together with the method, the evidence and the machine name. `unit` replaces the code of the
    measurement's unit where the template prescribes another word for the same unit.
    """
    value = _number(measurement, unit or codes.unit(measurement.unit))
    return num(name, value, *modifiers, *_properties(measurement, value.unit))


def unmeasured(name: Code, unit: Code, reason: str) -> Item:
    """Return the place of a number that the template demands and the report does not have."""
    value = Number(None, unit, codes.VALUE_UNKNOWN)
    return num(name, value, text(codes.COMMENT, reason, relation=Relation.PROPERTY))


def _number(measurement: ReportedMeasurement, unit: Code) -> Number:
    return Number(measurement.value, unit, codes.VALUE_UNKNOWN if measurement.value is None else None)


def _properties(measurement: ReportedMeasurement, unit: Code) -> tuple[Item, ...]:
    """Normality and range (TID 310, 312), then the comment."""
    items = []
    if measurement.flag:
        items.append(code(codes.NORMALITY, _NORMALITY[measurement.flag], relation=Relation.PROPERTY))
    limits = ((codes.RANGE_LOWER, measurement.reference_low), (codes.RANGE_UPPER, measurement.reference_high))
    items += [num(name, Number(limit, unit), relation=Relation.PROPERTY) for name, limit in limits if limit is not None]
    if measurement.reference_source:
        items.append(text(codes.RANGE_AUTHORITY, measurement.reference_source, relation=Relation.PROPERTY))
    return (*items, text(codes.COMMENT, _comment(measurement), relation=Relation.PROPERTY))


def _comment(measurement: ReportedMeasurement) -> str:
    parts = [measurement.name, f"method: {measurement.method}"]
    if measurement.reason:
        parts.append(f"not measured: {measurement.reason}")
    if measurement.evidence:
        parts.append(f"seen in: {measurement.evidence}")
    if measurement.confidence is not None:
        parts.append(f"confidence: {measurement.confidence:g}")
    return "; ".join(parts)
