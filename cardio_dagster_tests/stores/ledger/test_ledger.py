"""Appending and reading, on SQLite and on a real PostgreSQL: gapless, once a key, never backwards, refused by the database."""

import hashlib
import json
import multiprocessing
from dataclasses import replace

import pytest
import sqlalchemy as sa

from cardio_dagster.audit_contents import ErrorMet, HoldMoved, ServiceRestarted
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind, Record
from cardio_dagster.stores import database
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger, LedgerError, LedgerOpened, decode, verify_ledger
from cardio_dagster.stores.ledger.contents import CONTENT_TYPES
from cardio_dagster_tests.stores.ledger.tampering import KEY, READER, drop_guards, entry, fill, undone


@pytest.fixture(autouse=True)
def _no_flushes(monkeypatch):
    """Spare the flush of each commit to disk: the power does not die in these tests."""
    monkeypatch.setattr(database, "SQLITE_PRAGMAS", (*database.SQLITE_PRAGMAS, "synchronous=OFF"))


@pytest.fixture
def ledger(engine):
    return Ledger(engine, KEY)


def whole(ledger: Ledger) -> None:
    proof = verify_ledger(ledger.engine, ledger.key, anchor_dir=None)
    assert proof.is_whole, proof.faults


def test_first_append_opens_and_records_come_back_as_they_went(ledger):
    assert ledger.head() is None
    made = ledger.append(entry(1), entry(2))
    opened, *others = ledger.records()
    assert tuple(others) == made
    assert decode(opened) == LedgerOpened(ledger.head().ledger_id, "cardio-ledger-1")
    assert [decode(r) for r in made] == [entry(1).content, entry(2).content]
    assert [(r.seq, r.actor, r.role, r.study_id, r.revision) for r in made] == [
        (2, "person:mk", "reader", entry(1).study_id, 2),
        (3, "person:mk", "reader", entry(2).study_id, 3),
    ]
    assert (ledger.head().seq, ledger.head().hash) == (3, made[-1].hash)
    whole(ledger)


def test_hashes_are_those_of_an_auditor_with_the_standard_library(ledger):
    fill(ledger.engine, 5)
    awkward = 'n"\\\n\t\x01\x7f é 漢 🫀 </script>'
    ledger.append(Entry(Kind.HOLD_PLACED, READER, HoldMoved(awkward), study_id=awkward, key=awkward))
    with ledger.engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT l.*, c.salt, c.content FROM ledger l JOIN ledger_contents c ON c.seq = l.seq ORDER BY l.seq"
            )
        ).mappings()
        previous = "0" * 64
        for row in rows:
            fields = [
                "seq",
                "at",
                "clock_at",
                "kind",
                "actor",
                "role",
                "study_id",
                "revision",
                "key",
                "content_sha256",
                "previous_hash",
            ]
            array = ["cardio-ledger-1", *(row[name] for name in fields)]
            text = json.dumps(array, ensure_ascii=False, separators=(",", ":"))
            assert row["hash"] == hashlib.sha256(text.encode()).hexdigest()
            assert row["content_sha256"] == hashlib.sha256((row["salt"] + row["content"]).encode()).hexdigest()
            assert row["previous_hash"] == previous
            previous = row["hash"]
    assert row["seq"] == 6


def test_a_key_is_recorded_once(ledger):
    assert len(ledger.append(entry(1), entry(1), entry(2))) == 2
    assert ledger.append(entry(2), entry(1)) == ()
    (only,) = ledger.append(entry(2), entry(3))
    assert decode(only) == entry(3).content
    keyless = Entry(Kind.HOLD_LIFTED, READER, HoldMoved("again"))
    assert len(ledger.append(keyless, keyless)) == 2
    assert ledger.head().seq == 6
    whole(ledger)


def test_records_are_narrowed_and_the_newest_of_a_kind_is_found(engine):
    times = iter([f"2026-11-{day:02}T10:00:00.000+00:00" for day in (1, 1, 2, 3, 4)])
    ledger = Ledger(engine, KEY, clock=lambda: next(times))
    for number in (1, 2, 3):
        ledger.append(entry(number))
    ledger.append(Entry(Kind.HOLD_PLACED, READER, HoldMoved("why"), study_id=entry(1).study_id))
    seqs = lambda **chosen: [r.seq for r in ledger.records(**chosen)]  # noqa: E731
    assert seqs(study_id=entry(1).study_id) == [2, 5]
    assert seqs(kinds=(Kind.HOLD_PLACED, Kind.LEDGER_OPENED)) == [1, 5]
    assert seqs(since_seq=2, until_seq=3) == [2, 3]
    assert seqs(since="2026-11-02", until="2026-11-04") == [3, 4]
    assert ledger.last(Kind.HOLD_PLACED).seq == 5
    assert ledger.last(Kind.BREAKER_MOVED) is None


def test_a_clock_set_back_does_not_turn_the_order_round(engine):
    times = iter(
        ["2026-11-22T10:00:00.000+00:00"] * 2 + ["2026-11-22T09:00:00.000+00:00", "2026-11-22T11:00:00.000+00:00"]
    )
    ledger = Ledger(engine, KEY, clock=lambda: next(times))
    for number in (1, 2, 3):
        ledger.append(entry(number))
    told = [(r.at[11:13], r.clock_at[11:13]) for r in ledger.records()][1:]
    assert told == [("10", "10"), ("10", "09"), ("11", "11")]
    whole(ledger)


def test_it_stands_or_falls_with_the_transaction_of_the_caller(ledger):
    ledger.append(entry(1))
    with undone(ledger.engine) as connection:
        ledger.append(entry(2), connection=connection)
    with ledger.engine.begin() as connection:
        (record,) = ledger.append(entry(3), connection=connection)
    assert record.seq == 3
    whole(ledger)


