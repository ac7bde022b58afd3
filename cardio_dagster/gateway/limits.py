"""Limits: what the gateway takes at most, and how fast.

Belongs here: the settings of the gateway, and buckets of requests. Not here: answering (errors.py) or counting the bytes of
an upload (receiving.py). The limits of a file and of a study are the installation's (CARDIO_MAX_FILE_MB, CARDIO_MAX_STUDY_MB).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_MAX_BUCKETS = 10_000


class GatewaySettings(BaseSettings):
    """What an installation can choose of its gateway. Each field is the variable CARDIO_GATEWAY_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="CARDIO_GATEWAY_", env_file=".env", extra="ignore", frozen=True)

    max_files: int = Field(2000, ge=1, le=100_000, description="files of one upload at most")
    uploads_at_once: int = Field(200, ge=1, le=10_000, description="uploads at a time; more get 503 with Retry-After")
    idle_s: float = Field(30.0, gt=0, le=3600, description="an upload that is silent for so long is ended (408)")
    min_bytes_s: float = Field(1024.0, ge=0, description="an upload that is slower on average is ended (408)")
    requests_per_minute: float = Field(1200.0, gt=0, description="requests of one key; more get 429 with Retry-After")
    failures_per_minute: float = Field(20.0, gt=0, description="wrong keys from one address that are recorded")
    disk_reserve_mb: float = Field(1024.0, ge=0, description="uploads end (507) before the disk has less than this")
    sync_wait_s: float = Field(120.0, gt=0, le=3600, description="POST /studies/sync waits so long at most")
    proxies: str = Field("", description="addresses of the proxies whose X-Forwarded-* are believed, with commas")


@lru_cache(maxsize=1)
def gateway_settings() -> GatewaySettings:
    """Return the settings of the gateway of this process."""
    return GatewaySettings()  # type: ignore[call-arg, unused-ignore]


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
