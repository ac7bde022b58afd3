"""Lineage and its parts: the answer of `cardio lineage` as plain frozen data; its JSON is a public interface.

Belongs here: the shape. Not here: tracing (trace.py, sentences.py) or showing (terminal.py).
"""

from dataclasses import dataclass
from enum import StrEnum


class Trust(StrEnum):
    """What a file of the store is, held against the hash that was recorded of it."""

    AS_RECORDED = "as recorded"
    CHANGED = "changed since"
    GONE = "gone"
    UNRECORDED = "not recorded"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where it stands in the ledger, when it was, and who did it; `role` is that of a person."""

    seq: int
    at: str  # ISO 8601, UTC
    actor: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class FileTraced:
    """One file of the report. `sha256` is the recorded one, None where the ledger does not know the file."""

    name: str
    sha256: str | None
    trust: Trust


@dataclass(frozen=True, slots=True)
class RecordingTraced:
    """One received recording, without the name of its file; `sha256` is that of its receipt."""

    recording_id: str
    modality: str | None
    format: str | None
    sha256: str
    size_bytes: int
    trust: Trust
    received: Recorded | None


@dataclass(frozen=True, slots=True)
class ModelTraced:
    """One model by the hash of its file."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class StageTraced:
    """One stage, of one modality where it fans out. `made_in_run` is the run that computed what a checkpoint gave."""

    stage: str
    modality: str | None
    status: str | None
    code_version: str
    modality_code_version: str | None
    checkpoint: str | None
    reused: bool
    run_id: str
    made_in_run: str
    door: str
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class ConfigurationTraced:
    """The parameters in force: their hash and values, secrets and paths by hash; values are empty where purged."""

    sha256: str
    software_version: str | None
    values: dict[str, str]
    recorded: Recorded | None


@dataclass(frozen=True, slots=True)
class PersonTraced:
    """What a person decided on which version of the report."""

    name: str
    role: str | None
    did: str
    version: int
    reason: str
    amended: tuple[str, ...]  # "replaced s03"
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class FindingTraced:
    """A finding under a sentence with the rule that made it."""

    code: str
    text: str
    rule: str
    modality: str | None
    recording_id: str | None
    evidence: str | None
    measurements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueTraced:
    """A measured or stated value under a sentence; None with `reason` where it could not be had."""

    name: str
    value: str | float | bool | None
    unit: str | None
    method: str
    modality: str
    recording_id: str | None
    evidence: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ScoreTraced:
    """A score under a sentence with its inputs and its source; None with `reason` where it was refused."""

    name: str
    value: float | None
    unit: str
    inputs: tuple[str, ...]
    source: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class PassageTraced:
    """A cited passage of the protocol notes by its hash, with the works behind it."""

    passage_id: str
    title: str
    sha256: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentenceTraced:
    """One sentence and all that made it. `decided` is the record of it; None where the ledger does not hold this text."""

    statement_id: str
    section: str
    grade: str
    text: str
    text_sha256: str
    findings: tuple[FindingTraced, ...]
    values: tuple[ValueTraced, ...]
    scores: tuple[ScoreTraced, ...]
    passages: tuple[PassageTraced, ...]
    recordings: tuple[RecordingTraced, ...]
    models: tuple[ModelTraced, ...]
    stages: tuple[StageTraced, ...]
    decided: Recorded | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """What made one version of a report. `faults` say in plain words what does not match its record; empty if all does."""

    study_id: str
    revision: int
    version: int
    status: str
    coverage: str
    software_version: str
    faults: tuple[str, ...]
    received: Recorded | None
    closed: Recorded | None
    files: tuple[FileTraced, ...]
    recordings: tuple[RecordingTraced, ...]
    models: tuple[ModelTraced, ...]
    configuration: ConfigurationTraced | None
    stages: tuple[StageTraced, ...]
    people: tuple[PersonTraced, ...]
    sentences: tuple[SentenceTraced, ...]
