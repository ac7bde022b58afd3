"""How much each failure bears on the patient, and who can act on it.

Belongs here: the impact of a code, and which failures are the machine's. Not here: findings, whose
impact is their grade (causes.py), or what is done about a failure (errors/policies.py).
"""

from cardio_dagster.errors import CODES, FailureClass, policy_of
from cardio_dagster.outcome import Impact
from cardio_dagster.stores.notices import Audience

INPUTS = frozenset({FailureClass.VALIDATION, FailureClass.CORRUPTED_INPUT})  # the sender's, not the machine's
MIXED_PATIENTS = frozenset({"E_INTAKE_008", "E_INTAKE_009"})  # a report may be of somebody else: nobody else sees it
_OF_CODES = {  # where the class says too little
    "E_INTAKE_009": Impact.CRITICAL,  # somebody may be treated for another's heart
    "E_INTAKE_010": Impact.HIGH,  # the store is not what it was: a disk that fails, or a hand in it
}


def impact_of(code: str) -> Impact:
    """Return the impact of a failure by its code; HIGH for a code that the taxonomy does not hold."""
    if code in _OF_CODES:
        return _OF_CODES[code]
    return policy_of(code).impact if code in CODES else Impact.HIGH


def audience_of(code: str) -> Audience:
    """Return who can act on a failure: those who may tell patients apart, or those who run the machine."""
    return Audience.CLINICAL if code in MIXED_PATIENTS else Audience.TECHNICAL


def is_of_machine(code: str) -> bool:
    """Return whether a failure is the machine's: it takes a part away that the recordings would have given."""
    spec = CODES.get(code)
    return spec is None or spec.failure_class not in INPUTS


def graver(one: Impact, other: Impact) -> Impact:
    """Return the graver of two impacts."""
    return max(one, other, key=lambda impact: impact.rank)
