"""State, Problem, Impact, Gate, Verdict, Step and Outcome: what a stage says of a study.

Belongs here: the vocabulary of the state machine and its only legal transitions.
Not here: the failure taxonomy (errors/), measured values (finding.py), or running a
stage (pipeline/). Imports nothing of the package.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import Generic, TypeVar


class State(IntEnum):
    """The states of the cardiology pipeline with their published ids."""

    ERROR = -1
    INIT = 0
    RECEIPT = 1
    VALIDATION = 2
    PREPROCESSING = 3
    DETECTION = 4
    ANALYSIS = 5
    FUSION = 6
    SCORING = 7
    FORMATTING = 8
    COMPLETE = 9


_FORWARD = [state for state in State if state >= State.INIT]
TRANSITIONS: dict[State, frozenset[State]] = {
    **{a: frozenset({b, State.ERROR}) for a, b in pairwise(_FORWARD)},
    State.COMPLETE: frozenset(),
    State.ERROR: frozenset(),
}


class IllegalTransitionError(ValueError):
    """A transition that the state diagram does not draw."""


def advance(current: State, target: State) -> State:
    """Return `target` if the state diagram draws the transition from `current`.

    Raises IllegalTransitionError otherwise, naming the transitions that exist.
    """
    if target not in TRANSITIONS[current]:
        allowed = ", ".join(s.name for s in sorted(TRANSITIONS[current])) or "none, it is final"
        raise IllegalTransitionError(f"{current.name} -> {target.name} is not drawn; allowed: {allowed}")
    return target


class Status(StrEnum):
    """What a stage made of one modality of one study."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"
    SKIPPED = "skipped"


class Severity(StrEnum):
    """How much a problem weighs: a note, a loss of quality, a loss of the part, a stop."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Impact(StrEnum):
    """How much a failure or a finding bears on the patient; it decides whom a notice goes to and how soon."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for LOW to 3 for CRITICAL, because texts do not sort by weight."""
        return list(Impact).index(self)


@dataclass(frozen=True, slots=True)
class Problem:
    """A coded statement of what went wrong, readable by the person who must act on it.

    `message` says what; `seen` and `allowed` the facts; `cure` what to do. None of them
    carries a file name or anything else that identifies a patient.
    """

    code: str
    severity: Severity
    message: str
    seen: str | None = None
    allowed: str | None = None
    cure: str | None = None
    modality: str | None = None
    recording_id: str | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """A named, versioned quality rule: the value must lie within [minimum, maximum]."""

    name: str
    version: str
    description: str
    unit: str
    minimum: float | None = None
    maximum: float | None = None

    def judge(self, value: float | None, *, modality: str | None = None, recording_id: str | None = None) -> "Verdict":
        """Return the verdict on `value`; None (not measurable) does not pass."""
        passed = (
            value is not None
            and (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
        )
        return Verdict(
            self.name, self.version, passed, value, self.unit, self.minimum, self.maximum, modality, recording_id
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate said of one value; stored with the study, shown as an asset check."""

    gate: str
    version: str
    passed: bool
    value: float | None
    unit: str
    minimum: float | None
    maximum: float | None
    modality: str | None = None
    recording_id: str | None = None


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """What a modality's verb returns for one recording: data, or the reason why there is none."""

    data: T | None
    problems: tuple[Problem, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def status(self) -> Status:
        """FAILED without data, DEGRADED with a warning or a failed gate, else OK."""
        if self.data is None:
            return Status.FAILED
        worse = any(p.severity is not Severity.INFO for p in self.problems)
        return Status.DEGRADED if worse or not all(v.passed for v in self.verdicts) else Status.OK


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stage returned for one study and one modality, with its cost."""

    state: State
    modality: str
    status: Status
    problems: tuple[Problem, ...]
    verdicts: tuple[Verdict, ...]
    duration_ms: float
    peak_memory_mb: float
    reused: bool = False  # taken from a checkpoint of the same key instead of computed