def test_a_content_of_another_class_is_refused_and_nothing_recorded(ledger):
    ledger.append(entry(1))
    with pytest.raises(TypeError, match=r"hold\.placed holds HoldMoved, not ErrorMet"):
        ledger.append(entry(2), Entry(Kind.HOLD_PLACED, READER, ErrorMet("E_VALID_002", "error", None)))
    assert ledger.head().seq == 2


def test_every_kind_has_its_class():
    assert set(CONTENT_TYPES) == set(Kind)


def test_a_later_field_is_passed_over_and_a_purged_content_is_none():
    record = Record(1, "", "", Kind.HOLD_PLACED, "a", None, None, None, None, "", "", "", '{"reason":"r","new":1}')
    assert decode(record) == HoldMoved("r")
    assert decode(replace(record, content=None)) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET role = 'x' WHERE seq = 2",
        "DELETE FROM ledger WHERE seq = 2",
        "UPDATE ledger_contents SET content = '{}' WHERE seq = 2",
        "DELETE FROM ledger_contents WHERE seq = 2",
        "INSERT INTO ledger_contents VALUES (99, 's', 'c')",
        "UPDATE ledger_head SET seq = 1",
        "UPDATE ledger_head SET mac = 'x'",
        "DELETE FROM ledger_head",
        "INSERT INTO ledger_head SELECT 2, ledger_id, seq, at, hash, mac FROM ledger_head",
        "INSERT INTO ledger_purges VALUES (2, 3)",
        "INSERT INTO ledger SELECT seq + 5, at, clock_at, kind, actor, role, study_id, revision, 'n', content_sha256, hash, 'h', mac"
        " FROM ledger WHERE seq = 3",
        "INSERT INTO ledger SELECT seq + 1, at, clock_at, kind, actor, role, study_id, revision, 'n', content_sha256, 'p', 'h', mac"
        " FROM ledger WHERE seq = 3",
    ],
)
def test_the_database_refuses(ledger, statement):
    fill(ledger.engine, 3)
    with (
        pytest.raises(sa.exc.DatabaseError, match=r"append-only|recorded purge|its record|one head|newest"),
        ledger.engine.begin() as connection,
    ):
        connection.execute(sa.text(statement))
    whole(ledger)


@pytest.mark.parametrize("table", ["ledger", "ledger_contents", "ledger_head", "ledger_purges"])
def test_postgres_refuses_truncate_even_to_replicas(postgres_url, table):
    engine = connect(postgres_url)
    create_tables(engine)
    fill(engine, 3)
    with engine.begin() as connection:
        connection.execute(sa.text("SET session_replication_role = replica"))
        with pytest.raises(sa.exc.InternalError, match="append-only"):
            connection.execute(sa.text(f"TRUNCATE {table} CASCADE"))


@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "INSERT OR IGNORE", "REPLACE"])
@pytest.mark.parametrize("table", ["ledger", "ledger_contents", "ledger_head"])
def test_sqlite_refuses_to_replace_a_row(sqlite_url, verb, table):
    engine = connect(sqlite_url)
    create_tables(engine)
    ledger = fill(engine, 3)
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.text(f"{verb} INTO {table} SELECT * FROM {table}"))
    columns = "clock_at, kind, actor, role, study_id, revision, key, content_sha256"
    newest = "SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1"
    same_key = f"{verb} INTO ledger SELECT 4, at, {columns}, ({newest}), hash, mac FROM ledger WHERE seq = 2"
    with pytest.raises(sa.exc.IntegrityError, match="not the successor"), engine.begin() as connection:
        connection.execute(sa.text(same_key))
    whole(ledger)


def test_nothing_is_built_upon_a_forged_end(ledger):
    fill(ledger.engine, 4)
    stranger = Ledger(ledger.engine, b"x" * 32)
    with pytest.raises(LedgerError, match="not written with this site's key"):
        stranger.append(entry(9))
    drop_guards(ledger.engine)
    with ledger.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM ledger WHERE seq = 4"))
        connection.execute(sa.text("UPDATE ledger_head SET seq = 3, hash = (SELECT hash FROM ledger WHERE seq = 3)"))
    with pytest.raises(LedgerError, match="cardio audit verify"):
        ledger.append(entry(9))
    with undone(ledger.engine) as connection:
        connection.execute(sa.text("DELETE FROM ledger_head"))
        with pytest.raises(LedgerError, match="records and no end"):
            ledger.lock(connection)


def append_some(url: str, who: int, count: int) -> None:
    ledger = Ledger(connect(url), KEY)
    actor = Actor(ActorKind.SERVICE, f"w{who}")
    for number in range(count):
        restarted = ServiceRestarted("daemon", "exit code 1", number, "2026-11-22T12:00:00+00:00")
        shared = Entry(Kind.SERVICE_RESTARTED, actor, restarted, key=f"shared:{number}")
        ledger.append(Entry(Kind.SERVICE_RESTARTED, actor, restarted), shared)


@pytest.mark.slow
def test_several_processes_at_once_leave_no_gap(database_url):
    engine = connect(database_url)
    create_tables(engine)
    spawn = multiprocessing.get_context("fork")
    workers = [spawn.Process(target=append_some, args=(database_url, who, 12)) for who in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(240)
    assert [w.exitcode for w in workers] == [0] * 4
    ledger = Ledger(engine, KEY)
    records = list(ledger.records())
    assert [r.seq for r in records] == list(range(1, 1 + 4 * 12 + 12 + 1))
    assert sum(r.kind is Kind.LEDGER_OPENED for r in records) == 1
    for who in range(4):  # each in its own order
        own = [decode(r).restarts for r in records if r.actor == f"service:w{who}" and r.key is None]
        assert own == list(range(12))
    whole(ledger)
