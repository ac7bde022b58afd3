"""What stands around the results: the patient by pseudonym, the software and its models, the provenance.

Belongs here: Patient, Device and Provenance. Not here: results.
"""

from cardio_dagster.reporting.fhir.frame import Frame, numbered, reference
from cardio_dagster.reporting.fhir.vocabulary import PARTICIPANT, SECURITY, SHA256, SUBJECT, Node, coding
from cardio_dagster.reporting.parts import Report, ReportedModel


def patient(frame: Frame) -> Node:
    """Return the Patient: an identifier that says "whoever study X was made of", and nothing else.

    The report knows no name, no birth date and no pseudonym that spans studies; sex and age are Observations, with their source.
    """
    return {
        "resourceType": "Patient",
        "id": frame.id("patient"),
        "meta": {"security": [coding(SECURITY, "PSEUDED", "pseudonymized")]},
        "identifier": [{"use": "secondary", "system": SUBJECT, "value": frame.report.study_id}],
    }


def devices(frame: Frame) -> list[Node]:
    """Return the software as a Device with the versions of its stages, then each model with its sha256."""
    report = frame.report
    stages = [
        {"type": {"text": f"stage {name}"}, "value": value} for name, value in sorted(report.code_versions.items())
    ]
    software = {
        "resourceType": "Device",
        "id": frame.id("software"),
        "status": "active",
        "deviceName": [{"name": "cardio_dagster", "type": "other"}],
        "type": {"text": "Software"},
        "version": [{"type": {"text": "software"}, "value": report.software_version}, *stages],
        "note": [{"text": report.intended_use}],
    }
    keys = numbered(f"model/{model.name}/{model.version}" for model in report.models)
    return [software, *(_model(frame, key, model) for key, model in zip(keys, report.models, strict=True))]


def provenance(frame: Frame) -> Node:
    """Return the Provenance of the report: made by the software, its models at hand, from recordings named by sha256.

    `recorded` is when the study was received, or when a person decided: the report carries no clock of its own, so that it
    can be written again. Those who decided are agents of their own.
    """
    report = frame.report
    models = numbered(f"model/{model.name}/{model.version}" for model in report.models)
    recordings = [what for r in report.recordings for what in frame.recording(r.recording_id)]
    return {
        "resourceType": "Provenance",
        "id": frame.id("provenance"),
        "target": [reference(frame.id("report"))],
        "recorded": report.review.last.at if report.review else report.received_at,
        "agent": [
            *({"who": who} for who in (frame.device, *(reference(frame.id(key)) for key in models))),
            *({"type": {"coding": [coding(PARTICIPANT, "verifier")]}, "who": who} for who in reviewers(report)),
        ],
        "entity": [{"role": "source", "what": what} for what in recordings],
    }


def reviewers(report: Report) -> list[Node]:
    """Return who decided on the report, the last one first, each once, by name and role; none where nobody did."""
    steps = reversed(report.review.steps) if report.review else ()
    return [{"display": told} for told in dict.fromkeys(f"{step.by}, {step.role_title}" for step in steps)]


def _model(frame: Frame, key: str, model: ReportedModel) -> Node:
    return {
        "resourceType": "Device",
        "id": frame.id(key),
        "identifier": [{"system": SHA256, "value": model.sha256}],
        "status": "active",
        "deviceName": [{"name": model.name, "type": "model-name"}],
        "type": {"text": "Machine learning model"},
        "version": [{"value": model.version}],
        "parent": frame.device,
    }
