"""Runs that wait in Dagster's queue: what they wait for is said, and what waits too long moves up one queue.

Belongs here: looking through the waiting runs. Not here: the rules (queues.py), or who takes runs from the queue
(run_coordinator.py). Works on every deployment: where there are no workers, only the place in the queue changes.
"""

import time
from typing import Any

import dagster as dg

from cardio_dagster.orchestration.queues import moved_up, queue_of_tags, queue_tags
from cardio_dagster.settings import cluster_settings
from cardio_dagster.stores.workers import Workers

MOVED_TAG = "cardio/moved_up"  # how often
WAITING_TAG = "cardio/waiting"
_SERVED = "a worker has come"
_WAITING = [dg.DagsterRunStatus.QUEUED]


def attend_queue(instance: dg.DagsterInstance, *, aging_s: float | None = None) -> int:
    """Move up what has waited too long and say what waits for a worker; return how many moved.

    A run moves up once after `aging_s` in the queue, again after twice as long, never into `stat`. The run's tags and
    its log say so.
    """
    limit_s = cluster_settings().aging_s if aging_s is None else aging_s
    records = instance.get_run_records(dg.RunsFilter(statuses=_WAITING))
    if not records:
        return 0
    _say_what_is_missing(instance, records)
    return sum(_move(instance, record, limit_s) for record in records)


def _move(instance: dg.DagsterInstance, record: dg.RunRecord, limit_s: float) -> bool:
    run, moves = record.dagster_run, int(record.dagster_run.tags.get(MOVED_TAG, "0"))
    waited_s = abs(time.time() - record.create_timestamp.timestamp())  # a clock that was set back counts as long
    queue = queue_of_tags(run.tags, run.job_name)
    above = moved_up(queue, run.job_name)
    if above is None or waited_s < limit_s * (moves + 1):
        return False
    instance.add_run_tags(run.run_id, {**queue_tags(above, run.job_name), MOVED_TAG: str(moves + 1)})
    instance.report_engine_event(f"Waited {waited_s:.0f} s in the queue {queue}: moved up to {above}.", run)
    return True


def _say_what_is_missing(instance: dg.DagsterInstance, records: Any) -> None:
    launcher: Any = instance.run_launcher
    if not hasattr(launcher, "sight") or cluster_settings().no_worker == "local":
        return
    workers: Workers | None = launcher.sight.workers()
    for record in records:
        run = record.dagster_run
        queue = queue_of_tags(run.tags, run.job_name)
        reason = _reason(queue, workers) or (_SERVED if WAITING_TAG in run.tags else None)
        if reason is not None and run.tags.get(WAITING_TAG) != reason:
            instance.add_run_tags(run.run_id, {WAITING_TAG: reason})
            instance.report_engine_event(f"Waiting: {reason}.", run)


def _reason(queue: str, workers: Workers | None) -> str | None:
    if workers is None:
        return "the broker does not answer"
    if not workers.serving(queue):
        return f"no worker serves the queue {queue}"
    return None
