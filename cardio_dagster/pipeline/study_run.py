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

from cardio_dagster.outcome import Problem, State
from cardio_dagster.pipeline.barrier import join
from cardio_dagster.pipeline.branch_stage import run_branch
from cardio_dagster.pipeline.branch_task import BranchTask, Workplace
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.formatting import format_response
from cardio_dagster.pipeline.retry import with_retry
from cardio_dagster.pipeline.stages import complete, fusion_stage, receive, scoring_stage
from cardio_dagster.pipeline.versions import FAN_OUT_STATES
from cardio_dagster.stores.checkpoints import BranchHead
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.study import Study

Progress = Callable[[Dossier], None]


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
    dossier = receive(study, place.input_dir, place.options, problems=problems)
    on_stage(dossier)
    with _pool(place) as pool:
        shared = replace(place, pool=pool)
        for state in FAN_OUT_STATES:
            dossier = fan_out(dossier, state, shared)
            on_stage(dossier)
    dossier = fusion_stage(dossier, place)
    on_stage(dossier)
    dossier = scoring_stage(dossier)
    on_stage(dossier)
    dossier = format_response(dossier, reports, place.desk, cpu_started_s=cpu_started_s)
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


def _kept(task: BranchTask, place: Workplace) -> BranchHead:
    result = with_retry(lambda attempt: run_branch(task, place, attempt=attempt))
    return result.head if result.head.outcome.reused else place.checkpoints.save(result)


def _pool(place: Workplace) -> AbstractContextManager[Executor | None]:
    if place.options.threads == 1:
        return nullcontext(None)
    return ThreadPoolExecutor(place.options.threads, thread_name_prefix="recording")
