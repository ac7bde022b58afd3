"""Report and its parts: everything that a report says, as plain frozen data.

Belongs here: the shape of report.json; its field names are a public interface and a change
of them raises SCHEMA_VERSION. Not here: gathering (report.py), encoding (json_report.py)
or drawing (html_report.py).
"""

from dataclasses import dataclass
from enum import StrEnum

from cardio_dagster.finding import Fact, Finding, Measurement, Score
from cardio_dagster.outcome import Problem, Status, Verdict

SCHEMA_VERSION = "1.0.0"
INTENDED_USE = "Research use, not a medical device"
NOT_RELEASED = "Not released: this report has not yet passed the release rules or a human review"


class Flag(StrEnum):
    """Where a value lies against its reference range."""

    LOW = "low"
    WITHIN = "within"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class ReportedMeasurement(Measurement):
    """A measurement with the modality it came from; `flag` is None without value or range."""

    modality: str = ""
    flag: Flag | None = None


@dataclass(frozen=True, slots=True)
class ReportedFact(Fact):
    """A fact of the input with the modality it came from."""

    modality: str = ""


@dataclass(frozen=True, slots=True)
class ReportedFigure:
    """A figure by reference: where it stands in report.html and the hash of its drawing.

    `svg` is None in report.json, and wherever the drawing was refused; `reason` then says why.
    """

    anchor: str  # "figure-1", the element's id in report.html
    name: str
    title: str
    description: str
    modality: str
    recording_id: str | None
    svg_sha256: str
    svg: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReportedRecording:
    """A recording without its file name, which may identify a patient."""

    recording_id: str
    modality: str | None
    format: str | None
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ReportedError:
    """Why the study ended in ERROR; `problems` are all that stood in its way, the decisive one first."""

    code: str
    state_reached: str
    message: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class PipelineExecution:
    """How the study went through the state machine (orchestration specification, section 7)."""

    states_traversed: tuple[str, ...]
    branches_executed: tuple[str, ...]
    checkpoints_saved: int
    retries_performed: int
    total_time_ms: float


@dataclass(frozen=True, slots=True)
class ModalityStep:
    """What one stage made of one modality."""

    modality: str
    status: Status
    duration_ms: float
    peak_memory_mb: float
    reused: bool


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage of the study; status, time and memory are None where it was not reached."""

    state: str
    state_id: int
    status: Status | None
    duration_ms: float | None
    peak_memory_mb: float | None
    modalities: tuple[ModalityStep, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report of one revision of one study.

    `final_state` is COMPLETE or ERROR, `coverage` FULL, ECG_ONLY, ECHO_ONLY, CLINICAL_ONLY or
    NONE, and `coverage_notes` say what is missing and what that does. `stage_timings` are in
    milliseconds by state, in the order in which the states were passed.
    """

    schema_version: str
    study_id: str
    revision: int
    content_sha256: str
    priority: str
    received_at: str  # ISO 8601, UTC
    generated_at: str  # ISO 8601, UTC
    software_version: str
    intended_use: str
    final_state: str
    coverage: str
    coverage_notes: tuple[str, ...]
    release_status: str
    error: ReportedError | None
    pipeline_execution: PipelineExecution
    stage_timings: dict[str, float]
    stages: tuple[StageRow, ...]
    recordings: tuple[ReportedRecording, ...]
    measurements: tuple[ReportedMeasurement, ...]
    findings: tuple[Finding, ...]
    facts: tuple[ReportedFact, ...]
    scores: tuple[Score, ...]
    verdicts: tuple[Verdict, ...]
    problems: tuple[Problem, ...]
    figures: tuple[ReportedFigure, ...]
