"""One modality through one state: the unit that fans out.

Belongs here: calling a modality's verb on each of its recordings, in parallel and under the deadline of the state, and
turning every failure into data or into RetryError. Not here: which verb (verbs.py), the barrier
after it (barrier.py), or keeping the result (the doors).
"""

import logging
import time
from dataclasses import replace
from functools import partial
from typing import Any

from cardio_dagster.deadline import Deadline, within
from cardio_dagster.errors import CODES, FailureClass, StudyError, dependency_of
from cardio_dagster.finding import Analysis
from cardio_dagster.outcome import Outcome, State, Status, Step
from cardio_dagster.pipeline.branch_task import BranchTask, Workplace
from cardio_dagster.pipeline.kept import kept_data
from cardio_dagster.pipeline.memory import peak_memory_mb, reset_peak_memory
from cardio_dagster.pipeline.retry import RetryError, gentler, give_up_or_retry, shared
from cardio_dagster.pipeline.verbs import Call, bound_verbs
from cardio_dagster.stores.checkpoints import BranchHead, BranchResult

log = logging.getLogger(__name__)

_LASTING = (FailureClass.VALIDATION, FailureClass.CORRUPTED_INPUT)
_ALL = ""  # in the place of a recording's id: what concerns the modality as a whole


def run_branch(task: BranchTask, place: Workplace, *, attempt: int = 1) -> BranchResult[Any]:
    """Carry one modality through one state, or take it from a checkpoint of the same key.

    Returns the result for the door to keep; where a checkpoint of the same key stands, its
    head marked `reused` and no data. Raises RetryError where the taxonomy allows another
    attempt, and the last failure of something that all studies need; every other failure is in the outcome.
    """
    known = _known(task, place)
    if known is not None and known.key == task.key(place.options) and _is_lasting(known.outcome):
        return BranchResult(replace(known, outcome=replace(known.outcome, reused=True)), {})
    return _compute(task, place, attempt)


def kept_analyses(task: BranchTask, place: Workplace) -> dict[str, Analysis]:
    """Return what ANALYSIS left of a modality by recording id, made again where it is gone or spoilt."""
    return kept_data(task, place, State.ANALYSIS, Analysis, make=partial(_compute, attempt=1))


def _known(task: BranchTask, place: Workplace) -> BranchHead | None:
    """Return the head of the checkpoint that stands; one that an older version wrote or a disk spoilt counts as none."""
    try:
        return place.checkpoints.head(task.study.study_id, task.state, task.modality)
    except ValueError:  # of Arrow and of msgspec
        log.warning("%s %s: a checkpoint does not read and is made again", task.state.name, task.modality)
        return None


def _is_lasting(outcome: Outcome) -> bool:
    """Return whether the outcome would come out the same again: the machine had no part in it."""
    return all(CODES[p.code].failure_class in _LASTING for p in outcome.problems)


def _compute(task: BranchTask, place: Workplace, attempt: int) -> BranchResult[Any]:
    started_at_s, clock = time.time(), time.perf_counter()
    reset_peak_memory()
    deadline = place.clock.stage(task.state, place.options, size_mb=task.size_mb)
    steps = _steps(task, place, deadline, attempt)
    duration_s = time.perf_counter() - clock
    outcome = Outcome(
        state=task.state,
        modality=task.modality,
        status=_joined_status(steps),
        problems=tuple(p for s in steps.values() for p in s.problems),
        verdicts=tuple(v for s in steps.values() for v in s.verdicts),
        duration_ms=round(duration_s * 1000, 3),
        peak_memory_mb=peak_memory_mb(),
    )
    head = BranchHead(
        study_id=task.study.study_id,
        revision=task.study.revision,
        key=task.key(place.options),
        outcome=outcome,
        started_at_s=started_at_s,
        ended_at_s=started_at_s + duration_s,
        retries=attempt - 1,
    )
    return BranchResult(head, {rid: s.data for rid, s in steps.items() if s.data is not None})


def _steps(task: BranchTask, place: Workplace, deadline: Deadline, attempt: int) -> dict[str, Step[Any]]:
    """Return the step of each recording; one for all of them where their input could not be had."""
    options = shared(gentler(place.options, attempt), len(task.study.of(task.modality)))
    kept = partial(kept_data, task, place, make=partial(_compute, attempt=attempt))
    try:
        calls = within(deadline, partial(bound_verbs, task, place, options, kept))
    except RetryError:
        raise
    except Exception as error:
        given_up = give_up_or_retry(error, attempt=attempt, stage=task.state.name)
        if dependency_of(error) is not None:
            raise
        return {_ALL: Step(None, (replace(given_up, modality=task.modality),))}
    many = place.pool.map if place.pool is not None and len(calls) > 1 else map
    guarded = partial(_guarded, task, deadline, attempt)
    return dict(zip(calls, many(guarded, calls, calls.values()), strict=True))


def _guarded(task: BranchTask, deadline: Deadline, attempt: int, recording_id: str, call: Call) -> Step[Any]:
    """Call a verb; its step names modality and recording, and so does the problem that replaces an exception."""
    modality = task.modality
    try:
        step = within(deadline, call)
    except StudyError as error:
        return Step(None, (error.about(modality=modality, recording_id=recording_id),))
    except Exception as error:
        given_up = give_up_or_retry(error, attempt=attempt, stage=task.state.name)
        log.error("%s of %s %s given up: %s", task.state.name, task.modality, recording_id, given_up.seen)
        return Step(None, (replace(given_up, modality=modality, recording_id=recording_id),))
    problems = tuple(replace(p, modality=modality, recording_id=recording_id) for p in step.problems)
    verdicts = tuple(replace(v, modality=modality, recording_id=recording_id) for v in step.verdicts)
    return Step(step.data, problems, verdicts)


def _joined_status(steps: dict[str, Step[Any]]) -> Status:
    """FAILED if no recording yielded data, DEGRADED if any fell short, else OK."""
    statuses = [s.status for s in steps.values()]
    if all(s is Status.FAILED for s in statuses):
        return Status.FAILED
    return Status.OK if all(s is Status.OK for s in statuses) else Status.DEGRADED
