"""What the ledger tells of itself: its end, its last record, its last anchor.

Belongs here: a look that costs the same however long the ledger is. Not here: proving the whole of it
(stores/ledger/verify.py, `cardio audit verify`).
"""

from datetime import date, datetime, timedelta
from hmac import compare_digest
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.audit_record import Kind
from cardio_dagster.errors import SettingsError
from cardio_dagster.settings import Settings
from cardio_dagster.stores.ledger import tables
from cardio_dagster.stores.ledger.contents import LedgerAnchored
from cardio_dagster.stores.ledger.seals import HEADER, Seals, header_hash
from cardio_dagster.stores.site_key import held_key
from cardio_dagster.watch.limits import Limits
from cardio_dagster.watch.moments import age_s, span
from cardio_dagster.watch.words import Check, Level, ok, worse

_END = {name: tables.head.c[name].label(f"end_{name}") for name in ("ledger_id", "seq", "at", "hash", "mac")}
_LAST = sa.select(sa.func.max(tables.ledger.c.seq)).scalar_subquery()
# one statement, or a record that is appended between two would look like damage
_NEWEST = sa.select(*_END.values(), *tables.ledger.c).select_from(
    tables.head.outerjoin(tables.ledger, tables.ledger.c.seq == _LAST)
)
_ANY = sa.select(tables.ledger.c.seq).limit(1)
_FIRST = sa.select(tables.ledger.c.at).order_by(tables.ledger.c.seq).limit(1)
_ANCHORED = (
    sa.select(tables.contents.c.content)
    .join(tables.ledger, tables.ledger.c.seq == tables.contents.c.seq)
    .where(tables.ledger.c.kind == Kind.LEDGER_ANCHORED.value)
    .order_by(tables.ledger.c.seq.desc())
    .limit(1)
)


def ledger(connection: Connection, settings: Settings, at: datetime, limits: Limits) -> Check:
    """Return whether the end of the ledger was written by this site and its days are anchored in time."""
    end = connection.execute(_NEWEST).one_or_none()
    if end is None:
        if connection.execute(_ANY).first() is None:
            return ok("ledger", "nothing is recorded yet")
        return worse("ledger", Level.DEAD, "it has records and no end")
    fault = _fault(end, settings)
    if fault is not None:
        return worse("ledger", Level.DEAD, fault)
    return _clock_ran_back(end.end_at, at, limits) or _anchoring(connection, settings, at, limits)


def _fault(end: sa.Row[Any], settings: Settings) -> str | None:
    try:
        seals = Seals(held_key(settings.store_dir, settings.site_key), end.end_ledger_id)
    except (SettingsError, OSError):
        return "there is no site key that may be read, so nothing can be recorded"
    if not compare_digest(seals.of_head(end.end_seq, end.end_at, end.end_hash), end.end_mac):
        return "its end was not written with this site's key"
    if (end.end_seq, end.end_hash) != (end.seq, end.hash):
        return "its end names another last record than there is"
    is_sealed = header_hash([getattr(end, name) for name in HEADER]) == end.hash
    if not (is_sealed and compare_digest(seals.of_record(end.hash), end.mac)):
        return "its last record was changed"
    return None


def _clock_ran_back(last_at: str, at: datetime, limits: Limits) -> Check | None:
    ahead_s = -age_s(last_at, at)
    if ahead_s < limits.skew.degraded:
        return None
    return worse("ledger", Level.DEGRADED, f"its last record is {span(ahead_s)} ahead of this machine's clock")


def _anchoring(connection: Connection, settings: Settings, at: datetime, limits: Limits) -> Check:
    """Never dead for a late anchor: studies may go on, and the next call of the schedule mends it."""
    content = connection.execute(_ANCHORED).scalar()
    day = msgspec.json.decode(content, type=LedgerAnchored).day if content else None
    begun = str(connection.execute(_FIRST).scalar())
    ended = date.fromisoformat(day) + timedelta(days=1) if day else date.fromisoformat(begun[:10]) + timedelta(days=1)
    late_s = age_s(f"{ended.isoformat()}T00:00:00+00:00", at)
    told = f"whole at its end, anchored up to {day}" if day else "whole at its end, no day anchored yet"
    if late_s >= limits.anchor.degraded:
        seen = f"{told}, {span(late_s)} ago"
        return Check(
            "ledger", Level.DEGRADED, seen, cure="Look at the schedule anchor_daily, or run `cardio audit anchor`."
        )
    if day and not (settings.anchors / f"{day}.json").is_file():
        return Check(
            "ledger",
            Level.DEGRADED,
            f"{told}, whose file is gone",
            cure="Run `cardio audit anchor`: it is written again.",
        )
    return ok("ledger", told)
