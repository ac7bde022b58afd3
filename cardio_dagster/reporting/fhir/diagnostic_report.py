"""The DiagnosticReport: the head of the bundle.

Belongs here: status, kind, conclusion and the list of results. Not here: the results.
"""

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

    `status` is final in a released report, preliminary in one that is held, and cancelled where the study ended in
    ERROR: "unavailable because the measurement was not started or not completed" (R4 DiagnosticReportStatus);
    entered-in-error would say that a report once given was withdrawn. `issued` is when the study was received.
    """
    report = frame.report
    return {
        "resourceType": "DiagnosticReport",
        "id": frame.id("report"),
        "text": narrative(report),
        "identifier": [{"system": STUDY, "value": f"{report.study_id}/r{report.revision}"}],
        "status": "cancelled" if report.error else frame.status,
        "category": [concept(coding(SERVICE, code)) for code in _services(frame)],
        "code": concept(
            *([_CODES[report.coverage]] if report.coverage in _CODES else []), _OWN, text="Cardiology report"
        ),
        "subject": frame.patient,
        "issued": report.received_at,
        "result": [reference(node["id"]) for node in observations],
        "conclusion": conclusion(report),
        "conclusionCode": conclusion_codes(frame),
    }


def _services(frame: Frame) -> list[str]:
    present = {r.modality for r in frame.report.recordings}
    return [code for modality, code in _SERVICES.items() if modality in present]
