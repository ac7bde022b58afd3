"""Exceptions that this package raises on purpose.

Belongs here: a study's failure with its problem, a machine's failure with its class. Not here: the class of anyone
else's exception (classify.py).
"""

from dataclasses import replace

from cardio_dagster.errors.classes import FailureClass
from cardio_dagster.errors.codes import problem
from cardio_dagster.outcome import Problem


class CardioError(Exception):
    """Base of every error that this package raises on purpose."""


class StudyError(CardioError):
    """A study's failure: bad input or a result that cannot be had. It becomes an Outcome, never a crash.

    >>> str(StudyError("E_CORRUPT_001", "pixel data end early", seen="frame 7 of 120"))
    'E_CORRUPT_001: pixel data end early (got frame 7 of 120)'
    """

    def __init__(
        self, code: str, message: str, *, seen: str | None = None, allowed: str | None = None, cure: str | None = None
    ) -> None:
        self.problem = problem(code, message, seen=seen, allowed=allowed, cure=cure)
        details = [f"got {seen}" if seen else "", f"allowed {allowed}" if allowed else ""]
        facts = "; ".join(d for d in details if d)
        super().__init__(f"{code}: {message}" + (f" ({facts})" if facts else ""))

    def about(self, *, modality: str, recording_id: str) -> Problem:
        """Return the problem with the modality and recording that it concerns."""
        return replace(self.problem, modality=modality, recording_id=recording_id)


class MachineError(CardioError):
    """A machine's failure: raised, classified and retried or given up by the taxonomy."""

    failure_class = FailureClass.INTERNAL


class StageTimeoutError(MachineError, TimeoutError):
    """A stage ran past its deadline."""

    failure_class = FailureClass.TIMEOUT


class StudyTimeoutError(StageTimeoutError):
    """A run of a study ran past the deadline of the whole study (E_TIMEOUT_STUDY)."""

    failure_class = FailureClass.STUDY_TIMEOUT


class DependencyError(MachineError):
    """Something that every study needs (`dependency`) does not answer or takes nothing more.

    No fault of the study: it is never closed for it. The message has no path and no text of the driver.
    """

    failure_class = FailureClass.TRANSIENT

    def __init__(self, dependency: str, what: str) -> None:
        super().__init__(dependency, what)  # both, or it cannot be read where another process is told of it
        self.dependency, self.what = dependency, what

    def __str__(self) -> str:
        """Return both; `dependency_named` reads the first of them."""
        return f"{self.dependency}: {self.what}"


class ModelLoadError(MachineError):
    """A model file is right but does not load."""

    failure_class = FailureClass.MODEL_LOAD


class ModelHashError(MachineError):
    """A model file is not the one in the catalogue (E_HARD_003)."""

    failure_class = FailureClass.CRITICAL_MODEL


class SettingsError(CardioError, ValueError):
    """A setting is missing or out of range; the message names the variable and the cure."""
