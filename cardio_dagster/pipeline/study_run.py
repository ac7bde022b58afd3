"""run_study: one study through all states in plain Python, without Dagster.

Belongs here: the order of the stages. Every door runs the same functions; this one runs
them in one process, the branches of a stage side by side.
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Protocol

from cardio_dagster.outcome import Problem, State
from cardio_dagster.pipeline.barrier import join
from cardio_dagster.pipeline.branch_stage import run_branch
from cardio_dagster.pipeline.branch_task import BranchTask, Workplace
from cardio_dagster.pipeline.clock import StudyClock
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.retry import tried, with_retry
from cardio_dagster.pipeline.settled import settle_fusion, settle_receipt, settle_response, settle_scoring
from cardio_dagster.pipeline.stages import complete
from cardio_dagster.pipeline.versions import FAN_OUT_STATES
from cardio_dagster.stores.checkpoints import BranchHead
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.study import Study

Progress = Callable[[Dossier], None]


class Settle(Protocol):
    """A stage that does not fan out (settled.py)."""

    def __call__(self, dossier: Dossier, place: Workplace, *, attempt: int) -> Dossier:
        """Carry the dossier through the stage."""


def run_study(
    study: Study,
    place: Workplace,
    reports: ReportStore,
    *,
    problems: tuple[Problem, ...] = (),
    on_stage: Progress = lambda _: None,
) -> Dossier:
    """Carry a study from receipt to its written response and return the dossier.

    It ends in COMPLETE or in ERROR, and the response is written both times. `on_stage` is
    called after each stage. Recordings run in parallel on as many threads as the options allow.
    """
    cpu_started_s = time.process_time()
    place = replace(place, clock=StudyClock(place.options.study_deadline_s))
    dossier = with_retry(lambda n: settle_receipt(study, place, problems=problems, attempt=n))
    on_stage(dossier)
    with _pool(place) as pool:
        shared = replace(place, pool=pool)
        for state in FAN_OUT_STATES:
            dossier = fan_out(dossier, state, shared)
            on_stage(dossier)
    for settle in (settle_fusion, settle_scoring):
        dossier = with_retry(partial(_attempted, settle, dossier, place))
        on_stage(dossier)
    dossier = with_retry(lambda n: settle_response(dossier, reports, place, attempt=n, cpu_started_s=cpu_started_s))
    on_stage(dossier)
    dossier = complete(dossier)
    on_stage(dossier)
    return dossier


def fan_out(dossier: Dossier, state: State, place: Workplace) -> Dossier:
    """Carry every living modality through one state and join them at the barrier."""
    if dossier.failed:
        return dossier
    branches = [partial(_kept, BranchTask(dossier.study, state, modality), place) for modality in dossier.alive()]
    if place.options.threads > 1 and len(branches) > 1:
        with ThreadPoolExecutor(len(branches), thread_name_prefix="branch") as outer:
            done = list(outer.map(lambda branch: branch(), branches))
    else:
        done = [branch() for branch in branches]
    return join(dossier, state, done)


def _attempted(settle: Settle, dossier: Dossier, place: Workplace, attempt: int) -> Dossier:
    return settle(dossier, place, attempt=attempt)


def _kept(task: BranchTask, place: Workplace) -> BranchHead:
    result = with_retry(lambda attempt: run_branch(task, place, attempt=attempt))
    if result.head.outcome.reused:
        return result.head
    save = partial(place.checkpoints.save, result)
    return with_retry(lambda attempt: tried(save, attempt=attempt, stage=task.state.name))


def _pool(place: Workplace) -> AbstractContextManager[Executor | None]:
    if place.options.threads == 1:
        return nullcontext(None)
    return ThreadPoolExecutor(place.options.threads, thread_name_prefix="recording")
