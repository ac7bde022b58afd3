"""How a study went through the states, for the report: what was passed, by whom, at what cost.

Belongs here: StageEntry and the tables made of a trail and its outcomes. Not here: running
stages or deciding on transitions (pipeline/, outcome.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cardio_dagster.outcome import Outcome, State, Status
from cardio_dagster.reporting.parts import ModalityStep, StageRow
from cardio_dagster.study import Study

STAGES = tuple(state for state in State if State.RECEIPT <= state <= State.FORMATTING)


@dataclass(frozen=True, slots=True)
class StageEntry:
    """One state that the study passed, with what it cost as a whole (wall clock, peak of the process)."""

    state: State
    status: Status
    duration_ms: float
    peak_memory_mb: float


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


def stage_rows(trail: Iterable[StageEntry], outcomes: Iterable[Outcome]) -> tuple[StageRow, ...]:
    """Return one row for each stage that exists, reached or not; untimed where the trail lacks it."""
    entries = {entry.state: entry for entry in trail}
    return tuple(_row(state, entries.get(state), outcomes) for state in STAGES)


def _row(state: State, entry: StageEntry | None, outcomes: Iterable[Outcome]) -> StageRow:
    steps = tuple(
        ModalityStep(o.modality, o.status, round(o.duration_ms, 1), round(o.peak_memory_mb, 1), o.reused)
        for o in outcomes
        if o.state is state
    )
    if entry is None:
        return StageRow(state.name, state.value, None, None, None, steps)
    duration_ms, peak_memory_mb = round(entry.duration_ms, 1), round(entry.peak_memory_mb, 1)
    return StageRow(state.name, state.value, entry.status, duration_ms, peak_memory_mb, steps)
