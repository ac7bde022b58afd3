"""Explanation and its parts: the answer of `cardio explain` as plain frozen data; its JSON is a public interface.

Belongs here: the shape. Not here: the reasons (why.py, waiting.py).
"""

from dataclasses import dataclass
from enum import StrEnum

from cardio_dagster.audit.lineage.parts import Recorded


class What(StrEnum):
    """What happened to a stage, or to one modality in it."""

    RAN = "ran"
    AGAIN = "ran again"
    REUSED = "from checkpoint"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_RUN = "not run"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class StageExplained:
    """Why one stage ran or did not, of one modality where it fans out; the last four are None where it did not."""

    stage: str
    modality: str | None
    what: What
    why: str
    run_id: str | None = None
    door: str | None = None
    checkpoint: str | None = None
    recorded: Recorded | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """How far one revision of a study came, why, and what it waits for; `waits` is empty for one that is done."""

    study_id: str
    revision: int
    standing: str
    waits: tuple[str, ...]
    stages: tuple[StageExplained, ...]
