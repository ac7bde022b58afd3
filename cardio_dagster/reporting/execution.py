"""How a study went through the states: what was passed, by whom, and at what cost.

Belongs here: StageEntry, the tables of a report made of a trail and its outcomes, and Execution,
which is execution.json: whatever differs from run to run of the same study. Not here: running
stages or deciding on transitions (pipeline/, outcome.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from cardio_dagster.outcome import Outcome, State, Status
from cardio_dagster.reporting.parts import ModalityStep, StageRow
from cardio_dagster.statement import Cost, TierRun
from cardio_dagster.study import Study

STAGES = tuple(state for state in State if State.RECEIPT <= state <= State.FORMATTING)


@dataclass(frozen=True, slots=True)
class StageEntry:
    """One state that the study passed, with what it cost as a whole (wall clock, peak of the process)."""

    state: State
    status: Status
    duration_ms: float
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one stage took; `modality` is None for the stage as a whole, `reused` that a checkpoint was taken."""

    state: str
    modality: str | None
    duration_ms: float
    peak_memory_mb: float
    reused: bool


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """How the study went through the state machine, and what that took."""

    states_traversed: tuple[str, ...]
    branches_executed: tuple[str, ...]
    checkpoints_saved: int
    retries_performed: int
    total_time_ms: float


@dataclass(frozen=True, slots=True)
class Execution:
    """The run behind a report (orchestration specification, section 7): never part of the report's own bytes."""

    study_id: str
    revision: int
    generated_at: str  # ISO 8601, UTC
    pipeline_execution: PipelineRun
    stage_timings: dict[str, float]  # milliseconds by state, in the order passed
    stages: tuple[StageCost, ...]
    tiers: tuple[TierRun, ...] = ()
    cost: Cost | None = None


def execution_json(execution: Execution) -> bytes:
    """Return execution.json as indented UTF-8 ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(execution), indent=2) + b"\n"


def states_traversed(trail: tuple[StageEntry, ...], final: State) -> tuple[str, ...]:
    """Return RECEIPT and what followed; INIT carries no work and is left out as in the specification.

    FORMATTING is added to a study that is complete, because the report is written inside it.
    """
    passed = [entry.state for entry in trail if entry.state in STAGES]
    if final is State.COMPLETE and State.FORMATTING not in passed:
        passed.append(State.FORMATTING)
    return tuple(state.name for state in (*passed, final))


def branches_executed(study: Study, outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Return the modalities of the study for which some stage did not just skip."""
    ran = {o.modality for o in outcomes if o.status is not Status.SKIPPED}
    return tuple(modality for modality in study.modalities if modality in ran)


def stage_timings(trail: Iterable[StageEntry]) -> dict[str, float]:
    """Return milliseconds by state in the order passed."""
    return {entry.state.name: round(entry.duration_ms, 1) for entry in trail if entry.state in STAGES}


def stage_costs(trail: Iterable[StageEntry], outcomes: Iterable[Outcome]) -> tuple[StageCost, ...]:
    """Return what each stage took as a whole, followed by what each of its modalities did."""
    whole = [StageCost(e.state.name, None, round(e.duration_ms, 1), round(e.peak_memory_mb, 1), False) for e in trail]
    parts = [
        StageCost(o.state.name, o.modality, round(o.duration_ms, 1), round(o.peak_memory_mb, 1), o.reused)
        for o in outcomes
    ]
    return (*whole, *parts)


def stage_rows(trail: Iterable[StageEntry], outcomes: Iterable[Outcome]) -> tuple[StageRow, ...]:
    """Return one row for each stage that exists, reached or not; without status where the trail lacks it."""
    statuses = {entry.state: entry.status for entry in trail}
    return tuple(
        StageRow(
            state.name,
            state.value,
            statuses.get(state),
            tuple(ModalityStep(o.modality, o.status) for o in outcomes if o.state is state),
        )
        for state in STAGES
    )
