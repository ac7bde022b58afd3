"""Circuit breakers: what all studies need is left alone while it is down, and tried again once in a while.

Belongs here: the breaker of each dependency, and what is to be told when one opens or closes. Not here: how to look
whether a dependency answers (probes.py), or the telling itself (outages.py).

The breakers live as long as their process: the code server's are the sensor's, a run has its own. Time is that of the
monotonic clock: pybreaker's own is the machine's, which may be set back.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pybreaker

from cardio_dagster.audit_contents import BreakerMoved
from cardio_dagster.errors import CHECKPOINTS, DATABASE, DISK, REPORTS
from cardio_dagster.orchestration.probes import probes_of
from cardio_dagster.orchestration.resources import Stores

log = logging.getLogger(__name__)
Probe = Callable[[], None]
OnMove = Callable[[BreakerMoved, str], None]  # with the beginning of the outage, ISO 8601 in UTC
_NEVER_S = 10 * 365 * 86_400.0  # pybreaker's own time-out: ours comes first


@dataclass(frozen=True, slots=True)
class Down:
    """A dependency that does not answer, since when, and why, in words without a path."""

    dependency: str
    since: str  # ISO 8601, UTC
    why: str
    is_open: bool

    def __str__(self) -> str:
        """Return a sentence for the operator."""
        rest = "no run is asked for until it answers" if self.is_open else "it is looked at again at the next tick"
        return f"{self.dependency} is down since {self.since} ({self.why}); {rest}"


class _Listener(pybreaker.CircuitBreakerListener):
    def __init__(self, moved: Callable[[str], None]) -> None:
        self._moved = moved

    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
        """Pass on the name of the new state."""
        self._moved(new_state.name)


class Breaker:
    """The breaker of one dependency: `failures` in a row open it, after `reset_s` it is probed once."""

    def __init__(self, dependency: str, *, failures: int, reset_s: float, moved: OnMove) -> None:
        self._dependency, self._reset_s, self._moved = dependency, reset_s, moved
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=failures,
            reset_timeout=_NEVER_S,
            listeners=[_Listener(self._tell)],
            name=dependency,
            throw_new_error_on_trip=False,
        )
        self._opened_s = 0.0
        self._since, self._why = "", ""

    @property
    def is_open(self) -> bool:
        """Return whether the dependency is left alone."""
        return bool(self._breaker.current_state == pybreaker.STATE_OPEN)

    @property
    def down(self) -> Down | None:
        """Return what is known of a failure that has not been followed by a success; None where all is well."""
        return Down(self._dependency, self._since, self._why, self.is_open) if self._since else None

    def look(self, probe: Probe) -> Down | None:
        """Look whether the dependency answers, unless it is being left alone; return None if it does."""
        if self.is_open:
            if time.monotonic() - self._opened_s < self._reset_s:
                return self.down
            self._breaker.half_open()
        try:
            self._breaker.call(probe)
        except Exception as error:
            self._note(str(error) if str(error).startswith(f"{self._dependency}: ") else type(error).__name__)
            return self.down
        self._since = self._why = ""
        return None

    def trip(self, why: str) -> None:
        """Open: whoever reports it has tried the dependency as often as the table of failures says."""
        self._note(why)
        if not self.is_open:
            self._breaker.open()

    def _note(self, why: str) -> None:
        self._why = why.removeprefix(f"{self._dependency}: ")
        self._since = self._since or datetime.now(UTC).isoformat(timespec="seconds")

    def _tell(self, state: str) -> None:
        if state == pybreaker.STATE_OPEN:
            self._opened_s = time.monotonic()
        why = self._why or None if state != pybreaker.STATE_CLOSED else None
        self._moved(BreakerMoved(self._dependency, state, int(self._breaker.fail_counter), why), self._since)


class Breakers:
    """The breakers of all dependencies of one installation, and the moves that are still to be told."""

    def __init__(self, probes: Mapping[str, Probe], *, failures: int, reset_s: float) -> None:
        self._untold: list[tuple[BreakerMoved, str]] = []
        make = partial(Breaker, failures=failures, reset_s=reset_s, moved=self._note)
        self._probes = dict(probes)
        self._breakers = {name: make(name) for name in (DATABASE, DISK, CHECKPOINTS, REPORTS)}

    def look(self) -> Down | None:
        """Return the first dependency that is down; None where all answer."""
        return next((down for name, probe in self._probes.items() if (down := self._breakers[name].look(probe))), None)

    def down(self) -> Down | None:
        """Return the first dependency whose breaker is open, without looking at any."""
        return next((b.down for b in self._breakers.values() if b.is_open), None)

    def trip(self, dependency: str, why: str) -> None:
        """Leave a dependency alone from now on, on the word of a run that gave it up."""
        self._breakers[dependency].trip(why)

    def tell(self, on_move: OnMove) -> None:
        """Hand over each move once, in order; one that cannot be told now (the database is down) is told later."""
        while self._untold:
            try:
                on_move(*self._untold[0])
            except Exception as error:
                log.warning("a breaker's move cannot be told yet: %s", type(error).__name__)
                return
            self._untold.pop(0)

    def _note(self, moved: BreakerMoved, since: str) -> None:
        self._untold.append((moved, since))


_of_installation: dict[tuple[str, str, int, float], Breakers] = {}


def breakers_of(stores: Stores) -> Breakers:
    """Return the breakers that this process keeps for an installation."""
    key = (stores.store_dir, stores.database_url, stores.breaker_failures, stores.breaker_reset_s)
    if key not in _of_installation:
        probes = probes_of(stores)
        _of_installation[key] = Breakers(probes, failures=stores.breaker_failures, reset_s=stores.breaker_reset_s)
    return _of_installation[key]
