"""What a record says: measurements with reference ranges, facts, findings out of range.

Belongs here: turning a checked record into an Analysis. Not here: checks (check.py) and risk (scoring/).
"""

from cardio_dagster.finding import Analysis, Fact, Finding, Grade, Measurement
from cardio_dagster.modalities.clinical.history import BY_NAME as HISTORY_BY_NAME
from cardio_dagster.modalities.clinical.quantities import BY_NAME, Limits, QuantitySpec
from cardio_dagster.modalities.clinical.record import ClinicalRecord, Inventory, Quantity

_ABSENT = "not in the document"
_NO_LIMITS = Limits(source="")
ADULT_YEARS = 18.0  # the limits of quantities.py were made in adults
NOT_FOR_CHILDREN = Limits(source=f"none: the limits are those of adults, from {ADULT_YEARS:g} years")


def to_analysis(record: ClinicalRecord, inventory: Inventory, recording_id: str) -> Analysis:
    """Return every value that is stated, derived or left out, and every input that is absent."""
    quantities = (*record.quantities, *_absent_quantities(record, inventory))
    measurements = tuple(_measurement(q, record, recording_id) for q in quantities)
    found = tuple(f for m in measurements if (f := _finding(m, _limits(BY_NAME[m.name], record))))
    return Analysis("clinical", recording_id, measurements, found, _facts(record, inventory, recording_id))


def _absent_quantities(record: ClinicalRecord, inventory: Inventory) -> tuple[Quantity, ...]:
    known = {q.name for q in record.quantities}
    return tuple(Quantity(n, None, "", _ABSENT) for n in inventory.absent if n in BY_NAME and n not in known)


def _limits(spec: QuantitySpec, record: ClinicalRecord) -> Limits | None:
    """Return the limits for this person; of a child none but the reason, of an unknown age those of adults."""
    limits, age_years = spec.limits_for(record.sex), record.number("age_years")
    is_child = age_years is not None and age_years < ADULT_YEARS
    return NOT_FOR_CHILDREN if limits and is_child else limits


def _measurement(quantity: Quantity, record: ClinicalRecord, recording_id: str) -> Measurement:
    spec = BY_NAME[quantity.name]
    limits = _limits(spec, record) or _NO_LIMITS
    method = (
        f"derived: {quantity.method} from {', '.join(quantity.derived_from)}" if quantity.derived_from else "stated"
    )
    return Measurement(
        name=spec.name, label=spec.label, value=quantity.value, unit=spec.unit, method=method,
        reference_low=limits.low, reference_high=limits.high,
        reference_source=limits.source or None, reason=quantity.reason, loinc=_loinc(spec),
        evidence=quantity.where or None, recording_id=recording_id,
    )  # fmt: skip


def _loinc(spec: QuantitySpec) -> str | None:
    """Return the code only where it fits the canonical unit: one code per field, else the moles code."""
    return next((c for c in spec.loinc if c in _MOLAR), spec.loinc[0] if spec.loinc else None)


_MOLAR = ("14647-2", "14646-4", "14682-9", "14749-6")


def _finding(measurement: Measurement, limits: Limits | None) -> Finding | None:
    value = measurement.value
    if value is None or limits is None or measurement.within_reference is not False:
        return None
    low = limits.low is not None and value < limits.low
    bound, beyond = (limits.low, limits.critical_low) if low else (limits.high, limits.critical_high)
    critical = beyond is not None and (value < beyond if low else value >= beyond)
    word = "below" if low else "above"
    return Finding(
        code=f"clinical.{measurement.name}.{'low' if low else 'high'}",
        text=f"{measurement.label} {value:.4g} {measurement.unit}, {word} {bound:g}",
        grade=Grade.CRITICAL if critical else limits.grade, rule=f"{word} {bound:g} {measurement.unit}, {limits.source}",
        measurements=(measurement.name,), modality="clinical", recording_id=measurement.recording_id, evidence=measurement.evidence,
    )  # fmt: skip


def _facts(record: ClinicalRecord, inventory: Inventory, recording_id: str) -> tuple[Fact, ...]:
    known = {item.name for item in record.history}
    stated = [Fact(h.name, h.value, reason=h.reason, recording_id=recording_id) for h in record.history]
    absent = [
        Fact(n, None, reason=_ABSENT, recording_id=recording_id)
        for n in inventory.absent
        if n in HISTORY_BY_NAME and n not in known
    ]
    words = [Fact(c.name, c.value, reason=c.reason, recording_id=recording_id) for c in record.categories]
    sex = Fact("sex", record.sex, reason=record.sex_reason, recording_id=recording_id)
    noted = [Fact("fields_not_read", _listed(record.noted), recording_id=recording_id)] if record.noted else []
    return (sex, *stated, *words, *absent, *noted)


def _listed(places: tuple[str, ...], *, most: int = 10) -> str:
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return f"{', '.join(places[:most])}{more}"
