"""Runs of a cluster that nobody works on: whose worker is gone, or whose task the broker has forgotten.

Belongs here: finding them, and what is done with each. Not here: asking for their studies again (requests.py).
A worker that was killed is known within seconds (stores/workers.py); Redis would deliver its tasks again after
the visibility time-out, an hour later. Nothing is concluded while the broker is away or has just been started.
"""

import time
from typing import Any

import dagster as dg

from cardio_dagster.orchestration.queues import PROCESS_TAG, WORKER_TAG
from cardio_dagster.stores.workers import Workers, is_gone

GONE = "the process of the run is gone; its studies are asked for again"
WORKER = "worker"  # the dependency that a run died of whose worker was lost as a whole
LOST_WITH_TAG = "cardio/lost_with"
GRACE_S = 15.0  # several heartbeats: a task may be on its way
_UNHEARD_S = 30.0  # after which a cancelled run that heard no SIGTERM is killed
_ENDING = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


def is_lost(record: dg.RunRecord, workers: Workers) -> bool:
    """Return whether nobody works on a run that was begun."""
    run = record.dagster_run
    machine, _, pid = run.tags.get(PROCESS_TAG, "").rpartition(" ")
    if pid.isdigit() and is_gone(machine, int(pid)):
        return True
    if run.run_id in workers.active or not workers.settled:
        return False
    life = life_of(run)
    if life is not None and workers.of(life) is None:
        return True
    return _age_s(record.start_time) >= GRACE_S  # its worker lives, its process does not


def life_of(run: dg.DagsterRun) -> str | None:
    """Return the life of the worker that began a run; None for one that none began."""
    told = run.tags.get(WORKER_TAG, "").split()
    return told[-1] if told else None


def excuse_if_due(instance: dg.DagsterInstance, run: dg.DagsterRun, workers: Workers) -> None:
    """Tag a lost run whose whole worker is gone, not only its own process: no fault of the study."""
    life = life_of(run)
    if life is not None and workers.of(life) is None:
        instance.add_run_tags(run.run_id, {LOST_WITH_TAG: WORKER})


def look_after(instance: dg.DagsterInstance, launcher: Any) -> int:
    """End runs whose worker is gone, send again what the broker forgot; return how many ended."""
    workers = launcher.sight.workers(fresh=True)
    if workers is None:
        return 0
    _send_again(instance, launcher, workers)
    records = instance.get_run_records(dg.RunsFilter(statuses=list(_ENDING)))
    remote = [r for r in records if launcher.is_remote(r.dagster_run)]
    lost = [r.dagster_run for r in remote if is_lost(r, workers)]
    for run in lost:
        _end(instance, run, workers)
    for record in remote:
        run = record.dagster_run
        if run.status is dg.DagsterRunStatus.CANCELING and run not in lost and _changed_s(record) >= _UNHEARD_S:
            launcher.revoke(run.run_id, "SIGKILL")
    return len(lost)


def _end(instance: dg.DagsterInstance, run: dg.DagsterRun, workers: Workers) -> None:
    if run.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, GONE)
        return
    excuse_if_due(instance, run, workers)
    instance.report_run_failed(run, GONE)


def _send_again(instance: dg.DagsterInstance, launcher: Any, workers: Workers) -> None:
    """Send what was sent, lies in no queue and is with no worker: Redis lost it, or a worker that was killed held it."""
    starting = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING]))
    overdue = [r.dagster_run for r in starting if _changed_s(r) >= GRACE_S and launcher.is_remote(r.dagster_run)]
    waiting = launcher.sight.waiting() if overdue else None
    if waiting is None:
        return
    for run in overdue:
        if run.run_id not in waiting and run.run_id not in workers.active:
            instance.report_engine_event("The broker has lost the task of this run: it is sent again.", run)
            launcher.dispatch(run)


def _changed_s(record: dg.RunRecord) -> float:
    return _age_s(record.update_timestamp.timestamp())


def _age_s(moment_s: float | None) -> float:
    """Return the time since a moment; a clock that was set back counts as long ago."""
    return 0.0 if moment_s is None else abs(time.time() - moment_s)
