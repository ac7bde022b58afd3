"""Facts of the input as Observations: what the documents and devices state, with its source.

Belongs here: words, yes and no, and numbers of the input. Not here: what was measured (measurements.py).
"""

from cardio_dagster.reporting.fhir.frame import Frame, numbered
from cardio_dagster.reporting.fhir.observation import Source, observation
from cardio_dagster.reporting.fhir.vocabulary import FACT, Node, absence, coding, concept, valued
from cardio_dagster.reporting.parts import ReportedFact


def facts(frame: Frame) -> tuple[list[Node], list[Source]]:
    """Return the Observations of all facts of the input and where each stands."""
    told = frame.report.facts
    ids = [frame.id(key) for key in numbered(f"fact/{f.modality}/{f.recording_id}/{f.name}" for f in told)]
    nodes = [_fact(frame, own_id, f) for f, own_id in zip(told, ids, strict=True)]
    return nodes, [Source(f.name, f.recording_id, own_id) for f, own_id in zip(told, ids, strict=True)]


def _fact(frame: Frame, own_id: str, fact: ReportedFact) -> Node:
    code = concept(coding(FACT, fact.name), text=fact.name.replace("_", " "))
    sources = frame.recording(fact.recording_id)
    return observation(frame, own_id, code, fact.modality, **_fact_value(fact), derivedFrom=sources)


def _fact_value(fact: ReportedFact) -> Node:
    if fact.value is None:
        return {"dataAbsentReason": absence("unknown", fact.reason)}
    if isinstance(fact.value, bool):
        return {"valueBoolean": fact.value}
    if isinstance(fact.value, str):
        return {"valueString": fact.value}
    return valued(fact.value, fact.unit, reason=fact.reason)
