"""The broker: Celery's app with the settings that a study needs, and what waits in its queues.

Belongs here: how tasks are sent, kept and delivered again. Not here: what a task does (run_task.py), which process
works on it (worker_app.py), or who lives (stores/workers.py).

A task is the id of a run and nothing else, and its own id is that of the run: what is in the broker, at a worker and in
Dagster is told apart by one name, and a task that is sent twice is one task delivered twice.
"""

import json
import math
from typing import TYPE_CHECKING

from celery import Celery  # type: ignore[import-untyped, unused-ignore]
from kombu.entity import Exchange, Queue

from cardio_dagster.orchestration.queues import QUEUES, ROUTINE
from cardio_dagster.settings import settings

if TYPE_CHECKING:
    import redis

TASK = "cardio.run"
_MARGIN_S = 600.0
_ORDER = "cardio_dagster.orchestration.queue_order:StatFirst"


def celery_app(url: str) -> Celery:
    """Return the app on a broker; connects to nothing yet.

    Prefetch 1 and late acknowledgement: a worker holds what it works on and no more, and what it held is delivered
    again when it dies. No result backend: the outcome of a run is Dagster's, that of a study the registry's.
    """
    app = Celery("cardio", broker=url, set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=False,  # the registry asks for its study again, and counts
        task_ignore_result=True,
        task_default_queue=ROUTINE,
        task_queues=[_queue(name) for name in QUEUES],
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,  # for Flower
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # Redis may be restarted under a study
        worker_deduplicate_successful_tasks=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport_options(),
        broker_heartbeat=0,
    )
    return app


def _queue(name: str) -> Queue:
    """Return a queue with an exchange of its own: on a shared one each task would go to every queue."""
    return Queue(name, Exchange(name), routing_key=name)  # type: ignore[no-untyped-call, unused-ignore]


def _transport_options() -> dict[str, object]:
    return {
        "visibility_timeout": visibility_timeout_s(),
        "queue_order_strategy": _ORDER,
        "priority_steps": [0],  # one list a queue: a priority within one would outrank the order of the queues
        "socket_timeout": 10.0,
        "socket_connect_timeout": 5.0,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "max_retries": 1,  # of one publication: whoever sends has a better plan than to wait
        "interval_start": 0,
    }


def visibility_timeout_s() -> int:
    """Return after how long an unacknowledged task is delivered again: longer than a study and its response may take."""
    chosen = settings()
    return math.ceil(chosen.study_deadline_s + 2 * chosen.decision_deadline_s + _MARGIN_S)


def send(app: Celery, run_id: str, queue: str) -> None:
    """Put a run into a queue; raises kombu.exceptions.OperationalError where the broker does not answer."""
    app.send_task(TASK, args=[run_id], task_id=run_id, queue=queue, priority=0, retry=False)


def waiting_runs(client: "redis.Redis") -> frozenset[str]:
    """Return the ids of the runs that lie in the queues; raises redis.RedisError where the broker does not answer."""
    pipe = client.pipeline(transaction=False)
    for queue in QUEUES:
        pipe.lrange(queue, 0, -1)
    return frozenset(json.loads(raw)["headers"]["id"] for found in pipe.execute() for raw in found)


def queue_lengths(client: "redis.Redis") -> dict[str, int]:
    """Return how many runs lie in each queue of the broker."""
    pipe = client.pipeline(transaction=False)
    for queue in QUEUES:
        pipe.llen(queue)
    return dict(zip(QUEUES, pipe.execute(), strict=True))
