"""From any exception to its class of failure, and to the dependency of all studies that it speaks of.

Belongs here: what Python, SQLAlchemy and Dagster leave to go by; none of their libraries is imported. Not here: what
follows from a class (policies.py).
"""

import errno
from collections.abc import Iterator

from cardio_dagster.errors.classes import FailureClass
from cardio_dagster.errors.codes import CODES
from cardio_dagster.errors.exceptions import DependencyError, MachineError, StudyError

DATABASE, CHECKPOINTS, REPORTS, DISK = "database", "checkpoint store", "report store", "disk"
DEPENDENCY_CURES = {
    DATABASE: "check that the database of CARDIO_DATABASE_URL runs, can be reached and has room",
    CHECKPOINTS: "check that the place of CARDIO_CHECKPOINT_URL can be reached and written to",
    REPORTS: "choose a folder that can be written to, on a disk with room (`cardio process --out`, CARDIO_DATA_DIR)",
    DISK: "free some space, or choose another disk (`cardio process --out`, CARDIO_DATA_DIR, TMPDIR)",
}
_DATABASE_ERRORS = frozenset(
    {"OperationalError", "InterfaceError", "DatabaseError"}
)  # the last: SQLite's, of a damaged file
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def classify(error: BaseException) -> FailureClass:
    """Return the failure class of any exception.

    Memory, time and connection errors of Python and of SQLAlchemy are known by type or
    name, so that this module imports no database.
    """
    if isinstance(error, MachineError):
        return error.failure_class
    if isinstance(error, StudyError):
        return CODES[error.problem.code].failure_class
    if isinstance(error, MemoryError):
        return FailureClass.OUT_OF_MEMORY
    if isinstance(error, TimeoutError):
        return FailureClass.TIMEOUT
    if isinstance(error, OSError) or type(error).__name__ in _DATABASE_ERRORS:
        return FailureClass.TRANSIENT
    return FailureClass.INTERNAL


def dependency_of(error: BaseException) -> str | None:
    """Return which dependency of all studies failed: None where it was the study's own work."""
    for cause in _chain(error):
        if isinstance(cause, DependencyError):
            return cause.dependency
        if type(cause).__name__ in _DATABASE_ERRORS:
            return DATABASE
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return DISK
    return None


def dependency_line(error: BaseException) -> str | None:
    """Return what failed and its cure in a line for a person; None where it is no dependency of all studies.

    Without the text of the driver, which may hold values of patients.
    """
    dependency = dependency_of(error)
    if dependency is None:
        return None
    met = next((c for c in _chain(error) if isinstance(c, DependencyError)), None)
    return f"{met or f'{dependency}: {type(error).__name__}'}; {DEPENDENCY_CURES[dependency]}"


def dependency_named(class_name: str, message: str) -> str | None:
    """Return the dependency of an exception of which only class and message were kept, as Dagster keeps them."""
    if class_name in _DATABASE_ERRORS:
        return DATABASE
    if class_name == DependencyError.__name__:
        return next((d for d in (DATABASE, CHECKPOINTS, REPORTS, DISK) if f"{d}: " in message), None)
    return DISK if class_name == "OSError" and any(f"[Errno {number}]" in message for number in _FULL) else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
