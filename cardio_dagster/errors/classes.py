"""Classes of failure, and the words in which the table says what follows from each.

Belongs here: the rows' names and the types of both tables. Not here: the tables themselves (policies.py, codes.py).
"""

from dataclasses import dataclass
from enum import StrEnum

from cardio_dagster.outcome import Impact, Severity


class FailureClass(StrEnum):
    """The rows of the table of policies."""

    TIMEOUT = "timeout"
    STUDY_TIMEOUT = "study_timeout"
    OUT_OF_MEMORY = "out_of_memory"
    MODEL_LOAD = "model_load"
    TRANSIENT = "transient"
    VALIDATION = "validation"
    CORRUPTED_INPUT = "corrupted_input"
    RETRIES_EXHAUSTED = "retries_exhausted"
    CRITICAL_MODEL = "critical_model"
    INTERNAL = "internal"
    PROCESS_LOST = "process_lost"
    DEPENDENCY_DOWN = "dependency_down"


class Level(StrEnum):
    """What is tried again: a piece of a study's work, or the whole run of the study."""

    WORK = "work"
    RUN = "run"


class Change(StrEnum):
    """What is different at the next attempt."""

    NOTHING = "nothing"
    HALVE_BATCH = "half the batch"
    RELOAD_MODELS = "models and catalogue read anew"


class Then(StrEnum):
    """What becomes of the study once no attempt is left."""

    NOTHING_RETRIED = "the problem stands in the report; the modality drops out where it is grave"
    LESS = (
        "the modality drops out; FUSION gives single-modality results, SCORING refuses every score, "
        "FORMATTING leaves a bare error response"
    )
    END_STUDY = "the study ends in ERROR with its error response"
    WAIT = "the study stays open and waits; the attempt is not counted"


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often and how patiently a class of failure is tried again; `attempts` counts the first."""

    attempts: int
    delay_s: float = 0.0
    factor: float = 1.0
    jitter: bool = False

    def delay_before(self, attempt: int) -> float:
        """Return the seconds to wait before attempt 2, 3, ...; jitter is added by the caller."""
        return self.delay_s * self.factor ** (attempt - 2)


@dataclass(frozen=True, slots=True)
class Policy:
    """All that follows from one class of failure.

    `code` is that of the last attempt, None where the failure carries its own; `<STAGE>` stands for the stage.
    `impact` says how urgently people are told. Attempts of Level.RUN are the installation's `max_attempts`.
    """

    level: Level
    retry: RetryRule
    change: Change
    then: Then
    code: str | None
    severity: Severity
    impact: Impact
    response: str


@dataclass(frozen=True, slots=True)
class CodeSpec:
    """One code: what it means, how it weighs, which class it falls in, what to do about it."""

    title: str
    failure_class: FailureClass
    severity: Severity
    cure: str
