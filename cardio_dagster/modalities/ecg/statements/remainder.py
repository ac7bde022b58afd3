"""What no other rule spoke of: values outside their range.

Belongs here: the promise that nothing is suppressed. Not here: any medical rule.
"""

from collections.abc import Iterator

from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.modalities.ecg.statements.case import Case


def remainder(case: Case, spoken: set[str]) -> Iterator[Finding]:
    """State in one finding all values outside their range of which no rule spoke."""
    rest = [m for m in case.measurements if m.within_reference is False and m.name not in spoken]
    if rest:
        text = "Outside the reference range: " + ", ".join(f"{m.label} {m.value:g} {m.unit}" for m in rest)
        rule = "; ".join(f"{m.label} {_limits(m)}" for m in rest)
        yield case.finding("ECG_OUT_OF_RANGE", text, Grade.NOTE, rule, *(m.name for m in rest))


def _limits(m: Measurement) -> str:
    """Return the range as text (">= 60", "<= 110", "120 to 200")."""
    if m.reference_low is not None and m.reference_high is not None:
        return f"{m.reference_low:g} to {m.reference_high:g}"
    return f">= {m.reference_low:g}" if m.reference_low is not None else f"<= {m.reference_high:g}"
