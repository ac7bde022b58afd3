"""Ledger: appending records to the chain, and reading them.

Belongs here: the transaction that makes records, and the end that it locks. Not here: what is recorded (the callers),
purging (purging.py), anchoring (anchoring.py) or proving (verify.py).
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from hmac import compare_digest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind, Record
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.ledger import queries, tables
from cardio_dagster.stores.ledger.contents import LedgerOpened, encode
from cardio_dagster.stores.ledger.making import Head, Written, extend, unrecorded
from cardio_dagster.stores.ledger.proving import WHOLE, LedgerError, is_proven
from cardio_dagster.stores.ledger.seals import FIRST_HASH, FORMAT, Seals
from cardio_dagster.stores.studies import utc_now

_PAGE = 1000  # rows fetched at once
_OPENING_LOCK = (
    0x6C656467  # any number, the same in every process; a lock on the table would meet those who append already
)
_OPENER = Actor(ActorKind.SERVICE, "ledger")
_ANY = sa.select(tables.ledger.c.seq).limit(1)
WRITTEN_BY_OTHERS = (
    "record {seq} of the audit ledger was not written by this site; {left}. Run `cardio audit verify`, then restore the "
    "database from the backup"
)


class Ledger:
    """The audit ledger on one database; make the tables first with `create_tables(engine)`."""

    def __init__(self, engine: Engine, key: bytes, *, clock: Callable[[], str] = utc_now) -> None:
        self.engine = engine
        self.key = key
        self.now = clock

    def append(self, *entries: Entry, connection: Connection | None = None) -> tuple[Record, ...]:
        """Record entries in the order given and return their records; one whose `key` stands already is left out.

        Everything happens in one transaction: one of its own, or that of `connection`, which must be a writing one
        (`engine.begin()`) and should append last, because the end of the ledger stays locked until it commits. Numbers
        are without gaps whoever appends at once. The first append of all opens the ledger with a record of its own.

        Raises TypeError for a content that is not of its kind's class and LedgerError where the end of the ledger was
        forged (a new record would cover it up) or the database did not keep what it was given. Nothing is recorded then.
        """
        written = [Written(entry, encode(entry.kind, entry.content)) for entry in entries]
        with self.engine.begin() if connection is None else nullcontext(connection) as own:
            end = self.lock(own)
            missing = unrecorded(own, written)
            return extend(own, end, missing, self.key, self.now()) if missing else ()

    def records(
        self,
        *,
        study_id: str | None = None,
        kinds: Iterable[Kind] = (),
        since_seq: int = 0,
        until_seq: int | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterator[Record]:
        """Yield records by seq, streamed, so that any number of them fits into memory.

        Seqs are inclusive at both ends; `since` and `until` are ISO 8601 times in UTC, the first inclusive, the second
        not. What is not given does not narrow. A connection is held until the last record or the end of the generator.
        """
        query = queries.chosen(
            study_id=study_id, kinds=kinds, since_seq=since_seq, until_seq=until_seq, since=since, until=until
        )
        with reading(self.engine) as connection:
            for row in connection.execution_options(yield_per=_PAGE).execute(query):
                yield queries.to_record(row)

    def last(self, kind: Kind) -> Record | None:
        """Return the newest record of a kind; None if there is none."""
        with reading(self.engine) as connection:
            row = connection.execute(queries.newest(kind)).one_or_none()
        return None if row is None else queries.to_record(row)

    def proven(self, key: str) -> Record | None:
        """Return the record with this key after proving it; None if there is none.

        Its content is None once purged. Raises LedgerError unless header, content and the end of the ledger carry this
        site's proof and the record lies before that end: whatever is done on the strength of a record needs this.
        """
        with reading(self.engine) as connection:
            row = connection.execute(WHOLE.where(tables.ledger.c.key == key)).one_or_none()
            end = connection.execute(queries.HEAD).one_or_none()
        if row is None:
            return None
        if (
            end is None
            or not self._is_own_end(end)
            or row.seq > end.seq
            or not is_proven(row, self._seals(end.ledger_id))
        ):
            raise LedgerError(WRITTEN_BY_OTHERS.format(seq=row.seq, left="nothing was done on the strength of it"))
        return queries.to_record(row)

    def head(self) -> Head | None:
        """Return where the ledger ends, as it says itself; None before the first append."""
        with reading(self.engine) as connection:
            row = connection.execute(queries.HEAD).one_or_none()
        return None if row is None else _to_head(row)

    def is_empty(self, connection: Connection) -> bool:
        """Return whether nothing was ever recorded."""
        return connection.execute(_ANY).first() is None

    def lock(self, connection: Connection) -> Head:
        """Return the end of the ledger, locked against other writers until this transaction ends; opens a new ledger.

        Raises LedgerError for an end that this site did not write.
        """
        row = connection.execute(queries.LOCKED_HEAD).one_or_none()
        if row is None and connection.dialect.name == "postgresql":  # no row yet that could be locked
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_OPENING_LOCK)))
            row = connection.execute(queries.LOCKED_HEAD).one_or_none()
        if row is None:
            return self._open(connection)
        if not self._is_own_end(row):
            raise LedgerError(
                "the end of the audit ledger was not written with this site's key; run `cardio audit verify`, then "
                "restore the key or the database from the backup"
            )
        return _to_head(row)

    def _seals(self, ledger_id: str) -> Seals:
        return Seals(self.key, ledger_id)

    def _is_own_end(self, row: sa.Row[Any]) -> bool:
        return compare_digest(self._seals(row.ledger_id).of_head(row.seq, row.at, row.hash), row.mac)

    def _open(self, connection: Connection) -> Head:
        if not self.is_empty(connection):
            raise LedgerError(
                "the audit ledger has records and no end; run `cardio audit verify`, then restore the database from the backup"
            )
        ledger_id = secrets.token_hex(16)
        opened = Entry(Kind.LEDGER_OPENED, _OPENER, LedgerOpened(ledger_id, FORMAT))
        start = Head(0, FIRST_HASH, "", ledger_id)
        extend(connection, start, [Written(opened, encode(opened.kind, opened.content))], self.key, self.now())
        return _to_head(connection.execute(queries.HEAD).one())


def _to_head(row: sa.Row[Any]) -> Head:
    return Head(row.seq, row.hash, row.at, row.ledger_id)
