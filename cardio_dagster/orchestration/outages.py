"""Outages of what all studies need: each move of a breaker in the ledger, and one notice for an outage.

Belongs here: what a move is to be told as, and to whom. Not here: when a breaker moves (breaker.py), or how a notice is
sent (escalating.py).
"""

from datetime import datetime

from cardio_dagster.audit_contents import BreakerMoved
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.errors import CHECKPOINTS, DISK, REPORTS, DependencyError
from cardio_dagster.escalation.machine import breaker_cause, disk_cause
from cardio_dagster.orchestration.escalating import raise_notices
from cardio_dagster.orchestration.probes import probes_of
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.notices import Cause

_SENSOR = Actor(ActorKind.SENSOR, "new_study_sensor")
_STORE = "store"  # the use of the disk, instead of its path


def record_move(moved: BreakerMoved, since: str, *, stores: Stores) -> None:
    """Record a breaker's move in the ledger and raise its notice, in one transaction; raises what the database raises.

    `since` is when the outage began: a breaker that tries in vain and opens again is of the same outage and raises
    nothing more, answered or not.
    """
    engine, ledger = connect(stores.database_url), stores.ledger()
    cause = _cause_of(moved, datetime.fromisoformat(since), stores) if moved.state == "open" else None
    with engine.begin() as connection:
        raised = raise_notices([cause] if cause else [], stores, _SENSOR, connection=connection)
        ledger.append(Entry(Kind.BREAKER_MOVED, _SENSOR, moved), *raised, connection=connection)


def _cause_of(moved: BreakerMoved, since: datetime, stores: Stores) -> Cause | None:
    """Return what the notice is about: a store that takes nothing because its disk is full is an outage of the disk."""
    if moved.dependency == DISK or (moved.dependency in (CHECKPOINTS, REPORTS) and _is_disk_full(stores)):
        return disk_cause(_STORE, at=since)
    return breaker_cause(moved, at=since)


def _is_disk_full(stores: Stores) -> bool:
    try:
        probes_of(stores)[DISK]()
    except DependencyError:
        return True
    return False
