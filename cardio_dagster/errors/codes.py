"""Codes that a user can meet, and problems made of them.

Belongs here: the whole table of codes and what is read from it. Not here: the wording of each code (codes_of_input.py,
codes_of_machine.py).
"""

from cardio_dagster.errors.classes import CodeSpec, Policy
from cardio_dagster.errors.codes_of_input import INPUT_CODES
from cardio_dagster.errors.codes_of_machine import HARD_STOPS, MACHINE_CODES
from cardio_dagster.errors.policies import POLICIES
from cardio_dagster.outcome import Impact, Problem, Severity

CODES: dict[str, CodeSpec] = {**HARD_STOPS, **INPUT_CODES, **MACHINE_CODES}


def problem(
    code: str,
    message: str,
    *,
    seen: str | None = None,
    allowed: str | None = None,
    cure: str | None = None,
    severity: Severity | None = None,
    modality: str | None = None,
    recording_id: str | None = None,
) -> Problem:
    """Make a Problem of a catalogued code; severity and cure come from the table unless given.

    Raises KeyError for a code that the table does not hold.
    """
    spec = CODES[code]
    return Problem(code, severity or spec.severity, message, seen, allowed, cure or spec.cure, modality, recording_id)


def policy_of(code: str) -> Policy:
    """Return the policy of the class that a code falls in; raises KeyError for an unknown code."""
    return POLICIES[CODES[code].failure_class]


def impact_of(met: Problem) -> Impact:
    """Return how much a problem bears on the patient: that of its class, and LOW for a note or a warning."""
    if met.severity in (Severity.INFO, Severity.WARNING):
        return Impact.LOW
    return policy_of(met.code).impact
