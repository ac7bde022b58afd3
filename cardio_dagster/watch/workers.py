"""Workers: who works on what, and what waits for them.

Belongs here: what GET /workers/health and /workers/stats tell. Not here: whether that is enough (checks/queues.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cardio_dagster.watch.checks import queues
from cardio_dagster.watch.limits import Limits
from cardio_dagster.watch.moments import text_of
from cardio_dagster.watch.place import Place
from cardio_dagster.watch.words import Level


@dataclass(frozen=True, slots=True)
class WorkerStats:
    """One living worker: `slots` processes, of which `active` have a run."""

    name: str
    queues: tuple[str, ...]
    slots: int
    active: int
    started_at: str


@dataclass(frozen=True, slots=True)
class QueueStats:
    """One queue: runs that wait in the broker, and who could take them."""

    name: str
    waiting: int
    workers: int
    slots: int


@dataclass(frozen=True, slots=True)
class Workforce:
    """All of them. `level` is DEAD where nobody works or where STAT or urgent studies have nobody."""

    level: Level
    workers: tuple[WorkerStats, ...]
    queues: tuple[QueueStats, ...]


def workforce(place: Place, limits: Limits) -> Workforce | None:
    """Return the workers of a cluster; None for a profile without a broker.

    Raises redis.RedisError where the broker does not answer within the time-out.
    """
    if place.broker_url is None:
        return None
    with queues.open_client(place.broker_url, limits.timeout_s) as client:
        living, waiting = queues.workers_of(client), queues.lengths(client, place.queues)
    beats = sorted(living.living, key=lambda beat: beat.name)
    workers = tuple(
        WorkerStats(b.name, b.queues, b.processes, len(b.active), text_of(datetime.fromtimestamp(b.started_at_s, UTC)))
        for b in beats
    )
    lines = tuple(QueueStats(q, waiting[q], len(living.serving(q)), living.slots(q)) for q in place.queues)
    return Workforce(queues.workers(living, place.queues).level, workers, lines)
