"""The barrier after a fan-out: all modalities join, and the study goes on or ends in ERROR.

Belongs here: the rules of degradation and of the hard stops. Not here: any work.
"""

from collections.abc import Iterable
from dataclasses import replace

from cardio_dagster.errors import problem
from cardio_dagster.outcome import Outcome, Problem, Severity, State, Status
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.stores.checkpoints import BranchHead

HARD_STOPS = ("E_HARD_002", "E_HARD_003", "E_HARD_004", "E_TIMEOUT_STUDY")
_UNRECOGNISED = "unrecognised"


def join(dossier: Dossier, state: State, heads: Iterable[BranchHead]) -> Dossier:
    """Enter `state` with the outcomes of its branches; end in ERROR if nothing is left to work on.

    A modality that failed drops out and the others go on. A hard stop in any of them ends
    the study, whatever the others yielded. A study in ERROR passes through unchanged.
    """
    if dossier.failed:
        return dossier
    heads = sorted(heads, key=lambda h: h.modality)
    outcomes = tuple(h.outcome for h in heads)
    if state is State.VALIDATION:
        outcomes += _unrecognised(dossier)
    entered = dossier.enter(
        state,
        status=_joined(outcomes),
        duration_ms=_wall_ms(heads),
        peak_memory_mb=max((o.peak_memory_mb for o in outcomes), default=0.0),
    )
    keys = {f"{state.name}/{h.modality}": h.key for h in heads}
    entered = replace(
        entered,
        outcomes=(*entered.outcomes, *outcomes),
        keys=entered.keys | keys,
        retries=dossier.retries + sum(h.retries for h in heads if not h.outcome.reused),
    )
    return _stop_if_needed(entered, outcomes)


def _stop_if_needed(dossier: Dossier, outcomes: tuple[Outcome, ...]) -> Dossier:
    met = [p for o in outcomes for p in o.problems]
    hard = next((p.code for p in met if p.code in HARD_STOPS), None)
    if hard is not None:
        return dossier.fail(hard)
    if dossier.alive():
        return dossier
    return _nothing_left(dossier, met)


def _nothing_left(dossier: Dossier, met: list[Problem]) -> Dossier:
    """End in ERROR by the first grave problem; without a recognised modality by E_HARD_001."""
    grave = next((p for p in met if p.severity in (Severity.ERROR, Severity.CRITICAL) and p.modality), None)
    stop = problem("E_HARD_001", "no modality of the study is left to analyse", allowed="at least one of them")
    noted = replace(dossier, study_problems=(*dossier.study_problems, stop))
    return noted.fail(grave.code if grave else stop.code)


def _unrecognised(dossier: Dossier) -> tuple[Outcome, ...]:
    """Return one failed outcome for the files that no modality recognised, or none."""
    unknown = [r for r in dossier.study.recordings if r.modality is None]
    if not unknown:
        return ()
    problems = tuple(
        replace(problem("E_FORMAT_001", "the content is of no known format"), recording_id=r.recording_id)
        for r in unknown
    )
    return (Outcome(State.VALIDATION, _UNRECOGNISED, Status.FAILED, problems, (), 0.0, 0.0),)


def _joined(outcomes: tuple[Outcome, ...]) -> Status:
    statuses = {o.status for o in outcomes}
    if not statuses or statuses == {Status.FAILED}:
        return Status.FAILED
    return Status.OK if statuses == {Status.OK} else Status.DEGRADED


def _wall_ms(heads: list[BranchHead]) -> float:
    """Time from the first start to the last end; nothing where all came from checkpoints."""
    fresh = [h for h in heads if not h.outcome.reused]
    if not fresh:
        return 0.0
    return (max(h.ended_at_s for h in fresh) - min(h.started_at_s for h in fresh)) * 1000
