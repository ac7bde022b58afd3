"""One modality through one state: the unit that fans out.

Belongs here: calling a modality's verb on each of its recordings, in parallel, and turning
every failure into data or into RetryError. Not here: the barrier after it (barrier.py).
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cardio_dagster.errors import CODES, FailureClass, StudyError
from cardio_dagster.modalities import BRANCHES
from cardio_dagster.modalities.branch import Branch, Options
from cardio_dagster.outcome import Outcome, Problem, State, Status, Step
from cardio_dagster.pipeline.memory import peak_memory_mb, reset_peak_memory
from cardio_dagster.pipeline.retry import gentler, give_up_or_retry
from cardio_dagster.pipeline.versions import STAGE_VERSIONS, digest
from cardio_dagster.stores.checkpoints import BranchHead, BranchResult, Checkpoints
from cardio_dagster.study import Recording, Study

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workplace:
    """Where a study's stages find their input and leave their results, and what they may use."""

    input_dir: Path
    checkpoints: Checkpoints
    options: Options
    pool: Executor | None = None  # recordings run in parallel on it, one after the other without


def branch_key(study: Study, state: State, modality: str) -> str:
    """Return the hash of all that decides the result of this state for this modality."""
    contents = [f"{r.recording_id}:{r.sha256}:{r.format}" for r in study.of(modality)]
    stages = [f"{s.name}{v}" for s, v in STAGE_VERSIONS.items() if s <= state]
    return digest(*contents, *stages, BRANCHES[modality].code_version)


def run_branch(study: Study, state: State, modality: str, place: Workplace, *, attempt: int = 1) -> BranchResult[Any]:
    """Carry one modality through one state, or take it from a checkpoint of the same key.

    Returns the result for the door to keep; where a checkpoint of the same key stands, its
    head marked `reused` and no data. Raises RetryError where the taxonomy allows another
    attempt; every other failure is in the outcome.
    """
    key = branch_key(study, state, modality)
    known = place.checkpoints.head(study.study_id, state, modality)
    if known is not None and known.key == key and _lasting(known.outcome):
        return BranchResult(replace(known, outcome=replace(known.outcome, reused=True)), {})
    return _compute(study, state, modality, place, key, attempt)


def _lasting(outcome: Outcome) -> bool:
    """Return whether the outcome would come out the same again: the machine had no part in it."""
    lasting = (FailureClass.VALIDATION, FailureClass.CORRUPTED_INPUT)
    return all(CODES[p.code].failure_class in lasting for p in outcome.problems)


def _compute(
    study: Study, state: State, modality: str, place: Workplace, key: str, attempt: int
) -> BranchResult[Any]:
    started = time.time()
    clock = time.perf_counter()
    reset_peak_memory()
    calls = _calls(study, state, BRANCHES[modality], place, gentler(place.options, attempt))
    steps = _run_all(calls, modality, state, attempt, place.pool)
    duration_ms = (time.perf_counter() - clock) * 1000
    outcome = Outcome(
        state=state,
        modality=modality,
        status=_worst(steps),
        problems=tuple(p for s in steps.values() for p in s.problems),
        verdicts=tuple(v for s in steps.values() for v in s.verdicts),
        duration_ms=round(duration_ms, 3),
        peak_memory_mb=peak_memory_mb(),
    )
    ended = started + duration_ms / 1000
    head = BranchHead(study.study_id, study.revision, key, outcome, started, ended, retries=attempt - 1)
    return BranchResult(head, {rid: s.data for rid, s in steps.items() if s.data is not None})


def _calls(
    study: Study, state: State, branch: Branch, place: Workplace, options: Options
) -> dict[str, Callable[[], Step[Any]]]:
    """Return the verb of `state` bound to each recording that came so far."""
    recordings = study.of(branch.name)
    if state is State.VALIDATION:
        return {r.recording_id: _validation(branch, r, place.input_dir, options) for r in recordings}

    def kept(earlier: State, kind: type) -> dict[str, Any]:
        return place.checkpoints.data(study.study_id, earlier, branch.name, kind)

    if state is State.PREPROCESSING:
        valid = kept(State.VALIDATION, branch.valid_type)
        return {rid: (lambda v=v: branch.preprocess(v, options)) for rid, v in valid.items()}
    prepared = kept(State.PREPROCESSING, branch.prepared_type)
    if state is State.DETECTION:
        return {rid: (lambda p=p: branch.detect(p, options)) for rid, p in prepared.items()}
    detected = kept(State.DETECTION, branch.detected_type)
    return {rid: (lambda r=rid, d=d: branch.analyse(prepared[r], d, r, options)) for rid, d in detected.items()}


def _validation(branch: Branch, recording: Recording, folder: Path, options: Options) -> Callable[[], Step[Any]]:
    return lambda: branch.validate(folder / recording.path, options)


def _run_all(
    calls: dict[str, Callable[[], Step[Any]]], modality: str, state: State, attempt: int, pool: Executor | None
) -> dict[str, Step[Any]]:
    def guarded(recording_id: str) -> Step[Any]:
        return _guarded(calls[recording_id], modality, recording_id, state, attempt)

    mapped = pool.map(guarded, calls) if pool is not None and len(calls) > 1 else map(guarded, calls)
    return dict(zip(calls, mapped, strict=True))


def _guarded(call: Callable[[], Step[Any]], modality: str, recording_id: str, state: State, attempt: int) -> Step[Any]:
    try:
        step = call()
    except StudyError as error:
        return Step(None, (error.about(modality=modality, recording_id=recording_id),))
    except Exception as error:
        given_up = give_up_or_retry(error, attempt=attempt, stage=state.name)
        log.error("%s of %s %s failed: %s", state.name, modality, recording_id, given_up.seen)
        if CODES[given_up.code].failure_class is FailureClass.INTERNAL:
            log.debug("defect", exc_info=True)
        return Step(None, (replace(given_up, modality=modality, recording_id=recording_id),))
    return Step(step.data, tuple(_about(p, modality, recording_id) for p in step.problems), tuple(
        replace(v, modality=modality, recording_id=recording_id) for v in step.verdicts
    ))


def _about(item: Problem, modality: str, recording_id: str) -> Problem:
    return replace(item, modality=modality, recording_id=recording_id)


def _worst(steps: dict[str, Step[Any]]) -> Status:
    """FAILED if no recording yielded data, DEGRADED if any fell short, else OK."""
    statuses = [s.status for s in steps.values()]
    if all(s is Status.FAILED for s in statuses):
        return Status.FAILED
    return Status.OK if all(s is Status.OK for s in statuses) else Status.DEGRADED
