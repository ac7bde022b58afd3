"""Living workers: what each worker of the cluster says of itself in the broker, every two seconds.

Belongs here: the heartbeat as it is written and read. Not here: Celery (orchestration/), or what follows from a worker
that is gone. Celery's own answers (`inspect`) cost a second of waiting each; these are two reads.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

if TYPE_CHECKING:
    import redis

BEAT_EVERY_S = 2.0
BEAT_LASTS_S = 15  # a worker that is silent for so long is gone
SETTLED_AFTER_S = 45  # after its start the broker knows too little: workers come back to it one by one
_TIMEOUT_S = 3.0
_WORKERS = "cardio:workers"


@dataclass(frozen=True, slots=True)
class WorkerBeat:
    """What a worker says: who it is, what it serves, which runs it works on.

    `life` is made anew at each start. `machine` names machine, boot and process namespace: where it is ours,
    `pid` can be looked up. `active` are the ids of the runs in its processes.
    """

    life: str
    name: str
    queues: tuple[str, ...]
    processes: int
    machine: str
    pid: int
    started_at_s: float  # seconds since the epoch, by the worker's clock
    active: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workers:
    """All workers that lived when the broker was asked, and whether it has run long enough to know of every one."""

    living: tuple[WorkerBeat, ...]
    settled: bool

    def serving(self, queue: str) -> tuple[WorkerBeat, ...]:
        """Return those that serve a queue."""
        return tuple(w for w in self.living if queue in w.queues)

    def slots(self, queue: str) -> int:
        """Return how many runs of a queue can be worked on at once."""
        return sum(w.processes for w in self.serving(queue))

    @property
    def active(self) -> frozenset[str]:
        """The ids of all runs that are worked on."""
        return frozenset(run_id for w in self.living for run_id in w.active)

    def of(self, life: str) -> WorkerBeat | None:
        """Return the worker of one life; None if it is gone."""
        return next((w for w in self.living if w.life == life), None)


def open_broker(url: str) -> "redis.Redis":
    """Return a client of the broker that gives up after seconds; connects at its first command."""
    import redis

    return redis.Redis.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)


def write_beat(client: "redis.Redis", beat: WorkerBeat) -> None:
    """Say that a worker lives; raises redis.RedisError where the broker does not answer."""
    pipe = client.pipeline(transaction=False)
    pipe.set(_key(beat.life), msgspec.json.encode(beat), ex=BEAT_LASTS_S)
    pipe.sadd(_WORKERS, beat.life)
    pipe.execute()


def forget_beat(client: "redis.Redis", life: str) -> None:
    """Say that a worker has ended in order."""
    client.delete(_key(life))
    client.srem(_WORKERS, life)


def living_workers(client: "redis.Redis") -> Workers:
    """Return the workers that live; raises redis.RedisError where the broker does not answer.

    One that was killed on this very machine is known at once, any other when its last word is 15 s old.
    """
    lives = sorted(_text(life) for life in client.smembers(_WORKERS))
    said = client.mget([_key(life) for life in lives]) if lives else []
    silent = [life for life, beat in zip(lives, said, strict=True) if beat is None]
    if silent:
        client.srem(_WORKERS, *silent)
    beats = _decoded(beat for beat in said if beat is not None)
    uptime_s = int(client.info("server")["uptime_in_seconds"])
    return Workers(tuple(b for b in beats if not is_gone(b.machine, b.pid)), uptime_s >= SETTLED_AFTER_S)


@lru_cache(maxsize=1)
def this_machine() -> str:
    """Return a name of this machine since its boot, as processes of one process namespace see it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"unknown:{os.getpid()}:{time.time()}"  # equal to no other: nobody's pid is looked up


def _key(life: str) -> str:
    return f"cardio:worker:{life}"


def _text(said: bytes | str) -> str:
    return said if isinstance(said, str) else said.decode()


def _decoded(said: Iterable[bytes | str]) -> list[WorkerBeat]:
    return [msgspec.json.decode(beat, type=WorkerBeat) for beat in said]


def is_gone(machine: str, pid: int) -> bool:
    """Return whether a process is known to have ended; False for one on another machine."""
    if machine != this_machine():
        return False
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
