"""What all Observations have in common, and the index that says which of them holds what.

Belongs here: the frame of an Observation, references between Observations. Not here: their content
(measurements.py, facts.py, findings.py, scores.py).
"""

from dataclasses import dataclass

from cardio_dagster.reporting.fhir.frame import Frame, reference
from cardio_dagster.reporting.fhir.vocabulary import CATEGORY, Node, coding, concept

_CATEGORIES = {"ecg": "procedure", "echo": "imaging", "clinical": "exam"}


@dataclass(frozen=True, slots=True)
class Source:
    """Which Observation holds the measurement or fact of this name."""

    name: str
    recording_id: str | None
    observation_id: str


def observation(frame: Frame, own_id: str, code: Node, modality: str | None, **content: object) -> Node:
    """Return an Observation of the study's patient; a value taken from a document names no device."""
    category = _CATEGORIES.get(modality or "")
    return {
        "resourceType": "Observation",
        "id": own_id,
        "status": frame.status,
        "category": [concept(coding(CATEGORY, category))] if category else [],
        "code": code,
        "subject": frame.patient,
        "issued": frame.report.received_at,
        "device": None if modality == "clinical" else frame.device,
        **content,
    }


def rests_on(sources: list[Source], name: str, recording_id: str | None) -> list[Node]:
    """Return References to the Observations of `name`: those of the recording, else those of any."""
    named = [s for s in sources if s.name == name]
    chosen = [s for s in named if s.recording_id == recording_id] or named
    return [reference(own_id) for own_id in dict.fromkeys(s.observation_id for s in chosen)]
