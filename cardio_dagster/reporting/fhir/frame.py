"""Frame: what every resource of one report has in common, and the ids of resources.

Belongs here: deterministic ids, references, status, time. Not here: content.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, UUID, uuid5

from cardio_dagster.reporting.fhir.vocabulary import PROJECT, SHA256, Node
from cardio_dagster.reporting.parts import Report

_NAMESPACE = uuid5(NAMESPACE_URL, PROJECT)


@dataclass(frozen=True, slots=True)
class Frame:
    """The report with the ids that its resources refer to."""

    report: Report
    patient: Node = field(init=False)
    device: Node = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "patient", reference(self.id("patient")))
        object.__setattr__(self, "device", reference(self.id("software")))

    @property
    def released(self) -> bool:
        """Whether the report was released, by the gates or by a person."""
        return self.report.error is None and self.report.release_status.startswith("released")

    @property
    def status(self) -> str:
        """The status of observations: final only in a released report, entered in error in a rejected one."""
        if self.report.review is not None and self.report.review.is_rejected:
            return "entered-in-error"
        return "final" if self.released else "preliminary"

    @property
    def name(self) -> str:
        """Study and revision, and from the second on the version, as identifiers tell them."""
        version = f".v{self.report.version}" if self.report.version > 1 else ""
        return f"{self.report.study_id}/r{self.report.revision}{version}"

    def id(self, key: str) -> str:
        """Return the id of a resource: uuid5 of study, revision and key, the same at every writing."""
        return str(uuid5(_NAMESPACE, f"{self.report.study_id}/r{self.report.revision}/{key}"))

    def recording(self, recording_id: str | None) -> list[Node]:
        """Return the logical reference to a recording by the hash of its file; none where it is not one of the study's."""
        found = [r for r in self.report.recordings if r.recording_id == recording_id]
        return [
            {
                "type": "DocumentReference",
                "identifier": {"system": SHA256, "value": r.sha256},
                "display": f"recording {r.recording_id}: {r.modality or 'not recognised'}, {r.format or 'no known format'}",
            }
            for r in found
        ]


def reference(resource_id: str) -> Node:
    """Return a Reference to a resource of the same bundle."""
    return {"reference": UUID(resource_id).urn}


def numbered(keys: Iterable[str]) -> list[str]:
    """Return the keys, the second and later of equal ones with their number.

    >>> numbered(["a", "b", "a"])
    ['a', 'b', 'a#2']
    """
    seen: Counter[str] = Counter()
    told = []
    for key in keys:
        seen[key] += 1
        told.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return told
