"""Limits: from when on something is degraded, and from when on dead.

Belongs here: numbers, their reasons, and holding a value against them. Not here: looking (checks/).
"""

from dataclasses import dataclass

from cardio_dagster.study import Priority
from cardio_dagster.watch.words import Check, Level, ok, worse

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """Degraded from the first on, dead from the second on."""

    degraded: float
    dead: float

    def judge(self, name: str, value: float, seen: str, since: str | None = None) -> Check:
        """Return the check of a value that is the worse the larger it is; `since` is kept only where it is worse."""
        if value < self.degraded:
            return ok(name, seen)
        return worse(name, Level.DEAD if value >= self.dead else Level.DEGRADED, seen, since)


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits; seconds unless the name says otherwise.

    Dagster's daemons say every 30 s that they live, and Dagster itself believes them for half an hour: two words
    missed are a fault here, four a death. Sensors tick every 2 to 5 s and may take 60.
    """

    timeout_s: float = 1.5  # of the answer of one dependency
    kept_s: float = 5.0  # one look serves all who ask within
    heartbeat: Bounds = Bounds(75, 135)
    tick: Bounds = Bounds(90, 300)
    failing_ticks: Bounds = Bounds(1, 3)  # in a row
    anchor: Bounds = Bounds(2 * DAY_S, 4 * DAY_S)  # since the end of the day anchored last
    skew: Bounds = Bounds(2, 60)
    disk_free_pct: Bounds = Bounds(10, 1)
    disk_free_mb: Bounds = Bounds(2048, 256)
    notice_overdue: Bounds = Bounds(0, HOUR_S)
    held_soon: Bounds = Bounds(HOUR_S, 4 * HOUR_S)  # of studies that came as STAT or urgent
    held: Bounds = Bounds(DAY_S, 3 * DAY_S)
    broker_memory_pct: Bounds = Bounds(80, 97)


QUEUE_AGE: dict[Priority, Bounds] = {
    Priority.STAT: Bounds(MINUTE_S, 5 * MINUTE_S),
    Priority.URGENT: Bounds(10 * MINUTE_S, HOUR_S),
    Priority.ROUTINE: Bounds(2 * HOUR_S, 12 * HOUR_S),
    Priority.BACKFILL: Bounds(2 * DAY_S, 7 * DAY_S),
}
