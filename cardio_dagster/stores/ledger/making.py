"""Making: entries become records, each sealed to the one before.

Belongs here: what a record is made of, and which entries stand already. Not here: the transaction (ledger.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.audit_record import Entry, Record
from cardio_dagster.stores.ledger.proving import check_kept
from cardio_dagster.stores.ledger.seals import HEADER, Seals, content_hash, header_hash, new_salt
from cardio_dagster.stores.ledger.tables import contents, head, ledger

_CHUNK = 500  # keys in one statement
_LONGEST_LEAD = timedelta(days=1)  # by which `at` may be ahead of the clock

# built once: building a statement costs more than running it
_STANDING = sa.select(ledger.c.key).where(ledger.c.key.in_(sa.bindparam("keys", expanding=True)))
_ADD_HEADER, _ADD_CONTENT, _FIRST_END = ledger.insert(), contents.insert(), head.insert()
_NEXT_END = head.update().values({name: sa.bindparam(name) for name in ("ledger_id", "seq", "at", "hash", "mac")})


@dataclass(frozen=True, slots=True)
class Head:
    """Where the ledger ends."""

    seq: int
    hash: str
    at: str
    ledger_id: str


@dataclass(frozen=True, slots=True)
class Written:
    """An entry with its content as JSON."""

    entry: Entry
    content: str


def unrecorded(connection: Connection, entries: Sequence[Written]) -> list[Written]:
    """Return the entries whose key does not stand yet, of several with one key the first."""
    keys = sorted({w.entry.key for w in entries if w.entry.key is not None})
    standing: set[str | None] = set()
    for start in range(0, len(keys), _CHUNK):
        standing.update(connection.scalars(_STANDING, {"keys": keys[start : start + _CHUNK]}))
    missing = []
    for written in entries:
        key = written.entry.key
        if key is None or key not in standing:
            missing.append(written)
            standing.add(key)
    return missing


def extend(
    connection: Connection, end: Head, entries: Iterable[Written], key: bytes, clock_at: str
) -> tuple[Record, ...]:
    """Add entries behind the end of the ledger, which the caller has locked, move the end, and return the records.

    Raises LedgerError where the database did not keep all of it.
    """
    seals = Seals(key, end.ledger_id)
    at = _moment(clock_at, end.at)
    records, headers, bodies = [], [], []
    previous = (end.seq, end.hash)
    for written in entries:
        salt = new_salt()
        record = _sealed(written, salt, (at, clock_at), previous)
        previous = (record.seq, record.hash)
        records.append(record)
        headers.append({**_header(record), "hash": record.hash, "mac": seals.of_record(record.hash)})
        bodies.append({"seq": record.seq, "salt": salt, "content": written.content})
    connection.execute(_ADD_HEADER, headers)
    connection.execute(_ADD_CONTENT, bodies)
    end_mac = _move_end(connection, end, Head(*previous, at, end.ledger_id), seals)
    check_kept(connection, headers, bodies, end_mac)
    return tuple(records)


def _moment(clock_at: str, last_at: str) -> str:
    """Return `at` of the next record: never before the last one, unless that came from a clock that ran ahead.

    A clock that is set back by no more than a day repeats the last time. One that is farther back was ahead before (or is
    wrong now): it is believed, or one wrong second would move the times of years. The order of records is `seq` alone.
    """
    if clock_at >= last_at:
        return clock_at
    lead = datetime.fromisoformat(last_at) - datetime.fromisoformat(clock_at)
    return clock_at if lead > _LONGEST_LEAD else last_at


def _sealed(written: Written, salt: str, times: tuple[str, str], previous: tuple[int, str]) -> Record:
    entry = written.entry
    record = Record(
        seq=previous[0] + 1,
        at=times[0],
        clock_at=times[1],
        kind=entry.kind,
        actor=str(entry.actor),
        role=entry.actor.role,
        study_id=entry.study_id,
        revision=entry.revision,
        key=entry.key,
        content_sha256=content_hash(salt, written.content),
        previous_hash=previous[1],
        hash="",
        content=written.content,
    )
    return replace(record, hash=header_hash(tuple(_header(record).values())))


def _header(record: Record) -> dict[str, Any]:
    return {name: record.kind.value if name == "kind" else getattr(record, name) for name in HEADER}


def _move_end(connection: Connection, old: Head, new: Head, seals: Seals) -> str:
    """Note the new end and return its proof."""
    values: dict[str, Any] = {"ledger_id": new.ledger_id, "seq": new.seq, "at": new.at, "hash": new.hash}
    values["mac"] = mac = seals.of_head(new.seq, new.at, new.hash)
    if old.seq == 0:
        connection.execute(_FIRST_END, {"one": 1, **values})
    else:
        connection.execute(_NEXT_END, values)
    return mac
