"""to_fhir: the report as a Bundle of FHIR R4 resources.

Belongs here: which resources there are and in what order. Not here: what each says.
"""

from uuid import UUID

from cardio_dagster.reporting.fhir.context import devices, patient, provenance
from cardio_dagster.reporting.fhir.diagnostic_report import diagnostic_report
from cardio_dagster.reporting.fhir.encoding import to_bytes
from cardio_dagster.reporting.fhir.facts import facts
from cardio_dagster.reporting.fhir.findings import findings
from cardio_dagster.reporting.fhir.frame import Frame
from cardio_dagster.reporting.fhir.measurements import measurements
from cardio_dagster.reporting.fhir.problems import problems
from cardio_dagster.reporting.fhir.scores import risks, scores
from cardio_dagster.reporting.fhir.vocabulary import SECURITY, STUDY, Node, coding
from cardio_dagster.reporting.parts import Report


def to_fhir(report: Report) -> bytes:
    """Return the report as a FHIR R4 (4.0.1) Bundle in JSON; equal reports give equal bytes.

    The bundle is a `collection` with the DiagnosticReport first: a `document` would need a Composition with an
    author who answers for it, and a report that passed its gates unseen has none. Ids are uuid5 of study, revision
    and place; the only time told is that of receipt. Source: hl7.org/fhir/R4 (bundle, diagnosticreport, observation).
    """
    frame = Frame(report)
    measured, measured_sources = measurements(frame)
    stated, stated_sources = facts(frame)
    sources = [*measured_sources, *stated_sources]
    observations = [*measured, *stated, *findings(frame, sources), *scores(frame, sources)]
    resources = [
        diagnostic_report(frame, observations),
        patient(frame),
        *devices(frame),
        *observations,
        *risks(frame, sources),
        *problems(frame),
        provenance(frame),
    ]
    return to_bytes(_bundle(frame, resources))


def _bundle(frame: Frame, resources: list[Node]) -> Node:
    report = frame.report
    return {
        "resourceType": "Bundle",
        "id": frame.id("bundle"),
        "meta": {"security": [coding(SECURITY, "PSEUDED", "pseudonymized")]},
        "identifier": {"system": STUDY, "value": frame.name},
        "type": "collection",
        "timestamp": report.received_at,
        "entry": [{"fullUrl": UUID(node["id"]).urn, "resource": node} for node in resources],
    }
