"""Limits: how many requests the gateway takes, and how fast.

Belongs here: buckets of requests. Not here: the numbers (settings/gateway.py), answering (errors.py) or counting the bytes of an
upload (receiving.py).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_MAX_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


@dataclass(slots=True)
class Buckets:
    """A bucket of tokens for each name, in the memory of this process: `per_minute` flow in, a quarter of it fits."""

    per_minute: float
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str) -> float:
        """Take a token; return 0.0, or the seconds until there is one (none is taken then)."""
        size, per_s, now = max(1.0, self.per_minute / 4), self.per_minute / 60, self.clock()
        with self._guard:
            bucket = self._buckets.get(name) or self._make(name, size, now)
            bucket.tokens = min(size, bucket.tokens + (now - bucket.at_s) * per_s)
            bucket.at_s = now
            if bucket.tokens < 1:
                return (1 - bucket.tokens) / per_s
            bucket.tokens -= 1
            return 0.0

    def _make(self, name: str, size: float, now: float) -> _Bucket:
        if len(self._buckets) >= _MAX_BUCKETS:  # the one that was used least recently is full again, or soon
            del self._buckets[min(self._buckets, key=lambda n: self._buckets[n].at_s)]
        return self._buckets.setdefault(name, _Bucket(size, now))
