"""Health: everything that can be said of an installation within a second.

Belongs here: which looks are made together, what is said of a part that does not answer, and remembering since when. Not here:
the looks (checks/).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from cardio_dagster.watch.asking import Asker
from cardio_dagster.watch.checks import dagsters, machine, queues, records, stored
from cardio_dagster.watch.limits import Limits
from cardio_dagster.watch.moments import now, text_of
from cardio_dagster.watch.place import Place, open_engine
from cardio_dagster.watch.words import CHECKS, Check, Health, Level, worse

Look = Callable[[], tuple[Check, ...]]
# what each look tells; the first of them is dead when the look does not come back, of the others nothing is known then
_TOLD = {
    "database": ("database", "ledger", "queue_age", "notices", "held", "clock"),
    "daemon": ("daemon", "sensors"),
    "broker": ("broker", "workers"),
    "models": ("models",),
    "disk": ("disk",),
    "code_server": ("code_server",),
}


class Watch:
    """The health of one place; looks at most once in `limits.kept_s`, whoever asks meanwhile gets the same answer."""

    def __init__(self, place: Place, limits: Limits | None = None, *, clock: Callable[[], datetime] = now) -> None:
        self.place, self.limits, self._clock = place, limits or Limits(), clock
        self._asker: Asker[tuple[Check, ...]] = Asker(self.limits.timeout_s)
        self._since: dict[str, tuple[Level, str]] = {}
        self._kept: tuple[float, Health] | None = None
        self._guard = threading.Lock()

    def health(self) -> Health:
        """Return how everything is; never raises for a part that is down, and takes no longer than one time-out."""
        with self._guard:
            if self._kept is None or time.monotonic() >= self._kept[0]:
                found = self._look()
                self._kept = (time.monotonic() + self.limits.kept_s, found)
            return self._kept[1]

    def _look(self) -> Health:
        at = self._clock()
        answers = self._asker.ask(_questions(self.place, self.limits, at))
        told = {c.name: c for name, answer in answers.items() for c in _checks_of(name, answer)}
        checks = tuple(self._dated(told[name], text_of(at)) for name in CHECKS if name in told)
        is_serving = not any(c.level is Level.DEAD and CHECKS[c.name].matters for c in checks)
        level = (
            Level.DEAD if not is_serving else max((min(c.level, Level.DEGRADED, key=_rank) for c in checks), key=_rank)
        )
        return Health(level, is_serving, text_of(at), checks)

    def _dated(self, check: Check, at: str) -> Check:
        """Return the check with the moment of the first look that saw it at this level, where it knows none itself."""
        level, since = self._since.get(check.name, (None, at))
        if level is not check.level:
            since = at
        self._since[check.name] = (check.level, since)
        return check if check.since else replace(check, since=since)


def health(place: Place, limits: Limits | None = None) -> Health:
    """Look once; `since` is then the present wherever the fact itself has no date."""
    return Watch(place, limits).health()


def _rank(level: Level) -> int:
    return level.rank


def _questions(place: Place, limits: Limits, at: datetime) -> dict[str, Look]:
    chosen: dict[str, Look] = {
        "database": lambda: _database(place, limits, at),
        "daemon": lambda: (*_dagster(place, limits, at),),
        "models": lambda: (machine.models(place.settings),),
        "disk": lambda: (machine.disk(place.settings, limits),),
    }
    if place.broker_url is not None:
        chosen["broker"] = lambda: _broker(place, limits)
    if place.code_server is not None:
        host, port = place.code_server
        chosen["code_server"] = lambda: (machine.code_server(host, port, limits.timeout_s),)
    return chosen


def _database(place: Place, limits: Limits, at: datetime) -> tuple[Check, ...]:
    with open_engine(place.settings.database).connect() as connection:
        return (
            stored.database(connection),
            _or_unknown("ledger", lambda: records.ledger(connection, place.settings, at, limits)),
            _or_unknown("queue_age", lambda: stored.queue_age(connection, at, limits)),
            _or_unknown("notices", lambda: stored.notices_open(connection, at, limits)),
            _or_unknown("held", lambda: stored.held(connection, at, limits)),
            _or_unknown("clock", lambda: stored.clock(connection, limits)),
        )


def _dagster(place: Place, limits: Limits, at: datetime) -> tuple[Check, ...]:
    with open_engine(place.runs_url).connect() as connection:
        spoke = dagsters.daemon(connection, at, limits)
    with open_engine(place.schedules_url).connect() as connection:
        return spoke, _or_unknown("sensors", lambda: dagsters.sensors(connection, at, limits))


def _broker(place: Place, limits: Limits) -> tuple[Check, ...]:
    assert place.broker_url is not None
    with queues.open_client(place.broker_url, limits.timeout_s) as client:
        answers = queues.broker(client, limits)
        return answers, _or_unknown("workers", lambda: queues.workers(queues.workers_of(client), place.queues))


def _or_unknown(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except Exception as error:
        return _unknown(name, type(error).__name__)


def _unknown(name: str, why: str) -> Check:
    return Check(name, Level.DEGRADED, f"could not be looked at ({why})")


def _checks_of(name: str, answer: tuple[Check, ...] | Exception) -> tuple[Check, ...]:
    if not isinstance(answer, Exception):
        return answer
    first, *others = _TOLD[name]
    why = (
        "does not answer in time" if isinstance(answer, TimeoutError) else f"does not answer ({type(answer).__name__})"
    )
    return (worse(first, Level.DEAD, why), *(_unknown(other, f"{first} does not answer") for other in others))
