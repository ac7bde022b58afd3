"""What one process sees of the broker: who lives and what waits, asked at most every two seconds.

Belongs here: the cached questions. Not here: what follows from the answers (run_launcher.py, run_coordinator.py,
lost_runs.py). A broker that does not answer is None, never an empty one: nobody is declared dead for it.
"""

import logging
import time
from dataclasses import dataclass
from functools import cache

import redis

from cardio_dagster.orchestration.broker import waiting_runs
from cardio_dagster.stores.workers import Workers, living_workers, open_broker

log = logging.getLogger(__name__)
KEPT_S = 2.0


@dataclass(slots=True)
class _Kept:
    workers: Workers | None = None
    until_s: float = 0.0


class Sight:
    """The broker as one process sees it."""

    def __init__(self, url: str) -> None:
        self.client = open_broker(url)
        self._kept = _Kept()

    def workers(self, *, fresh: bool = False) -> Workers | None:
        """Return the living workers as they were at most two seconds ago; None where the broker does not answer."""
        if fresh or time.monotonic() >= self._kept.until_s:
            self._kept = _Kept(self._ask(), time.monotonic() + KEPT_S)
        return self._kept.workers

    def waiting(self) -> frozenset[str] | None:
        """Return the runs that lie in the broker's queues now; None where it does not answer."""
        try:
            return waiting_runs(self.client)
        except redis.RedisError as error:
            log.warning("the broker does not answer: %s", type(error).__name__)
            return None

    def _ask(self) -> Workers | None:
        try:
            return living_workers(self.client)
        except redis.RedisError as error:
            log.warning("the broker does not answer: %s", type(error).__name__)
            return None


@cache
def sight_of(url: str) -> Sight:
    """Return the sight of a broker in this process, the same at each call."""
    return Sight(url)
