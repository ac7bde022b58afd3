"""What the broker tells: whether it answers, who works, what waits.

Belongs here: looks at Redis. Not here: what is sent there (orchestration/broker.py) or how workers say that they live
(stores/workers.py).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cardio_dagster.stores.workers import Workers, living_workers
from cardio_dagster.watch.limits import Limits
from cardio_dagster.watch.words import Check, Level, ok, worse

if TYPE_CHECKING:
    import redis

URGENT_QUEUES = frozenset({"stat", "urgent"})  # one of these without a worker is no matter of waiting


def open_client(url: str, timeout_s: float) -> "redis.Redis":
    """Return a client that gives up after `timeout_s` and does not try again."""
    import redis

    return redis.Redis.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=None)


def broker(client: "redis.Redis", limits: Limits) -> Check:
    """Return whether Redis takes commands, is nobody's replica and has memory left."""
    found = client.info()
    if found.get("role") != "master":
        return worse("broker", Level.DEAD, "it is a replica and takes nothing")
    if found.get("loading"):
        return worse("broker", Level.DEGRADED, "it is still reading its file")
    most, used = int(found.get("maxmemory", 0)), int(found.get("used_memory", 0))
    used_pct = 100 * used / most if most else 0.0
    if used_pct >= limits.broker_memory_pct.degraded:
        level = Level.DEAD if used_pct >= limits.broker_memory_pct.dead else Level.DEGRADED
        return worse("broker", level, f"{used_pct:.0f} % of its memory is used")
    return ok("broker", "answers")


def workers(living: Workers, queues: Iterable[str]) -> Check:
    """Return whether every queue is served; dead where nobody works, or where STAT or urgent studies have nobody."""
    if not living.living:
        return worse("workers", Level.DEAD, "none is alive")
    without = [queue for queue in queues if not living.serving(queue)]
    if without:
        level = Level.DEAD if URGENT_QUEUES & set(without) else Level.DEGRADED
        return worse("workers", level, f"{len(living.living)} are alive; nobody serves {', '.join(without)}")
    return ok("workers", f"{len(living.living)} serve all queues")


def workers_of(client: "redis.Redis") -> Workers:
    """Return who lives; raises redis.RedisError where the broker does not answer."""
    return living_workers(client)


def lengths(client: "redis.Redis", queues: Iterable[str]) -> dict[str, int]:
    """Return how many runs lie in each queue."""
    named = tuple(queues)
    pipe = client.pipeline(transaction=False)
    for queue in named:
        pipe.llen(queue)
    return {queue: int(n) for queue, n in zip(named, pipe.execute(), strict=True)}
