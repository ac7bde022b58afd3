"""Verify: everything that can be said of a ledger, whatever was done to it.

Belongs here: the order of the looks, and those at head and guards. Not here: the walk (chain.py), purges
(purge_proofs.py), anchors (anchor_proofs.py), rows of other stores (row_proofs.py) or the words of the faults (faults.py).
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from cardio_dagster.audit_record import Kind
from cardio_dagster.stores.ledger import (
    anchor_proofs,
    chain,
    guards_postgres,
    guards_sqlite,
    purge_proofs,
    row_proofs,
    soundness,
    tables,
)
from cardio_dagster.stores.ledger.chain import Walked
from cardio_dagster.stores.ledger.contents import LedgerOpened
from cardio_dagster.stores.ledger.faults import Damage, Fault, Faults
from cardio_dagster.stores.ledger.purge_proofs import PurgeProofs
from cardio_dagster.stores.ledger.seals import Seals
from cardio_dagster.stores.ledger.snapshot import Row, any_text, snapshot, stream

_HEAD_QUERY = "SELECT one, ledger_id, seq, at, hash, mac FROM ledger_head"
_FIRST_QUERY = "SELECT l.seq, c.content FROM ledger l JOIN ledger_contents c ON c.seq = l.seq ORDER BY l.seq LIMIT 1"


@dataclass(frozen=True, slots=True)
class LedgerProof:
    """What was found: `purged` contents are gone by a recorded purge, `anchors` are sound; `unlisted` faults are counted."""

    records: int
    faults: tuple[Fault, ...]
    head_hash: str | None
    purged: int
    anchors: int
    ledger_id: str | None = None
    unlisted: int = 0
    set_back: int = 0  # records whose time lies before that of the record before: the clock had been ahead

    @property
    def is_whole(self) -> bool:
        """Return whether nothing was done to the ledger that could be seen."""
        return not self.faults


def verify_ledger(engine: Engine, key: bytes, *, anchor_dir: Path | None) -> LedgerProof:
    """Look at every record, content, purge, guard, anchor and recorded decision; name what is not what this site left.

    One read-only snapshot, streamed, while others may go on appending. `key` is the site's key; without `anchor_dir`
    the anchors are not looked at, and a ledger set back as a whole to an earlier moment cannot be told from a young one.
    Of a database that is damaged so far that it cannot be read to its end, that is the one fault named. Raises what a
    database raises that does not answer.
    """
    try:
        with snapshot(engine) as connection:
            return _verify_any_text(connection, key, anchor_dir)
    except soundness.errors_of(engine) as error:
        told = soundness.damage_of(error)
        if told is None:
            raise
        return LedgerProof(0, (Fault(None, Damage.DATABASE, told),), None, 0, 0)


def _verify_any_text(connection: Connection, key: bytes, anchor_dir: Path | None) -> LedgerProof:
    try:
        return verify_in(connection, key, anchor_dir)
    except (sqlite3.OperationalError, sa.exc.OperationalError) as error:
        if "UTF-8" not in str(error):
            raise
        with any_text(connection):
            return verify_in(connection, key, anchor_dir)


def verify_in(connection: Connection, key: bytes, anchor_dir: Path | None) -> LedgerProof:
    """Do the same in a transaction of the caller; text that is not UTF-8 is then an error of the driver."""
    faults = Faults()
    for damage in (*soundness.file_faults(connection), soundness.missing_tables(connection)):
        if damage is not None:
            faults.other(Damage.DATABASE, damage)
    standing = set(sa.inspect(connection).get_table_names())
    if not {t.name for t in (tables.ledger, tables.contents, tables.head, tables.purges)} <= standing:
        return LedgerProof(0, faults.listed(), None, 0, 0)
    heads = list(stream(connection, _HEAD_QUERY))
    ledger_id = _ledger_id(connection, heads, key)
    proofs = PurgeProofs(stream(connection, purge_proofs.QUERY))
    anchors = anchor_proofs.read_anchors(anchor_dir, stream(connection, anchor_proofs.QUERY)) if anchor_dir else None
    seals, wanted = Seals(key, ledger_id), anchors.wanted if anchors else frozenset[int]()
    looked_for = chain.Sought(wanted, anchors.anchored_to if anchors else 0)
    walked = chain.walk(stream(connection, chain.QUERY), seals, proofs, faults, looked_for)
    _check_ends(connection, heads, walked, seals, faults)
    proofs.check_list(stream(connection, purge_proofs.LIST_QUERY), faults)
    _check_guards(connection, faults)
    for told_of_row in row_proofs.row_faults(connection):
        faults.other(Damage.ROWS_DIFFER, told_of_row)
    sound = anchors.check(key, ledger_id, walked, faults) if anchors else 0
    told = faults.listed()
    last_hash = walked.last_hash if walked.records else None
    ends = (last_hash, walked.purged, sound, ledger_id or None)
    return LedgerProof(walked.records, told, *ends, faults.unlisted, walked.set_back)


def _ledger_id(connection: Connection, heads: list[Row], key: bytes) -> str:
    """Return the id that the head proves; failing that, the one that the first record tells."""
    for _, ledger_id, seq, at, last_hash, mac in heads:
        if type(ledger_id) is str and _is_proven(Seals(key, ledger_id), seq, at, last_hash, mac):
            return ledger_id
    return _opened_as(connection) or ""


def _opened_as(connection: Connection) -> str | None:
    for _, content in stream(connection, _FIRST_QUERY):
        try:
            return msgspec.json.decode(content, type=LedgerOpened).ledger_id
        except (msgspec.MsgspecError, UnicodeError, TypeError):
            return None
    return None


def _is_proven(seals: Seals, seq: object, at: object, last_hash: object, mac: object) -> bool:
    if type(seq) is not int or type(at) is not str or type(last_hash) is not str:
        return False
    try:
        return seals.of_head(seq, at, last_hash) == mac
    except UnicodeEncodeError:
        return False


def _check_ends(connection: Connection, heads: list[Row], walked: Walked, seals: Seals, faults: Faults) -> None:
    """Hold the head against the last record, and the first record against its ledger."""
    if walked.records and (walked.first_kind != Kind.LEDGER_OPENED or _opened_as(connection) != seals.ledger_id):
        faults.other(Damage.FOREIGN, "the first record does not open this ledger", 1)
    if len(heads) != (1 if walked.records else 0):
        faults.other(Damage.HEAD_FORGED, f"{len(heads)} ends are noted instead of one")
    for one, ledger_id, seq, at, last_hash, mac in heads:
        if one != 1 or ledger_id != seals.ledger_id or not _is_proven(seals, seq, at, last_hash, mac):
            faults.other(Damage.HEAD_FORGED, "the noted end was not written with this site's key")
        if type(seq) is int:
            _check_end(seq, last_hash, walked, faults)


def _check_end(seq: int, last_hash: str, walked: Walked, faults: Faults) -> None:
    if seq > walked.last_seq:
        faults.records(Damage.TAIL_CUT, walked.last_seq + 1, seq)
    elif seq < walked.last_seq:
        faults.records(Damage.INSERTED, seq + 1, walked.last_seq)
    elif last_hash != walked.last_hash:
        faults.other(Damage.HEAD_FORGED, "the noted end names another last record", seq)


def _check_guards(connection: Connection, faults: Faults) -> None:
    guards = guards_sqlite if connection.dialect.name == "sqlite" else guards_postgres
    weak = guards.weakened(connection)
    if weak:
        faults.other(
            Damage.GUARDS_MISSING, f"the rules of the database are not those of this software: {', '.join(weak)}"
        )
