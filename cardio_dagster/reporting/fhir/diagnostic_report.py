"""The DiagnosticReport: the head of the bundle.

Belongs here: status, kind, conclusion and the list of results. Not here: the results.
"""

from cardio_dagster.reporting.fhir.context import reviewers
from cardio_dagster.reporting.fhir.findings import conclusion_codes
from cardio_dagster.reporting.fhir.frame import Frame, reference
from cardio_dagster.reporting.fhir.narrative import conclusion, narrative
from cardio_dagster.reporting.fhir.vocabulary import LOINC, PROJECT, SERVICE, STUDY, Node, coding, concept

_OWN = coding(f"{PROJECT}/report", "cardiology-report", "Cardiology report")
_ECG, _ECHO = coding(LOINC, "11524-6"), coding(LOINC, "42148-7")  # "EKG study", "US Heart"
_CODES = {"ECG_ONLY": _ECG, "ECHO_ONLY": _ECHO}
_SERVICES = {"ecg": "EC", "echo": "CUS"}  # HL7 v2 table 0074: electrocardiac, cardiac ultrasound


def diagnostic_report(frame: Frame, observations: list[Node]) -> Node:
    """Return the DiagnosticReport with the written statements as conclusion and narrative.

    `status` is final in a released report, amended where a version before it was released already, preliminary in one that
    is held, entered-in-error in one that a person rejected, and cancelled where the study ended in ERROR: what was to be
    measured was not completed (R4 DiagnosticReportStatus). `issued` is when the study was received, or when a person
    decided. `resultsInterpreter` is that person.
    """
    report = frame.report
    return {
        "resourceType": "DiagnosticReport",
        "id": frame.id("report"),
        "text": narrative(report),
        "identifier": [{"system": STUDY, "value": f"{report.study_id}/r{report.revision}"}],
        "status": _status(frame),
        "category": [concept(coding(SERVICE, code)) for code in _services(frame)],
        "code": concept(
            *([_CODES[report.coverage]] if report.coverage in _CODES else []), _OWN, text="Cardiology report"
        ),
        "subject": frame.patient,
        "issued": report.review.last.at if report.review else report.received_at,
        "resultsInterpreter": reviewers(report),
        "result": [reference(node["id"]) for node in observations],
        "conclusion": conclusion(report),
        "conclusionCode": conclusion_codes(frame),
    }


def _status(frame: Frame) -> str:
    review = frame.report.review
    if frame.report.error and not (review and review.is_rejected):
        return "cancelled"
    return "amended" if review and review.follows_release and frame.status == "final" else frame.status


def _services(frame: Frame) -> list[str]:
    present = {r.modality for r in frame.report.recordings}
    return [code for modality, code in _SERVICES.items() if modality in present]
