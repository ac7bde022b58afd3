"""The worker's side of Celery: `celery -A cardio_dagster.orchestration.worker_app worker`, by serve/worker.py.

Belongs here: what a worker process does at its start, its one task, and its heartbeat. Not here: what a run is
(run_task.py) or the app's settings (broker.py).

Definitions are loaded before the processes are forked and shared by them; connections and models' sessions are made
after it, because neither survives a fork.
"""

import os
import secrets
import time
from functools import cache
from multiprocessing import process
from typing import TYPE_CHECKING, Any

from celery import Celery, bootsteps, signals  # type: ignore[import-untyped, unused-ignore]
from celery.utils.log import get_task_logger  # type: ignore[import-untyped, unused-ignore]
from celery.worker import state  # type: ignore[import-untyped, unused-ignore]

from cardio_dagster.orchestration import warm
from cardio_dagster.orchestration.broker import TASK, celery_app
from cardio_dagster.orchestration.run_task import work_on
from cardio_dagster.settings import cluster_settings
from cardio_dagster.stores.workers import (
    BEAT_EVERY_S,
    WorkerBeat,
    forget_beat,
    open_broker,
    this_machine,
    write_beat,
)

if TYPE_CHECKING:
    import redis

log = get_task_logger(__name__)
_STANDARD = process.current_process()  # before the fork, and before billiard puts its own there
LIFE = secrets.token_hex(8)  # of this worker and of all its processes


def _broker_url() -> str:
    """Return the broker; without one this module can be imported, and serve/worker.py refuses to start it."""
    url = cluster_settings().broker_url
    return "memory://" if url is None else url.get_secret_value()


app: Celery = celery_app(_broker_url())


@app.task(name=TASK, bind=True)  # type: ignore[untyped-decorator, unused-ignore]
def run(task: Any, run_id: str) -> None:
    """Work on one run."""
    began_s = time.monotonic()
    done = work_on(run_id, warm.instance(), _client(), f"{task.request.hostname} {LIFE}")
    log.info("run %s: %s after %.1f s", run_id, done, time.monotonic() - began_s)


@cache
def _client() -> "redis.Redis":
    return open_broker(_broker_url())


@signals.celeryd_after_setup.connect  # type: ignore[untyped-decorator, unused-ignore]
def _before_the_fork(**_: Any) -> None:
    warm.keep_definitions()


@signals.worker_process_init.connect  # type: ignore[untyped-decorator, unused-ignore]
def _after_the_fork(**_: Any) -> None:
    _client.cache_clear()
    # for the standard library this process is a daemon of billiard's, which may have no children; the bulk job has some
    process._current_process = _STANDARD  # type: ignore[attr-defined]
    warm.open_connections()


class Heartbeat(bootsteps.StartStopStep):  # type: ignore[misc, unused-ignore]
    """Says in the broker that this worker lives, before it takes its first task and until it ends."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, worker: Any, **_: Any) -> None:
        self._timer: Any = None

    def start(self, worker: Any) -> None:
        """Say it now, and every two seconds in the loop that also serves the processes: one that hangs is silent."""
        self._beat(worker)
        self._timer = worker.timer.call_repeatedly(BEAT_EVERY_S, self._beat, (worker,), priority=10)

    def stop(self, worker: Any) -> None:
        """Say goodbye."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            forget_beat(_client(), LIFE)
        except Exception as error:
            log.warning("the broker was not told of the end: %s", type(error).__name__)

    def _beat(self, worker: Any) -> None:
        try:
            write_beat(_client(), _told(worker))
        except Exception as error:  # the broker is away: the next beat tells
            log.warning("no heartbeat: %s", type(error).__name__)


def _told(worker: Any) -> WorkerBeat:
    return WorkerBeat(
        life=LIFE,
        name=worker.hostname,
        queues=tuple(sorted(worker.app.amqp.queues.consume_from)),
        processes=int(worker.concurrency),
        machine=this_machine(),
        pid=os.getpid(),
        started_at_s=_STARTED_AT_S,
        active=tuple(sorted(request.id for request in list(state.active_requests))),
    )


_STARTED_AT_S = time.time()
app.steps["worker"].add(Heartbeat)
