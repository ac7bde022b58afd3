"""An attacker who may write the database and has not the site's key, and a count of how often he is found.

`exhaustive_tampering` is the full run (`benchmarks/ledger.py`, the chaos suite); the tests run it on fewer records.
Many records are changed at once, never neighbours, so that each must be named by itself.
"""

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from cardio_dagster.audit_contents import ErrorMet
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Damage, Ledger, faults, misplaced
from cardio_dagster.stores.ledger.seals import HEADER, header_hash
from cardio_dagster.stores.ledger.verify import LedgerProof, verify_in

KEY = b"k" * 32
SENSOR = Actor(ActorKind.SENSOR, "new_study_sensor")
READER = Actor(ActorKind.PERSON, "mk", "reader")
HEADER_COLUMNS = (*HEADER[1:], "hash", "mac")
RECORD_COLUMNS = [("ledger", c) for c in HEADER_COLUMNS] + [("ledger_contents", c) for c in ("salt", "content")]


@dataclass(frozen=True)
class Count:
    tried: int
    found: int


def entry(number: int) -> Entry:
    actor = READER if number % 3 else SENSOR
    content = ErrorMet("E_VALID_002", "error", "low", stage="VALIDATION", seen=f"{number} mm[Hg]")
    return Entry(
        Kind.ERROR_MET,
        actor,
        content,
        study_id=f"s-{number:016x}",
        revision=number % 7 + 1,
        key=sha256(str(number).encode()).hexdigest()[:12],
    )


def fill(engine: sa.Engine, count: int, *, key: bytes = KEY, **options: Any) -> Ledger:
    """Return a ledger of `count` records, the first of them the opening one."""
    ledger = Ledger(engine, key, **options)
    for start in range(1, count, 500):
        ledger.append(*(entry(n) for n in range(start, min(count, start + 500))))
    return ledger


