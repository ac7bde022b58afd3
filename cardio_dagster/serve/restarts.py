"""Restarts in the ledger: what the supervisor started again, recorded by a process of its own.

Belongs here: keeping what is to be recorded until a database takes it. Not here: starting again (supervisor.py). The supervisor opens
no database itself: one that does not answer would keep it from its services, and the one that died may be the database.
"""

import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from cardio_dagster.serve.logs import LOGGER

AGAIN_S = 10.0  # after a recording that failed
MOST = 1000  # kept; the supervisor's log has all
_COMMAND = (sys.executable, "-m", "cardio_dagster.serve.restarts")
_log = logging.getLogger(LOGGER)


@dataclass(frozen=True, slots=True)
class Restart:
    """One end of a service that was followed by a start; the fields are those of audit_contents.ServiceRestarted."""

    service: str
    how: str
    restarts: int
    ended_at: str


@dataclass(slots=True)
class Restarts:
    """What is to be recorded, in order, and the process that records it; `environment` is that of the services."""

    environment: Mapping[str, str]
    command: tuple[str, ...] = _COMMAND
    _waiting: list[Restart] = field(default_factory=list)
    _sent: list[Restart] = field(default_factory=list)
    _process: "subprocess.Popen[bytes] | None" = None
    _next_s: float = 0.0

    def add(self, service: str, how: str, restarts: int) -> None:
        """Take note of a service that ended now and is started again."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._waiting = [*self._waiting, Restart(service, how, restarts, now)][-MOST:]

    def go_on(self) -> None:
        """Start a recording if something waits, and see what became of the last; never waits."""
        if self._process is not None and (code := self._process.poll()) is not None:
            self._ended(code)
        if self._process is None and self._waiting and time.monotonic() >= self._next_s:
            self._send()

    def finish(self, patience_s: float) -> None:
        """Record what waits while the database still lives; what cannot be recorded in time stays in the log alone."""
        deadline_s, self._next_s = time.monotonic() + patience_s, 0.0
        while (self._waiting or self._process is not None) and time.monotonic() < deadline_s:
            self.go_on()
            time.sleep(0.05)
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for one in (*self._sent, *self._waiting):
            _log.error("not in the ledger: %s ended at %s (%s)", one.service, one.ended_at, one.how)

    def _send(self) -> None:
        with tempfile.TemporaryFile() as told:  # a pipe would hold up the supervisor until somebody reads
            told.write(json.dumps([asdict(one) for one in self._waiting]).encode())
            told.seek(0)
            self._process = subprocess.Popen(
                self.command,
                stdin=told,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(self.environment),
                process_group=0,
            )
        self._sent, self._waiting = self._waiting, []

    def _ended(self, code: int) -> None:
        if code != 0:  # recorded once, however often it is sent: each has its key
            self._waiting, self._next_s = [*self._sent, *self._waiting][-MOST:], time.monotonic() + AGAIN_S
        self._process, self._sent = None, []


def record(told: str) -> None:
    """Append restarts, as JSON, to the ledger that the settings name; raises what a database that is down raises."""
    from cardio_dagster.audit_contents import ServiceRestarted
    from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
    from cardio_dagster.settings import settings
    from cardio_dagster.stores.database import connect, create_tables
    from cardio_dagster.stores.ledger import Ledger
    from cardio_dagster.stores.site_key import site_key

    chosen, supervisor = settings(), Actor(ActorKind.SERVICE, "supervisor")
    engine = connect(chosen.database)
    create_tables(engine)
    made = [ServiceRestarted(**one) for one in json.loads(told)]
    entries = [Entry(Kind.SERVICE_RESTARTED, supervisor, m, key=f"restart:{m.service}:{m.ended_at}") for m in made]
    Ledger(engine, site_key(chosen.store_dir, chosen.site_key)).append(*entries)


if __name__ == "__main__":
    record(sys.stdin.read())
