"""Conditions: the few kinds of question that a machine rule asks of the values.

Belongs here: comparing a value, a number of a text, or a fact with a limit. Not here: any limit (ecg_rules.py, echo_rules.py, ...).
A condition answers True, False, or None where the study does not say what it asks for.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.reporting.verification.material import Material

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
Condition = Callable[[Finding, Material], bool | None]
GradeOf = Callable[[Finding, Material], Grade | None]


@dataclass(frozen=True, slots=True)
class MachineRule:
    """What must hold of the values when a finding is made, which words its sentence needs and must not have, and its grade.

    `grade` is None where the rule does not fix it.
    """

    conditions: tuple[Condition, ...]
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    grade: Grade | GradeOf | None = None


def value(name: str, sign: str, bound: float, *, whole: bool = False) -> Condition:
    """Compare a measurement of the finding's recording with a limit; an absent one is a contradiction.

    `whole` rounds it to whole units first, where the source of the limit judges whole units.
    """

    def check(finding: Finding, material: Material) -> bool:
        found = material.value(name, finding.recording_id)
        return found is not None and OPERATORS[sign](round(found) if whole else found, bound)

    return check


def beyond_reference(side: str, name: str | None = None) -> Condition:
    """Ask whether a measurement (by default the first of the finding) lies beyond the "low" or "high" end of its range."""

    def check(finding: Finding, material: Material) -> bool:
        names = finding.measurements[:1] if name is None else (name,)
        measured = material.measurement(names[0], finding.recording_id) if names else None
        if measured is None or measured.value is None:
            return False
        if side == "low":
            return measured.reference_low is not None and measured.value < measured.reference_low
        return measured.reference_high is not None and measured.value > measured.reference_high

    return check


def in_text(pattern: str, sign: str, bound: float) -> Condition:
    """Compare the number that `pattern` finds in the finding's text or evidence with a limit, give or take its last printed digit."""

    def check(finding: Finding, material: Material) -> bool | None:
        match = re.search(pattern, finding.text) or re.search(pattern, finding.evidence or "")
        if match is None:
            return None
        half = 0.5 * 10.0 ** -len(match[1].partition(".")[2]) if "." in match[1] else 0.0
        return any(OPERATORS[sign](float(match[1]) + step, bound) for step in (-half, 0.0, half))

    return check


def fact(name: str, *allowed: str) -> Condition:
    """Ask whether a fact of the finding's recording is one of the allowed texts; None where it is not stated."""

    def check(finding: Finding, material: Material) -> bool | None:
        stated = [f.value for f in material.facts_of(name, finding.recording_id) if f.value is not None]
        return any(v in allowed for v in stated) if stated else None

    return check


def either(*conditions: Condition) -> Condition:
    """Ask whether one of several conditions holds; None where none holds and one cannot be said."""

    def check(finding: Finding, material: Material) -> bool | None:
        answers = [condition(finding, material) for condition in conditions]
        return True if any(answers) else None if None in answers else False

    return check


def banded(name: str, bands: tuple[tuple[float, Grade], ...], above: Grade) -> GradeOf:
    """Return the grade of the first band whose upper limit lies above the measurement; `above` beyond all of them."""

    def grade(finding: Finding, material: Material) -> Grade | None:
        found = material.value(name, finding.recording_id)
        return None if found is None else next((g for limit, g in bands if found < limit), above)

    return grade
