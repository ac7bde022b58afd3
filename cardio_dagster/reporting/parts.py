"""Report and its parts: everything that a report says, as plain frozen data.

Belongs here: the shape of report.json; its field names are a public interface and a change
of them raises SCHEMA_VERSION. Not here: what differs from run to run of the same study, such as
times and memory (execution.py), gathering (report.py), encoding (json_report.py) or drawing (html_report.py).
"""

from dataclasses import dataclass
from enum import StrEnum

from cardio_dagster.finding import Fact, Finding, Measurement, Score
from cardio_dagster.outcome import Problem, Status, Verdict
from cardio_dagster.reporting.review_parts import Review
from cardio_dagster.statement import Passage, Quality, Reference, Statement, Suggestion, Trend, Verification

SCHEMA_VERSION = "2.1.0"
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
    """How the study went through the state machine; what that cost stands in execution.json."""

    states_traversed: tuple[str, ...]
    branches_executed: tuple[str, ...]
    checkpoints_saved: int


@dataclass(frozen=True, slots=True)
class ModalityStep:
    """What one stage made of one modality."""

    modality: str
    status: Status


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage of the study; status is None where it was not reached."""

    state: str
    state_id: int
    status: Status | None
    modalities: tuple[ModalityStep, ...]


@dataclass(frozen=True, slots=True)
class ReportedModel:
    """A model that took part, by name, version and the hash of its file."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Written:
    """The written part: sentences, what they rest on, and what was found on checking them.

    `passages` are those that the statements cite, `references` the works behind them; `notes`
    say what a part that failed or was switched off leaves out. `verification` is None where
    there was nothing to verify.
    """

    statements: tuple[Statement, ...] = ()
    passages: tuple[Passage, ...] = ()
    references: tuple[Reference, ...] = ()
    trends: tuple[Trend, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    verification: Verification | None = None
    quality: Quality | None = None
    notes: tuple[str, ...] = ()


NOTHING_WRITTEN = Written()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report of one revision of one study: the same input, code, models and parameters give the same one.

    `final_state` is COMPLETE or ERROR, `coverage` FULL, ECG_ONLY, ECHO_ONLY, CLINICAL_ONLY or
    NONE, and `coverage_notes` say what is missing and what that does. `code_versions` are those
    of the stages, by state. `version` 1 is the pipeline's own; each decision of a person makes the next, and `review` tells them all. `version` 1 is the pipeline's own; each decision of a person makes the next, and `review` then
    tells all of them.
    """

    schema_version: str
    study_id: str
    revision: int
    content_sha256: str
    priority: str
    received_at: str  # ISO 8601, UTC
    software_version: str
    intended_use: str
    final_state: str
    coverage: str
    coverage_notes: tuple[str, ...]
    release_status: str
    error: ReportedError | None
    pipeline_execution: PipelineExecution
    code_versions: dict[str, str]
    models: tuple[ReportedModel, ...]
    stages: tuple[StageRow, ...]
    recordings: tuple[ReportedRecording, ...]
    measurements: tuple[ReportedMeasurement, ...]
    findings: tuple[Finding, ...]
    facts: tuple[ReportedFact, ...]
    scores: tuple[Score, ...]
    verdicts: tuple[Verdict, ...]
    problems: tuple[Problem, ...]
    figures: tuple[ReportedFigure, ...]
    written: Written
    version: int = 1
    review: Review | None = None
