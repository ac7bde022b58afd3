"""One look at the landing folder, within a budget of time: what the sensor calls at each tick.

Belongs here: the order of the work, the cursor, and that one bad drop never stops the
others. Not here: any of the work itself (landing.py, claim.py, accept.py).
"""

import errno
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import sqlalchemy as sa

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.intake.accept import Acceptor, Fate, Taken
from cardio_dagster.intake.claim import Claim, ClaimDesk
from cardio_dagster.intake.files import Sniff
from cardio_dagster.intake.landing import Candidate, Observation, candidates, is_complete, observe, signature
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.patient import Identify, PatientDesk
from cardio_dagster.outcome import Problem
from cardio_dagster.stores.priors import PriorStore
from cardio_dagster.stores.studies import StudyRegistry

DEFAULT_QUIET_WINDOW_S = 10.0
MAX_OBSERVED = 4096  # candidates that wait in the cursor at a time; 50 bytes each

Witness = Callable[[Taken], None]

_log = logging.getLogger(__name__)
_DATABASE_DOWN = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
_DISK_DOWN = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan did. `waiting`: candidates not complete or not reached; `more`: the budget ended first.

    `accepted` are new and re-opened studies; `quarantined` every drop of which something
    was refused, among them accepted ones; `postponed` drops stay claimed for the next scan.
    """

    cursor: str
    accepted: tuple[Taken, ...]
    duplicates: tuple[Taken, ...]
    quarantined: tuple[Taken, ...]
    postponed: int
    waiting: int
    more: bool


@dataclass(slots=True)
class _Cursor:
    """What one scan tells the next; its keys are pseudonyms."""

    after: str = ""
    seen: dict[str, tuple[str, float]] = field(default_factory=dict)


def scan(
    landing: Path,
    store: Path,
    registry: StudyRegistry,
    priors: PriorStore,
    *,
    cursor: str | None,
    now: float,
    budget_s: float,
    sniff: Sniff,
    identify: Identify,
    key: bytes,
    limits: IntakeLimits | None = None,
    quiet_window_s: float = DEFAULT_QUIET_WINDOW_S,
    witness: Witness = lambda _: None,
) -> ScanResult:
    """Take what is complete in `landing` into `store` and register it, for about `budget_s` seconds.

    `now` is the time in seconds since 1970; `cursor` what the scan before returned (None or
    anything unreadable: begin afresh). At least one drop is handled however small the
    budget; the next scan goes on after the last one looked at. The cost follows from what
    lies in the landing folder, because what is accepted leaves it.

    `witness` is told what became of each drop before its claim is closed; after a crash between the two it is told again.

    Raises SettingsError without a landing folder, and what a failing database or a full
    disk raises: then no drop is to blame, and all stay for the next scan.
    """
    scanner = _Scanner(
        landing=landing,
        desk=ClaimDesk(landing, store),
        acceptor=Acceptor(registry, store, sniff, limits or IntakeLimits(), PatientDesk(priors, identify, key)),
        now_s=now,
        budget_s=budget_s,
        quiet_window_s=quiet_window_s,
        cursor=_read_cursor(cursor),
        began_s=time.monotonic(),
        witness=witness,
    )
    return scanner.run(candidates(landing, key=key))


@dataclass(slots=True)
class _Scanner:
    landing: Path
    desk: ClaimDesk
    acceptor: Acceptor
    now_s: float
    budget_s: float
    quiet_window_s: float
    cursor: _Cursor
    began_s: float
    witness: Witness
    taken: list[Taken] = field(default_factory=list)
    postponed: int = 0

    def run(self, found: tuple[Candidate, ...]) -> ScanResult:
        more = self._finish_left_behind()
        waiting = {candidate.key for candidate in found}
        self.cursor.seen = {key: seen for key, seen in self.cursor.seen.items() if key in waiting}
        for position, candidate in enumerate(_round_robin(found, self.cursor.after)):
            more = more or (position > 0 and self._is_spent())
            if more:
                break
            self.cursor.after = candidate.key
            if self._look(candidate):
                waiting.discard(candidate.key)
        return self._result(len(waiting), more)

    def _finish_left_behind(self) -> bool:
        for claim in self.desk.left_behind():
            self._handle(claim)
            if self._is_spent():
                return True
        return False

    def _look(self, candidate: Candidate) -> bool:
        """Observe one candidate and take it if it is complete; return whether it left the landing folder."""
        seen = signature(self.landing, candidate)
        if seen is None:
            return False
        previous = self._previous(candidate)
        now_s = self.now_s + time.monotonic() - self.began_s
        complete = is_complete(self.landing, candidate, previous, seen, now_s=now_s, quiet_window_s=self.quiet_window_s)
        claim = self._take(candidate, seen, now_s) if complete else None
        if claim:
            self._handle(claim)
            self.cursor.seen.pop(candidate.key, None)
            return True
        if previous or len(self.cursor.seen) < MAX_OBSERVED:
            watched = observe(previous, seen, now_s=now_s)
            self.cursor.seen[candidate.key] = (watched.signature, round(watched.since_s, 3))
        return False

    def _take(self, candidate: Candidate, seen: str, now_s: float) -> Claim | None:
        received_at = datetime.fromtimestamp(now_s, UTC).isoformat(timespec="milliseconds")
        try:
            return self.desk.take(candidate, seen, received_at=received_at)
        except OSError as error:
            if error.errno in _DISK_DOWN:
                raise
            _log.warning("a candidate could not be claimed: %s", type(error).__name__)
            self.postponed += 1
            return None

    def _handle(self, claim: Claim) -> None:
        """Accept a claim; whatever is wrong with it alone never leaves this function."""
        limits = self.acceptor.limits
        try:
            if claim.ticket.attempts > limits.max_attempts:
                seen = f"{claim.ticket.attempts - 1} attempts"
                often = problem("E_RETRIES_001", "intake failed on this drop again and again", seen=seen)
                taken = self.acceptor.quarantine(claim, (often,))
            else:
                taken = self._accept(claim)
            self.witness(taken)
        except (OSError, MemoryError, *_DATABASE_DOWN) as error:
            is_machine = isinstance(error, _DATABASE_DOWN) or getattr(error, "errno", None) in _DISK_DOWN
            self.desk.postpone(claim, blameless=is_machine)
            if is_machine:
                raise
            _log.warning("a drop is left to the next scan: %s", type(error).__name__)
            self.postponed += 1
            return
        self.desk.close(claim)
        self.taken.append(taken)

    def _accept(self, claim: Claim) -> Taken:
        try:
            return self.acceptor.accept(claim)
        except (OSError, MemoryError, *_DATABASE_DOWN):
            raise
        except StudyError as error:
            return self.acceptor.quarantine(claim, (error.problem,))
        except Exception as error:  # a defect met by one drop must not stop the others
            _log.error("a drop met a defect of intake: %s", type(error).__name__)
            return self.acceptor.quarantine(claim, (_defect(error),))

    def _is_spent(self) -> bool:
        return time.monotonic() - self.began_s >= self.budget_s

    def _previous(self, candidate: Candidate) -> Observation | None:
        seen = self.cursor.seen.get(candidate.key)
        return None if seen is None else Observation(*seen)

    def _result(self, waiting: int, more: bool) -> ScanResult:
        if not more:
            self.cursor.after = ""
        return ScanResult(
            cursor=msgspec.json.encode(self.cursor).decode(),
            accepted=tuple(t for t in self.taken if t.fate in {Fate.REGISTERED, Fate.REOPENED}),
            duplicates=tuple(t for t in self.taken if t.fate is Fate.DUPLICATE),
            quarantined=tuple(t for t in self.taken if t.fate is Fate.QUARANTINED or t.problems),
            postponed=self.postponed,
            waiting=waiting,
            more=more,
        )


def _round_robin(found: tuple[Candidate, ...], after: str) -> Iterator[Candidate]:
    """Yield all candidates once, beginning behind the last one that the scan before looked at."""
    yield from (candidate for candidate in found if candidate.key > after)
    yield from (candidate for candidate in found if candidate.key <= after)


def _read_cursor(text: str | None) -> _Cursor:
    try:
        return msgspec.json.decode(text, type=_Cursor) if text else _Cursor()
    except (msgspec.MsgspecError, ValueError):
        return _Cursor()


def _defect(error: Exception) -> Problem:
    return problem("E_INTERNAL_001", "intake met a defect of its own", seen=type(error).__name__)
