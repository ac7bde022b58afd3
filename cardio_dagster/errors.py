"""The failure taxonomy: one table of failure classes and one of codes, for code, docs and tests.

Belongs here: every code that a user can meet, how each class of failure is retried, and
the exceptions that carry a Problem. Not here: sleeping, retrying or logging (pipeline/, defs/).
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from cardio_dagster.outcome import Problem, Severity


class FailureClass(StrEnum):
    """The rows of the retry table."""

    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    MODEL_LOAD = "model_load"
    TRANSIENT = "transient"
    VALIDATION = "validation"
    CORRUPTED_INPUT = "corrupted_input"
    RETRIES_EXHAUSTED = "retries_exhausted"
    CRITICAL_MODEL = "critical_model"
    INTERNAL = "internal"


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


RETRY_RULES: dict[FailureClass, RetryRule] = {
    FailureClass.TIMEOUT: RetryRule(3, delay_s=1.0, factor=2.0, jitter=True),
    FailureClass.OUT_OF_MEMORY: RetryRule(2),  # with half the batch
    FailureClass.MODEL_LOAD: RetryRule(2),  # after a reload
    FailureClass.TRANSIENT: RetryRule(3, delay_s=2.0),
    FailureClass.VALIDATION: RetryRule(1),
    FailureClass.CORRUPTED_INPUT: RetryRule(1),
    FailureClass.RETRIES_EXHAUSTED: RetryRule(1),
    FailureClass.CRITICAL_MODEL: RetryRule(1),
    FailureClass.INTERNAL: RetryRule(1),
}


@dataclass(frozen=True, slots=True)
class CodeSpec:
    """One code: what it means, how it weighs, which class it falls in, what to do about it."""

    title: str
    failure_class: FailureClass
    severity: Severity
    cure: str


_V, _C = FailureClass.VALIDATION, FailureClass.CORRUPTED_INPUT
CODES: dict[str, CodeSpec] = {
    "E_HARD_001": CodeSpec(
        "No valid modality", _V, Severity.CRITICAL, "Send at least one readable ECG, echo clip or metadata document."
    ),
    "E_HARD_002": CodeSpec(
        "Memory limit exceeded",
        FailureClass.OUT_OF_MEMORY,
        Severity.CRITICAL,
        "Process the study on a machine with more memory, or raise CARDIO_MEMORY_LIMIT_MB.",
    ),
    "E_HARD_003": CodeSpec(
        "Model file does not match the catalogue",
        FailureClass.CRITICAL_MODEL,
        Severity.CRITICAL,
        "Reinstall the package, or enter the model and its sha256 in the catalogue.",
    ),
    "E_HARD_004": CodeSpec(
        "Input size limit exceeded", _V, Severity.CRITICAL, "Send a smaller file or raise CARDIO_MAX_FILE_MB."
    ),
    "E_INTAKE_001": CodeSpec(
        "Path leaves the archive or the folder",
        _V,
        Severity.ERROR,
        "Pack the study again with relative paths that stay inside.",
    ),
    "E_INTAKE_002": CodeSpec(
        "Archive expands beyond its limits", _V, Severity.ERROR, "Send the files unpacked, or in several archives."
    ),
    "E_INTAKE_003": CodeSpec(
        "Not a plain file (a link or a device)", _V, Severity.ERROR, "Send the file itself instead of a link to it."
    ),
    "E_INTAKE_004": CodeSpec("File name has control characters", _V, Severity.ERROR, "Rename the file."),
    "E_INTAKE_005": CodeSpec("Empty file", _C, Severity.ERROR, "Export the file again; it has no bytes."),
    "E_INTAKE_006": CodeSpec(
        "File cannot be read",
        _C,
        Severity.ERROR,
        "Check its permissions and that its transfer has ended, then drop it again.",
    ),
    "E_INTAKE_007": CodeSpec(
        "Archive is damaged or encrypted", _C, Severity.ERROR, "Pack the study again, without a password."
    ),
    "E_INTAKE_008": CodeSpec(
        "Files arrived late and were joined by name",
        _V,
        Severity.WARNING,
        "Confirm that all files are of one patient before the report is released.",
    ),
    "E_INTAKE_009": CodeSpec(
        "Recordings of different patients in one study",
        _V,
        Severity.ERROR,
        "Drop the files of each patient under a name of their own; if all are of one patient, correct the patient's "
        "number in the files and drop them again.",
    ),
    "E_FORMAT_001": CodeSpec(
        "Content is of no known format",
        _V,
        Severity.ERROR,
        "For an ECG send DICOM, WFDB, aECG, MUSE, Sierra, CardioSoft, SCP, EDF, ISHNE, CSV or Parquet; for an echo DICOM, NIfTI, NPZ, AVI or MP4; "
        "for metadata JSON, CSV or FHIR.",
    ),
    "E_FORMAT_002": CodeSpec(
        "Known format, but a kind that is not supported",
        _V,
        Severity.ERROR,
        "Export the recording in one of the supported kinds named beside it.",
    ),
    "E_CORRUPT_001": CodeSpec("File is truncated or damaged", _C, Severity.ERROR, "Export or transfer the file again."),
    "E_VALID_001": CodeSpec(
        "A required value is missing", _V, Severity.ERROR, "Add the value at the place named beside it."
    ),
    "E_VALID_002": CodeSpec(
        "A value is outside its possible range", _V, Severity.ERROR, "Correct the value or its unit."
    ),
    "E_VALID_003": CodeSpec("A value has an unknown unit", _V, Severity.ERROR, "Use one of the units named beside it."),
    "E_VALID_004": CodeSpec(
        "A value is missing that some results need",
        _V,
        Severity.WARNING,
        "Add the value to get the results named beside it.",
    ),
    "E_VALID_005": CodeSpec(
        "A value was left out as implausible", _V, Severity.WARNING, "Check the value at its source."
    ),
    "E_QUALITY_001": CodeSpec(
        "Signal or image quality too low to measure",
        _V,
        Severity.ERROR,
        "Record again, or let a reader measure by hand.",
    ),
    "E_QUALITY_002": CodeSpec("Quality limited", _V, Severity.WARNING, "Read the affected results with care."),
    "E_DETECT_001": CodeSpec(
        "Nothing found to measure", _V, Severity.ERROR, "Check that the recording shows what its kind promises."
    ),
    "E_DETECT_002": CodeSpec(
        "Detection with low confidence, functional analysis skipped",
        _V,
        Severity.WARNING,
        "Let a reader measure by hand.",
    ),
    "E_MODEL_001": CodeSpec(
        "Model does not load", FailureClass.MODEL_LOAD, Severity.ERROR, "Reinstall the package and onnxruntime."
    ),
    "E_TRANSIENT_EXHAUSTED": CodeSpec(
        "A dependency stayed unreachable",
        FailureClass.TRANSIENT,
        Severity.ERROR,
        "Check database and storage, then launch the study again.",
    ),
    "E_RETRIES_001": CodeSpec(
        "Every attempt failed",
        FailureClass.RETRIES_EXHAUSTED,
        Severity.CRITICAL,
        "Look at the run's log, mend the machine, launch the study again.",
    ),
    "E_INTERNAL_001": CodeSpec(
        "A defect of this software",
        FailureClass.INTERNAL,
        Severity.CRITICAL,
        "Report it with the study id and the place named beside it.",
    ),
    **{
        f"E_TIMEOUT_{stage}": CodeSpec(
            f"{stage.title()} took too long",
            FailureClass.TIMEOUT,
            Severity.ERROR,
            "Launch the study again, on a faster machine if it happens often.",
        )
        for stage in (
            "RECEIPT",
            "VALIDATION",
            "PREPROCESSING",
            "DETECTION",
            "ANALYSIS",
            "FUSION",
            "SCORING",
            "FORMATTING",
        )
    },
}


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


class ModelLoadError(MachineError):
    """A model file is right but does not load."""

    failure_class = FailureClass.MODEL_LOAD


class ModelHashError(MachineError):
    """A model file is not the one in the catalogue (E_HARD_003)."""

    failure_class = FailureClass.CRITICAL_MODEL


class SettingsError(CardioError, ValueError):
    """A setting is missing or out of range; the message names the variable and the cure."""


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
    if isinstance(error, OSError) or type(error).__name__ in {"OperationalError", "InterfaceError"}:
        return FailureClass.TRANSIENT
    return FailureClass.INTERNAL
