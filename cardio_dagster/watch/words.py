"""Level, Check, Health: the words of watching, and which checks matter.

Belongs here: values and the table of checks. Not here: looking (checks/) or when a value is too large (limits.py).
"""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How something is: as it should be, worse than it should be, or not there at all."""

    OK = "ok"
    DEGRADED = "degraded"
    DEAD = "dead"

    @property
    def rank(self) -> int:
        """0 for OK to 2 for DEAD, because texts do not sort by weight."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `since` is ISO 8601, UTC: of the fact, or of the first look that saw it so.

    `seen` is a sentence without paths, addresses or names of people; `cure` is None where all is well.
    """

    name: str
    level: Level
    seen: str
    since: str | None = None
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that was looked at, in the order of CHECKS."""

    level: Level
    is_serving: bool  # nothing that matters is dead
    at: str
    checks: tuple[Check, ...]

    def check(self, name: str) -> Check | None:
        """Return one check; None where the profile has no such part."""
        return next((c for c in self.checks if c.name == name), None)


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a check beforehand: whether /health answers 503 when it is dead, and what is then to be done."""

    matters: bool
    cure: str


CHECKS: dict[str, About] = {
    "database": About(True, "Start PostgreSQL, or free the disk of the store; then `cardio status`."),
    "ledger": About(True, "Run `cardio audit verify`; restore the database from the backup if it names damage."),
    "models": About(True, "Reinstall the package, or correct CARDIO_MODEL_CATALOGUE."),
    "disk": About(True, "Free space below CARDIO_DATA_DIR; `cardio audit purge` says what may go."),
    "broker": About(True, "Start Redis, or correct CARDIO_BROKER_URL."),
    "workers": About(True, "Start a worker with `cardio worker --queue` and the queues named."),
    "code_server": About(True, "Run `cardio status`; start it again with `cardio up`."),
    "daemon": About(
        True, "Run `cardio status`; end the daemon by its process id, and its supervisor starts a new one."
    ),
    "sensors": About(True, "Look at the failing ticks in the Dagster UI under Automation; turn on what is off."),
    "queue_age": About(False, "Start more workers, or look for what holds up the oldest study with `cardio monitor`."),
    "notices": About(False, "Acknowledge with `cardio notices ack`; `cardio notices list` shows what is open."),
    "held": About(False, "Decide on the held reports; `cardio review list` shows them."),
    "clock": About(False, "Let NTP set the clock of this machine and of the database's."),
}


def ok(name: str, seen: str) -> Check:
    """Return a check that is as it should be."""
    return Check(name, Level.OK, seen)


def worse(name: str, level: Level, seen: str, since: str | None = None) -> Check:
    """Return a check that is not, with the cure of the table."""
    return Check(name, level, seen, since, CHECKS[name].cure)
