"""Limits: from when on something is degraded, and from when on dead.

Belongs here: numbers that follow from how Dagster and the ledger work, their reasons, and holding a value against them. Not here:
numbers that a site chooses (settings/watch.py) or looking (checks/).
"""

from dataclasses import dataclass, field

from cardio_dagster.settings import WatchSettings, watch_settings
from cardio_dagster.study import Priority
from cardio_dagster.watch.words import Check, Level, ok, worse

HOUR_S, DAY_S = 3600.0, 86_400.0


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
    broker_memory_pct: Bounds = Bounds(80, 97)
    site: WatchSettings = field(default_factory=watch_settings)

    @property
    def disk_free_pct(self) -> Bounds:
        """Share of the disk that is free; the less, the worse."""
        return Bounds(self.site.disk_low_pct, self.site.disk_full_pct)

    @property
    def disk_free_mb(self) -> Bounds:
        """What is free on the disk; the less, the worse."""
        return Bounds(self.site.disk_low_mb, self.site.disk_full_mb)

    @property
    def notice_overdue(self) -> Bounds:
        """How long a notice is overdue."""
        return Bounds(0, self.site.notice_dead_s)

    @property
    def held_soon(self) -> Bounds:
        """How long a held report waits that came as STAT or urgent."""
        return Bounds(self.site.held_soon_late_s, self.site.held_soon_dead_s)

    @property
    def held(self) -> Bounds:
        """How long any other held report waits."""
        return Bounds(self.site.held_late_s, self.site.held_dead_s)

    def queue_age(self, priority: Priority) -> Bounds:
        """Return how long a study of a priority may be open."""
        chosen: dict[Priority, Bounds] = {
            Priority.STAT: Bounds(self.site.stat_late_s, self.site.stat_dead_s),
            Priority.URGENT: Bounds(self.site.urgent_late_s, self.site.urgent_dead_s),
            Priority.ROUTINE: Bounds(self.site.routine_late_s, self.site.routine_dead_s),
            Priority.BACKFILL: Bounds(self.site.backfill_late_s, self.site.backfill_dead_s),
        }
        return chosen[priority]
