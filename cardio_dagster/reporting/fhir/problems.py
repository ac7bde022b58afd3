"""Problems as an OperationOutcome.

Belongs here: severity and kind of each problem in FHIR's words. Not here: the taxonomy (errors/).
"""

from cardio_dagster.errors import CODES, FailureClass
from cardio_dagster.outcome import Problem, Severity
from cardio_dagster.reporting.fhir.frame import Frame
from cardio_dagster.reporting.fhir.vocabulary import PROBLEM, Node, coding, concept

_SEVERITIES = {
    Severity.INFO: "information",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
    Severity.CRITICAL: "fatal",
}
_KINDS = {
    FailureClass.TIMEOUT: "timeout",
    FailureClass.TRANSIENT: "transient",
    FailureClass.VALIDATION: "invalid",
    FailureClass.CORRUPTED_INPUT: "structure",
    FailureClass.INTERNAL: "exception",
}


def problems(frame: Frame) -> list[Node]:
    """Return one OperationOutcome with every problem, those of an ERROR first; none where there is no problem."""
    error = frame.report.error
    told = dict.fromkeys((*(error.problems if error else ()), *frame.report.problems))
    if not told:
        return []
    issues = [_issue(p) for p in told]
    return [{"resourceType": "OperationOutcome", "id": frame.id("problems"), "issue": issues}]


def _issue(problem: Problem) -> Node:
    spec = CODES.get(problem.code)  # a report of another version may hold a code that this one lacks
    facts = (
        ("modality", problem.modality),
        ("recording", problem.recording_id),
        ("seen", problem.seen),
        ("allowed", problem.allowed),
        ("cure", problem.cure),
    )
    return {
        "severity": _SEVERITIES[problem.severity],
        "code": _KINDS.get(spec.failure_class, "processing") if spec else "processing",
        "details": concept(coding(PROBLEM, problem.code), text=problem.message),
        "diagnostics": "; ".join(f"{name}: {text}" for name, text in facts if text),
    }
