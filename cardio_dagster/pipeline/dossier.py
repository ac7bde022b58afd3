"""Dossier: all that is known of a study so far; it travels through every stage.

Belongs here: the value that passes between stages, and moving it along the state diagram.
Not here: computing anything (the stages).
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from cardio_dagster.finding import Analysis, Finding, Score
from cardio_dagster.fusion import Fusion
from cardio_dagster.outcome import Outcome, Problem, State, Status, Verdict, advance
from cardio_dagster.reporting.parts import Written
from cardio_dagster.reporting.report import StageEntry
from cardio_dagster.reporting.review_parts import Review
from cardio_dagster.study import Study


@dataclass(frozen=True, slots=True)
class ErrorNote:
    """Why a study ended in ERROR: the code that decided it and the state it had reached."""

    code: str
    state: State


class ReleaseStatus(StrEnum):
    """What became of the report."""

    RELEASED = "released"
    HELD = "held"
    ERROR = "error"
    REVIEWED = "released after review"
    CONFIRMED = "error confirmed after review"  # a person saw that there is no result
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Release:
    """The decision on a report, with the reasons where it was not released at once."""

    status: ReleaseStatus
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything known of one study as of `state`; the outcomes of all stages accumulate."""

    study: Study
    state: State = State.INIT
    trail: tuple[StageEntry, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    error: ErrorNote | None = None
    retries: int = 0
    study_problems: tuple[Problem, ...] = ()  # of the study as a whole: intake, hard stops
    analyses: tuple[Analysis, ...] = ()
    fusion: Fusion | None = None
    scores: tuple[Score, ...] = ()
    written: Written | None = None
    release: Release | None = None
    report_path: str | None = None
    keys: dict[str, str] = field(default_factory=dict)  # "ANALYSIS/ecg" -> checkpoint key
    version: int = 1  # of the report; each decision of a person makes the next
    review: Review | None = None

    @property
    def failed(self) -> bool:
        """Whether the study has ended in ERROR."""
        return self.state is State.ERROR

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return every problem met so far, in order."""
        return self.study_problems + tuple(p for o in self.outcomes for p in o.problems)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return every gate verdict so far, in order."""
        return tuple(v for o in self.outcomes for v in o.verdicts)

    def last_outcome(self, modality: str) -> Outcome | None:
        """Return the newest outcome of one modality."""
        return next((o for o in reversed(self.outcomes) if o.modality == modality), None)

    def alive(self) -> tuple[str, ...]:
        """Return the modalities that the next stage can still work on."""
        going = (Status.OK, Status.DEGRADED)
        newest = {m: self.last_outcome(m) for m in self.study.modalities}
        return tuple(m for m, o in newest.items() if o is None or o.status in going)

    @property
    def fusion_findings(self) -> tuple[Finding, ...]:
        """The findings that rest on several modalities: contradictions, and notes in which one explains another."""
        return (*self.fusion.consistency, *self.fusion.relations) if self.fusion else ()

    def enter(self, state: State, *, status: Status, duration_ms: float, peak_memory_mb: float) -> "Dossier":
        """Move to `state` and note its cost; raises IllegalTransitionError off the diagram."""
        entry = StageEntry(state, status, round(duration_ms, 3), peak_memory_mb)
        return replace(self, state=advance(self.state, state), trail=(*self.trail, entry))

    def fail(self, code: str) -> "Dossier":
        """End in ERROR with the code that decided it."""
        note = ErrorNote(code, self.state)
        entry = StageEntry(State.ERROR, Status.FAILED, 0.0, 0.0)
        return replace(self, state=advance(self.state, State.ERROR), error=note, trail=(*self.trail, entry))