def drop_guards(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            for table in ("ledger", "ledger_contents", "ledger_head", "ledger_purges"):
                connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        else:
            names = connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
            for name in names:
                connection.execute(sa.text(f"DROP TRIGGER {name}"))


@contextmanager
def undone(engine: sa.Engine):
    """Yield a connection whose changes are taken back."""
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def prove(connection: sa.Connection, key: bytes = KEY, anchor_dir=None) -> LedgerProof:
    """Return the proof, without the guards that the attacker has dropped."""
    proof = verify_in(connection, key, anchor_dir)
    return replace(proof, faults=tuple(f for f in proof.faults if f.what is not Damage.GUARDS_MISSING))


def flipped(value: str | int | None, place: int) -> str | int | None:
    """Return the value with one bit of one byte changed; of an absent value a present one."""
    if value is None:
        return None
    text = str(value)
    changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
    return int(changed) if isinstance(value, int) else changed


@contextmanager
def brief_search():
    """Do not look for the place that a record may have had, which is what costs, and list every fault."""
    kept = misplaced._SEARCHES, misplaced._HELD, faults.MOST_FAULTS
    misplaced._SEARCHES, misplaced._HELD, faults.MOST_FAULTS = 0, 4, 1_000_000
    try:
        yield
    finally:
        misplaced._SEARCHES, misplaced._HELD, faults.MOST_FAULTS = kept


@brief_search()
def byte_changes(engine: sa.Engine, *, step: int = 1, columns: Iterable[tuple[str, str]] = RECORD_COLUMNS) -> Count:
    """Change every `step`th byte of every column of every record, in the database, and count those that are named."""
    tried = found = 0
    for table, column in columns:
        with engine.connect() as connection:
            values = dict(connection.execute(sa.text(f"SELECT seq, {column} FROM {table} ORDER BY seq")).all())
        longest = max(len(str(v)) for v in values.values() if v is not None)
        for place in range(0, longest, step):
            for half in (0, 1):
                chosen = {s: v for s, v in values.items() if s % 2 == half and v is not None and place < len(str(v))}
                if chosen:
                    tried += len(chosen)
                    found += _named(engine, table, column, {s: flipped(v, place) for s, v in chosen.items()})
    return Count(tried, found)


def _named(engine: sa.Engine, table: str, column: str, changed: dict[int, Any]) -> int:
    with undone(engine) as connection:
        statement = sa.text(f"UPDATE {table} SET {column} = :value WHERE seq = :seq")
        connection.execute(statement, [{"seq": s, "value": v} for s, v in changed.items()])
        proof = prove(connection)
    named = {f.seq for f in proof.faults}
    return len(set(changed) & named)


def head_changes(engine: sa.Engine) -> Count:
    """Change every byte of the row that says where the ledger ends."""
    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT one, ledger_id, seq, at, hash, mac FROM ledger_head")).one()
    tried = found = 0
    for column, value in row._mapping.items():
        for place in range(len(str(value))):
            with undone(engine) as connection:
                statement = sa.text(f"UPDATE ledger_head SET {column} = :value")
                connection.execute(statement, {"value": flipped(value, place)})
                found += not prove(connection).is_whole
            tried += 1
    return Count(tried, found)


def deletions(engine: sa.Engine, seqs: Iterable[int], *, renumber: bool = False) -> Count:
    """Delete each record, content and all; with `renumber` those behind close the gap."""
    tried = found = 0
    for seq in seqs:
        with undone(engine) as connection:
            for table in ("ledger", "ledger_contents"):
                connection.execute(sa.text(f"DELETE FROM {table} WHERE seq = :seq"), {"seq": seq})
                if renumber:
                    shift(connection, table, seq, -1)
            proof = prove(connection)
        tried += 1
        found += any(f.seq == seq for f in proof.faults)
    return Count(tried, found)


def insertions(engine: sa.Engine, seqs: Iterable[int]) -> Count:
    """Insert a record of the attacker's, with a right hash, before each record."""
    tried = found = 0
    for seq in seqs:
        with undone(engine) as connection:
            forge(connection, seq)
            proof = prove(connection)
        tried += 1
        found += any(f.seq == seq for f in proof.faults)
    return Count(tried, found)


def swaps(engine: sa.Engine, pairs: Iterable[tuple[int, int]]) -> Count:
    """Let two records change places, content and all."""
    tried = found = 0
    for one, other in pairs:
        with undone(engine) as connection:
            swap(connection, one, other)
            proof = prove(connection)
        tried += 1
        found += {one, other} <= {f.seq for f in proof.faults}
    return Count(tried, found)


def swap(connection: sa.Connection, one: int, other: int) -> None:
    for table in ("ledger", "ledger_contents"):
        for was, will in ((one, -1), (other, one), (-1, other)):
            connection.execute(sa.text(f"UPDATE {table} SET seq = :b WHERE seq = :a"), {"a": was, "b": will})


def shift(connection: sa.Connection, table: str, behind: int, by: int) -> None:
    """Renumber the rows behind a seq; in two steps, because numbers are unique."""
    connection.execute(
        sa.text(f"UPDATE {table} SET seq = -(seq + :by) WHERE seq >= :behind"), {"by": by, "behind": behind}
    )
    connection.execute(sa.text(f"UPDATE {table} SET seq = -seq WHERE seq < 0"))


def forge(connection: sa.Connection, seq: int) -> None:
    """Insert a copy of a record before it, under a changed text, renumbering what follows; the hash is made right."""
    row = dict(connection.execute(sa.text("SELECT * FROM ledger WHERE seq = :seq"), {"seq": seq}).one()._mapping)
    content = dict(
        connection.execute(sa.text("SELECT * FROM ledger_contents WHERE seq = :seq"), {"seq": seq}).one()._mapping
    )
    for table in ("ledger_contents", "ledger"):
        shift(connection, table, seq, 1)
    row |= {"role": "forged", "key": f"forged:{seq}"}
    row["hash"] = header_hash([row[name] for name in HEADER])
    for table, values in (("ledger", row), ("ledger_contents", content)):
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def exhaustive_tampering(n_records: int, url: str, *, tell: Callable[[str], None] = lambda _: None) -> dict[str, Count]:
    """Return, for each way of tampering with a new ledger of `n_records` in an empty database, how often it was tried and named.

    Every byte of every column of every record is changed once, every record deleted, with and without renumbering, a
    record inserted before every other, and every record swapped with its neighbour and with one far away.
    """
    engine = connect(url)
    create_tables(engine)
    fill(engine, n_records)
    drop_guards(engine)
    seqs, half = range(1, n_records + 1), n_records // 2
    pairs = [(s, s + 1) for s in seqs[:-1]] + [(s, s + half) for s in seqs[: n_records - half]]
    ways: dict[str, Callable[[], Count]] = {
        "byte of a record": lambda: byte_changes(engine),
        "byte of the end": lambda: head_changes(engine),
        "deletion": lambda: deletions(engine, seqs),
        "deletion, renumbered": lambda: deletions(engine, seqs, renumber=True),
        "insertion": lambda: insertions(engine, seqs),
        "swap": lambda: swaps(engine, pairs),
    }
    counts = {}
    for name, way in ways.items():
        with brief_search():
            counts[name] = way()
        tell(f"{name}: {counts[name].found} of {counts[name].tried} named")
    return counts
