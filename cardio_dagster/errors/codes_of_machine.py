"""Codes of hard stops and of what the machine or this software could not do.

Belongs here: what goes wrong without the study being at fault, the hard stops, and their cure. Not here: what is wrong
with what was sent (codes_of_input.py).
"""

from cardio_dagster.errors.classes import CodeSpec, FailureClass
from cardio_dagster.outcome import Severity

_V = FailureClass.VALIDATION
HARD_STOPS: dict[str, CodeSpec] = {
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
}
MACHINE_CODES: dict[str, CodeSpec] = {
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
    "E_REPORT_001": CodeSpec(
        "A format of the report could not be written",
        FailureClass.INTERNAL,
        Severity.ERROR,
        "Use the other formats, and report it with the study id and the place named beside it.",
    ),
    "E_TIMEOUT_STUDY": CodeSpec(
        "The study as a whole took too long",
        FailureClass.STUDY_TIMEOUT,
        Severity.CRITICAL,
        "Launch the study again, on a faster machine or with a larger CARDIO_STUDY_DEADLINE_S.",
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
