"""Study and Recording: what came in, before anything is known about the heart.

Belongs here: the identity of the input and where its bytes lie. Not here: what a stage
made of it (outcome.py) or what was measured (finding.py). Imports nothing of the package.
"""

from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """How soon a study is wanted; it decides door and queue."""

    STAT = "stat"
    URGENT = "urgent"
    ROUTINE = "routine"
    BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class Recording:
    """One echo clip, one ECG or one metadata document of a study.

    `path` and `companions` are relative to the study's input folder. They may carry an
    identity (a hospital names files after patients) and so never leave for logs, metadata
    or reports: `recording_id` does. `modality` and `format` are decided by content;
    both are None where no modality recognised the file.
    """

    recording_id: str
    path: str
    sha256: str
    size_bytes: int
    modality: str | None
    format: str | None
    companions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """Everything about one examination that belongs together: the unit of work and of lineage.

    `study_id` is the Dagster partition key and carries no identity. `content_sha256` is the
    hash over the sorted hashes of the files; `revision` starts at 1 and grows when files arrive late.
    """

    study_id: str
    revision: int
    content_sha256: str
    received_at: str  # ISO 8601, UTC
    priority: Priority
    recordings: tuple[Recording, ...]

    @property
    def modalities(self) -> tuple[str, ...]:
        """Return the recognised modalities, sorted."""
        return tuple(sorted({r.modality for r in self.recordings if r.modality}))

    def of(self, modality: str) -> tuple[Recording, ...]:
        """Return the recordings of one modality in the study's order."""
        return tuple(r for r in self.recordings if r.modality == modality)
