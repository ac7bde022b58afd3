"""Measurement, Finding, Score, Figure and Analysis: what was learnt about the heart.

Belongs here: the values that every modality reports in the same form. Not here: how
they are measured (modalities/), combined (fusion/, scoring/) or shown (reporting/).
Imports nothing of the package.
"""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How much a finding matters to the patient."""

    NORMAL = "normal"
    NOTE = "note"
    ABNORMAL = "abnormal"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number with unit, method and reference range; null with a reason where there is none.

    `name` is the machine name and ends in the unit (`lvef_pct`); `unit` is UCUM; `evidence`
    says where to look ("frames 3 and 17", "lead II 1.24 s"). Exactly one of `value` and
    `reason` is None.
    """

    name: str
    label: str
    value: float | None
    unit: str
    method: str
    reference_low: float | None = None
    reference_high: float | None = None
    reference_source: str | None = None
    reason: str | None = None
    loinc: str | None = None
    evidence: str | None = None
    confidence: float | None = None
    recording_id: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError(f"{self.name}: exactly one of value and reason must be given, got {self}")

    @property
    def within_reference(self) -> bool | None:
        """Return whether the value lies in its reference range; None without value or range."""
        if self.value is None or (self.reference_low is None and self.reference_high is None):
            return None
        low_ok = self.reference_low is None or self.value >= self.reference_low
        return low_ok and (self.reference_high is None or self.value <= self.reference_high)


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement, the rule that made it and the measurements (by name) that it rests on."""

    code: str
    text: str
    grade: Grade
    rule: str
    measurements: tuple[str, ...] = ()
    modality: str | None = None
    recording_id: str | None = None
    confidence: float | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture for the report: a complete <svg> element as text, no script, no outside link.

    `description` is the text alternative for those who do not see it.
    """

    name: str
    title: str
    svg: str
    description: str
    recording_id: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A categorical or textual statement of the input: sex, diabetes, smoking, device text.

    `value` is text, a number or a yes/no; None with `reason` where it is absent.
    """

    name: str
    value: str | float | bool | None
    unit: str | None = None
    reason: str | None = None
    recording_id: str | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one recording yielded, in the form that fusion, scoring and the report read."""

    modality: str
    recording_id: str
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """A risk with its inputs and indications; `value` is None with `reason` where it is refused."""

    name: str
    label: str
    value: float | None
    unit: str
    inputs: tuple[str, ...]  # "age_years = 63 (clinical r02)"
    indications: str
    source: str
    reason: str | None = None
    missing: tuple[str, ...] = ()
    interpretation: str | None = None
