"""Anchoring: once a day everything recorded so far gets an anchor.

Belongs here: what an anchor covers, and its record. Not here: files and signatures (anchors.py) or the schedule
(orchestration/anchoring.py).

An anchor covers the records from the last anchor to the end, by number: what a clock said decides its name and nothing
else, so that no wrong time leaves a record out. The record comes first, in one transaction with the look at the end, and
the file is made from the record; so a crash between the two, or a lost folder, is mended by the next call, and the file
says the same. Nothing is signed that does not carry the proof of this site's key: an anchor never blesses what somebody
else wrote.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.stores.ledger import tables
from cardio_dagster.stores.ledger.anchors import Anchor, day_of, days_of, sign, write
from cardio_dagster.stores.ledger.contents import LedgerAnchored, decode
from cardio_dagster.stores.ledger.ledger import WRITTEN_BY_OTHERS, Ledger
from cardio_dagster.stores.ledger.making import Head
from cardio_dagster.stores.ledger.proving import WHOLE, LedgerError, is_proven
from cardio_dagster.stores.ledger.seals import Seals

SCHEDULE = Actor(ActorKind.SCHEDULE, "anchor_daily")
_MOST_DAYS = 31  # caught up one by one; a clock that is years ahead must not make thousands of files
_HEADER = tables.ledger.c
_NEWEST = (
    sa.select(tables.ledger).where(_HEADER.kind == Kind.LEDGER_ANCHORED.value).order_by(_HEADER.seq.desc()).limit(1)
)


def anchor_day(ledger: Ledger, day: date, anchor_dir: Path, *, actor: Actor = SCHEDULE) -> Anchor | None:
    """Anchor everything recorded so far under the name of a day, and return the anchor.

    None if the day is not over by clock and newest record, if nothing was recorded before its end, or if it has its anchor.
    A file that is missing although its day is anchored is written again, the same, and returned. Raises LedgerError for
    records that this site did not write.
    """
    end = (day + timedelta(days=1)).isoformat()
    with ledger.engine.begin() as connection:
        if ledger.is_empty(connection):
            return None
        head = ledger.lock(connection)
        recorded = _recorded(ledger, connection, head, day.isoformat())
        first_at = connection.scalar(sa.select(_HEADER.at).where(_HEADER.seq == 1)) or ""
        if recorded is None and (max(ledger.now(), head.at) < end or first_at >= end):
            return None
        anchor = recorded or _record(ledger, connection, head, day.isoformat(), actor)
    is_written = write(anchor, ledger.key, anchor_dir)
    return anchor if is_written or recorded is None else None


def anchor_every_day(ledger: Ledger, anchor_dir: Path, *, today: date, actor: Actor = SCHEDULE) -> tuple[Anchor, ...]:
    """Anchor the days before `today` that are not, write lost files again, and return the anchors written; errors as above.

    Where yesterday has its anchor already, although the last one is not of today (the clock had been ahead), yesterday gets
    another: what was recorded since is never left without.
    """
    made = [
        *_lost(ledger, anchor_dir),
        *(anchor_day(ledger, day, anchor_dir, actor=actor) for day in open_days(ledger, today=today)),
        _anchor_again(ledger, today - timedelta(days=1), anchor_dir, actor),
    ]
    return tuple(anchor for anchor in made if anchor is not None)


def open_days(ledger: Ledger, *, today: date) -> list[date]:
    """Return the days from the first record on that are over and without an anchor, in order, at most the last 31."""
    first = next(ledger.records(until_seq=1), None)
    if first is None:
        return []
    begun = max(date.fromisoformat(first.at[:10]), today - timedelta(days=_MOST_DAYS))
    done = set(anchored_days(ledger))
    days = (begun + timedelta(days=n) for n in range((today - begun).days))
    return [day for day in days if day not in done]


def anchored_days(ledger: Ledger) -> list[date]:
    """Return the days that the ledger names as anchored, in order."""
    return sorted({day for day in map(day_of, _names(ledger)) if day is not None})


def _names(ledger: Ledger) -> list[str]:
    return [decode(record).day for record in ledger.records(kinds=(Kind.LEDGER_ANCHORED,))]


def _lost(ledger: Ledger, anchor_dir: Path) -> Iterator[Anchor]:
    """Write the files again that the ledger names and the folder has not."""
    present = {name for name, _ in days_of(anchor_dir)}
    for name in _names(ledger):
        if name in present:
            continue
        with ledger.engine.begin() as connection:
            anchor = _recorded(ledger, connection, ledger.lock(connection), name)
        if anchor is not None and write(anchor, ledger.key, anchor_dir):
            yield anchor


def _anchor_again(ledger: Ledger, day: date, anchor_dir: Path, actor: Actor) -> Anchor | None:
    """Anchor under a further name of the day, unless the newest anchor (failing that, the first record) is of today."""
    with ledger.engine.begin() as connection:
        if ledger.is_empty(connection):
            return None
        head = ledger.lock(connection)
        last = connection.execute(_NEWEST).first() or connection.execute(WHOLE.where(_HEADER.seq == 1)).one()
        if last.clock_at[:10] == ledger.now()[:10]:
            return None
        names = (day.isoformat() if n == 1 else f"{day.isoformat()}.{n}" for n in count(1))
        name = next(name for name in names if _seq_of(connection, name) is None)
        anchor = _record(ledger, connection, head, name, actor)
    write(anchor, ledger.key, anchor_dir)
    return anchor


def _recorded(ledger: Ledger, connection: Connection, head: Head, name: str) -> Anchor | None:
    """Return the anchor that the ledger names so."""
    seq = _seq_of(connection, name)
    if seq is None:
        return None
    told = _told(_proven(ledger, connection, head, seq))
    return sign(Anchor(told.day, head.ledger_id, told.first_seq, told.last_seq, told.count, told.root_hash), ledger.key)


def _record(ledger: Ledger, connection: Connection, head: Head, name: str, actor: Actor) -> Anchor:
    """Record an anchor of everything since the last one."""
    newest = connection.execute(_NEWEST).first()
    first = 1 if newest is None else _told(_proven(ledger, connection, head, newest.seq)).last_seq + 1
    root = str(_proven(ledger, connection, head, head.seq).hash)
    anchor = sign(Anchor(name, head.ledger_id, first, head.seq, head.seq - first + 1, root), ledger.key)
    content = LedgerAnchored(name, first, head.seq, anchor.count, root, anchor.signature)
    ledger.append(Entry(Kind.LEDGER_ANCHORED, actor, content, key=_key(name)), connection=connection)
    return anchor


def _seq_of(connection: Connection, name: str) -> int | None:
    return connection.scalar(sa.select(_HEADER.seq).where(_HEADER.key == _key(name)))


def _told(row: sa.Row[Any]) -> LedgerAnchored:
    return msgspec.json.decode(row.content, type=LedgerAnchored)


def _proven(ledger: Ledger, connection: Connection, head: Head, seq: int) -> sa.Row[Any]:
    """Return a record that is all that this site sealed; raises LedgerError for any other."""
    row = connection.execute(WHOLE.where(_HEADER.seq == seq)).one()
    if not is_proven(row, Seals(ledger.key, head.ledger_id)):
        raise LedgerError(WRITTEN_BY_OTHERS.format(seq=seq, left="nothing was anchored"))
    return row


def _key(name: str) -> str:
    return f"anchor:{name}"
