"""What was done to the ledger is found and named: by an attacker who has the database and not the key."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardio_dagster.stores import database
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Damage, Ledger, LedgerError, purge_contents, verify_ledger
from cardio_dagster.stores.ledger.seals import HEADER, header_hash
from cardio_dagster_tests.stores.ledger.tampering import (
    KEY,
    READER,
    byte_changes,
    deletions,
    drop_guards,
    entry,
    fill,
    flipped,
    forge,
    head_changes,
    insertions,
    prove,
    shift,
    swap,
    swaps,
    undone,
)

N = 60


@pytest.fixture(autouse=True)
def _no_flushes(monkeypatch):
    monkeypatch.setattr(database, "SQLITE_PRAGMAS", (*database.SQLITE_PRAGMAS, "synchronous=OFF"))


@pytest.fixture
def attacked(engine):
    """Return the engine of a ledger of N records whose guards the attacker has dropped."""
    fill(engine, N)
    drop_guards(engine)
    return engine


@pytest.fixture
def on_sqlite(sqlite_url):
    engine = connect(sqlite_url)
    create_tables(engine)
    fill(engine, N)
    drop_guards(engine)
    return engine


def told(engine, *statements, **values):
    """Return what is found after some statements, and take them back."""
    with undone(engine) as connection:
        for statement in statements:
            connection.execute(sa.text(statement), values)
        return [(f.seq, f.what, f.text) for f in prove(connection).faults]


def named(engine, *statements, **values):
    return [(seq, what) for seq, what, _ in told(engine, *statements, **values)]


def test_an_untouched_ledger_is_whole(engine):
    assert verify_ledger(engine, KEY, anchor_dir=None).is_whole
    ledger = fill(engine, N)
    proof = verify_ledger(engine, KEY, anchor_dir=None)
    assert (proof.is_whole, proof.records, proof.head_hash) == (True, N, ledger.head().hash)
    assert (proof.purged, proof.anchors, proof.ledger_id) == (0, 0, ledger.head().ledger_id)


def test_every_byte_of_every_column_of_every_record(on_sqlite):
    count = byte_changes(on_sqlite)
    assert count.found == count.tried > N * 400


@pytest.mark.slow
def test_bytes_on_both_databases(attacked):
    count = byte_changes(attacked, step=127)
    assert count.found == count.tried > N * 14
    ends = head_changes(attacked)
    assert ends.found == ends.tried > 150


def test_every_deletion_insertion_and_swap(attacked):
    seqs = range(1, N + 1)
    for count in (
        deletions(attacked, seqs[::3]),
        deletions(attacked, seqs[1::3], renumber=True),
        insertions(attacked, seqs[::4]),
        swaps(attacked, [(s, s + 1) for s in seqs[:-1:6]] + [(s, s + N // 2) for s in seqs[: N // 2 : 5]]),
    ):
        assert count.found == count.tried > 9


def test_a_value_of_another_type_that_encodes_alike(on_sqlite):
    assert named(on_sqlite, "UPDATE ledger SET role = CAST('x' AS BLOB) WHERE seq = 7") == [(7, Damage.CHANGED)]
    blob = "UPDATE ledger_contents SET content = CAST(content AS BLOB) WHERE seq = 7"
    assert (7, Damage.CHANGED) in named(on_sqlite, blob)


def test_bytes_that_are_no_text(on_sqlite):
    with on_sqlite.begin() as connection:
        connection.execute(sa.text("UPDATE ledger SET actor = CAST(x'61ff62' AS TEXT) WHERE seq = 7"))
        connection.execute(sa.text("UPDATE ledger_contents SET salt = CAST(x'ff' AS TEXT) WHERE seq = 9"))
        connection.execute(sa.text("UPDATE ledger SET mac = CAST(x'ff' AS TEXT) WHERE seq = 11"))
    faults = verify_ledger(on_sqlite, KEY, anchor_dir=None).faults
    wanted = [(7, Damage.CHANGED), (9, Damage.CONTENT_CHANGED), (11, Damage.FORGED), (None, Damage.GUARDS_MISSING)]
    assert [(f.seq, f.what) for f in faults] == wanted
    with on_sqlite.connect() as connection, pytest.raises(sa.exc.OperationalError, match="UTF-8"):
        connection.execute(sa.text("SELECT actor FROM ledger")).all()  # the connection reads as before


class TestNames:
    """Each way of tampering by its own name, in words that say which records."""

    def test_changed(self, attacked):
        (fault,) = told(attacked, "UPDATE ledger SET study_id = 's-0' WHERE seq = 17")
        assert fault == (17, Damage.CHANGED, "record 17: the header is not what was sealed")

    def test_content_changed(self, attacked):
        (fault,) = told(attacked, "UPDATE ledger_contents SET content = '{}' WHERE seq BETWEEN 17 AND 19")
        assert fault == (17, Damage.CONTENT_CHANGED, "records 17 to 19: the content is not what was sealed")

    def test_salt_and_content_shifted_against_each_other(self, attacked):
        moving = "UPDATE ledger_contents SET content = substr(salt, 32, 1) || content, salt = substr(salt, 1, 31) WHERE seq = 5"
        assert named(attacked, moving) == [(5, Damage.CONTENT_CHANGED)]

    def test_content_removed(self, attacked):
        assert named(attacked, "DELETE FROM ledger_contents WHERE seq = 17") == [(17, Damage.CONTENT_MISSING)]

    def test_content_removed_and_listed_as_purged(self, attacked):
        found = named(
            attacked, "DELETE FROM ledger_contents WHERE seq = 17", "INSERT INTO ledger_purges VALUES (17, 20)"
        )
        assert [what for _, what in found].count(Damage.PURGES_CHANGED) >= 1
        assert (17, Damage.CONTENT_MISSING) in found

    def test_missing_range(self, attacked):
        ((seq, what, text),) = told(attacked, *(f"DELETE FROM {t} WHERE seq BETWEEN 20 AND 29" for t in TABLES))
        assert (seq, what, text) == (20, Damage.MISSING, "records 20 to 29: removed")

    def test_removed_and_renumbered(self, attacked):
        with undone(attacked) as connection:
            for table in TABLES:
                connection.execute(sa.text(f"DELETE FROM {table} WHERE seq BETWEEN 20 AND 29"))
                shift(connection, table, 20, -10)
            faults = prove(connection).faults
        assert [(f.seq, f.what) for f in faults] == [(20, Damage.SHIFTED), (51, Damage.TAIL_CUT)]
        assert faults[0].text == "records 20 to 50: sealed as records 30 to 60; something before was removed"

    def test_inserted_and_renumbered(self, attacked):
        with undone(attacked) as connection:
            forge(connection, 20)
            faults = prove(connection).faults
        assert [(f.seq, f.what) for f in faults] == [
            (20, Damage.FORGED), (21, Damage.SHIFTED), (61, Damage.INSERTED),
        ]  # fmt: skip
        assert "something before was inserted" in faults[1].text

    def test_swapped(self, attacked):
        with undone(attacked) as connection:
            swap(connection, 11, 45)
            faults = prove(connection).faults
        assert [(f.seq, f.what, f.text) for f in faults] == [
            (11, Damage.MOVED, "record 11: sealed as record 45"),
            (45, Damage.MOVED, "record 45: sealed as record 11"),
        ]

    def test_swapped_farther_than_is_searched(self, attacked, monkeypatch):
        from cardio_dagster.stores.ledger import misplaced

        monkeypatch.setattr(misplaced, "_REACH", 3)
        with undone(attacked) as connection:
            swap(connection, 11, 45)
            faults = prove(connection).faults
        assert [(f.seq, f.what) for f in faults] == [(11, Damage.MOVED), (45, Damage.MOVED)]

    def test_whole_chain_made_anew_without_the_key(self, attacked):
        with undone(attacked) as connection:
            connection.execute(sa.text("UPDATE ledger SET role = 'x' WHERE seq = 30"))
            rehash(connection, 30)
            faults = prove(connection).faults
        assert [(f.seq, f.what) for f in faults] == [(30, Damage.FORGED), (60, Damage.HEAD_FORGED)]
        assert faults[0].text == "records 30 to 60: written, or written anew, without the site's key"

    def test_tail_cut(self, attacked):
        ((seq, what, text),) = told(attacked, *(f"DELETE FROM {t} WHERE seq > 50" for t in TABLES))
        assert (seq, what, text) == (51, Damage.TAIL_CUT, "records 51 to 60: cut off the end")

    def test_tail_cut_and_end_forged(self, attacked):
        cut = [f"DELETE FROM {t} WHERE seq > 50" for t in TABLES]
        end = "UPDATE ledger_head SET seq = 50, hash = (SELECT hash FROM ledger WHERE seq = 50)"
        assert named(attacked, *cut, end) == [(None, Damage.HEAD_FORGED)]

    def test_end_removed_or_doubled(self, attacked):
        assert named(attacked, "DELETE FROM ledger_head") == [(None, Damage.HEAD_FORGED)]
        double = "INSERT INTO ledger_head SELECT 2, ledger_id, seq, at, hash, mac FROM ledger_head"
        assert {what for _, what in named(attacked, double)} == {Damage.HEAD_FORGED}

    def test_everything_removed(self, attacked):
        found = told(attacked, *(f"DELETE FROM {t}" for t in TABLES))
        assert (1, Damage.TAIL_CUT, "records 1 to 60: cut off the end") in found

    def test_a_table_gone(self, attacked):
        ((_, what, text),) = told(attacked, "DROP TABLE ledger_purges")
        assert (what, text.split(";")[0]) == (Damage.DATABASE, "tables are missing: ledger_purges")

    def test_a_record_twice(self, on_sqlite):
        with undone(on_sqlite) as connection:
            connection.execute(sa.text("CREATE TABLE other AS SELECT * FROM ledger"))
            connection.execute(sa.text("DROP TABLE ledger"))
            connection.execute(sa.text("ALTER TABLE other RENAME TO ledger"))
            connection.execute(sa.text("INSERT INTO ledger SELECT * FROM ledger WHERE seq = 9"))
            assert [(f.seq, f.what) for f in prove(connection).faults] == [(9, Damage.INSERTED)]


TABLES = ("ledger", "ledger_contents")


def rehash(connection, first):
    """Make the hashes right again from one record on, as anybody can."""
    rows = (
        connection.execute(sa.text("SELECT * FROM ledger WHERE seq >= :s ORDER BY seq"), {"s": first}).mappings().all()
    )
    previous = rows[0]["previous_hash"]
    for row in rows:
        changed = {**row, "previous_hash": previous}
        previous = header_hash([changed[name] for name in HEADER])
        values = {"p": changed["previous_hash"], "h": previous, "s": row["seq"]}
        connection.execute(sa.text("UPDATE ledger SET previous_hash = :p, hash = :h WHERE seq = :s"), values)


def test_records_of_another_ledger_of_the_same_site(sqlite_url, tmp_path):
    ours, theirs = connect(sqlite_url), connect(f"sqlite:///{tmp_path / 'theirs.db'}")
    for engine in (ours, theirs):
        create_tables(engine)
        fill(engine, 10)
        drop_guards(engine)
    with undone(ours) as connection:
        with theirs.connect() as other:
            rows = other.execute(sa.text("SELECT * FROM ledger WHERE seq = 5")).mappings().all()
        connection.execute(sa.text("DELETE FROM ledger WHERE seq = 5"))
        connection.execute(sa.text(f"INSERT INTO ledger VALUES ({', '.join(f':{c}' for c in rows[0])})"), dict(rows[0]))
        assert (5, Damage.FORGED) in [(f.seq, f.what) for f in prove(connection).faults]
    with theirs.connect() as other:
        end = other.execute(sa.text("SELECT * FROM ledger_head")).mappings().one()
    with undone(ours) as connection:
        connection.execute(sa.text("DELETE FROM ledger_head"))
        connection.execute(sa.text(f"INSERT INTO ledger_head VALUES ({', '.join(f':{c}' for c in end)})"), dict(end))
        found = {f.what for f in prove(connection).faults}
    assert {Damage.FOREIGN, Damage.HEAD_FORGED} <= found
    theirs.dispose()


def test_another_key_proves_nothing(engine):
    fill(engine, 10)
    faults = verify_ledger(engine, b"x" * 32, anchor_dir=None).faults
    assert [(f.seq, f.what) for f in faults] == [(1, Damage.FORGED), (None, Damage.HEAD_FORGED)]


@pytest.mark.parametrize(
    "weakening",
    [
        ("DROP TRIGGER ledger_no_update", "DROP TRIGGER ledger_no_update ON ledger"),
        (
            "DROP TRIGGER ledger_no_update; CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT 1; END",
            "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        ),
        ("DROP TRIGGER ledger_no_update", "ALTER TABLE ledger DISABLE TRIGGER ledger_no_update"),
        ("DROP TRIGGER ledger_no_update", "ALTER TABLE ledger ENABLE TRIGGER ledger_no_update"),
    ],
)
def test_guards_that_are_gone_or_do_nothing(engine, weakening):
    fill(engine, 3)
    on_sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        for statement in weakening[0].split("; ", 1) if on_sqlite else [weakening[1]]:
            connection.execute(sa.text(statement))
    (fault,) = verify_ledger(engine, KEY, anchor_dir=None).faults
    assert fault.what is Damage.GUARDS_MISSING
    assert "ledger_no_update" in fault.text


SWALLOWING = {
    "sqlite": (["CREATE TRIGGER a1 BEFORE INSERT ON ledger_contents BEGIN SELECT RAISE(IGNORE); END"], "foreign trigger a1 on ledger_contents"),
    "postgresql": (
        [
            "CREATE FUNCTION a1() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER ledger_no_update BEFORE INSERT ON ledger_contents FOR EACH ROW EXECUTE FUNCTION a1()",
        ],
        "foreign trigger ledger_no_update on ledger_contents",
    ),
}  # fmt: skip


def test_a_trigger_that_swallows_records_is_refused_and_named(engine):
    ledger = fill(engine, 3)
    statements, named_as = SWALLOWING[engine.dialect.name]
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    with pytest.raises(LedgerError, match="did not keep what was recorded"):
        ledger.append(entry(9))
    assert ledger.head().seq == 3
    (fault,) = verify_ledger(engine, KEY, anchor_dir=None).faults
    assert (fault.what, named_as in fault.text) == (Damage.GUARDS_MISSING, True)


@pytest.mark.parametrize(
    ("statement", "named_as"),
    [
        ("CREATE RULE r1 AS ON INSERT TO ledger DO INSTEAD NOTHING", "foreign rule r1 on ledger"),
        ("CREATE POLICY p1 ON ledger USING (true)", "foreign policy p1 on ledger"),
        ("ALTER TABLE ledger_head ENABLE ROW LEVEL SECURITY", "foreign row security on ledger_head"),
    ],
)
def test_rules_and_row_security_are_named(postgres_url, statement, named_as):
    engine = connect(postgres_url)
    create_tables(engine)
    fill(engine, 3)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    (fault,) = verify_ledger(engine, KEY, anchor_dir=None).faults
    assert named_as in fault.text


class TestPurge:
    def test_content_goes_and_the_proof_stays(self, engine):
        ledger = fill(engine, 20)
        proof = purge_contents(ledger, [3, 4, 5, 9], {"inputs/r01": "a" * 64}, "2026-11-22", READER, study_id="s-1")
        records = {r.seq: r for r in ledger.records()}
        assert [s for s, r in records.items() if r.content is None] == [3, 4, 5, 9]
        assert (proof.seq, proof.study_id) == (21, "s-1")
        found = verify_ledger(engine, KEY, anchor_dir=None)
        assert (found.is_whole, found.purged) == (True, 4)
        ledger.append(entry(99))
        assert verify_ledger(engine, KEY, anchor_dir=None).is_whole

    @pytest.mark.parametrize("wrong", [[1], [4], [99]], ids=["opening", "purged", "unknown"])
    def test_what_may_not_go_is_refused_and_nothing_changes(self, engine, wrong):
        ledger = fill(engine, 20)
        purge_contents(ledger, [4], {}, "2026-11-22", READER)
        with pytest.raises(ValueError, match=f"record {wrong[0]} has no content that may be purged"):
            purge_contents(ledger, [5, *wrong], {}, "2026-11-22", READER)
        assert ledger.head().seq == 21
        assert verify_ledger(engine, KEY, anchor_dir=None).is_whole

    def test_it_falls_with_the_transaction_of_the_caller(self, engine):
        ledger = fill(engine, 20)
        with undone(engine) as connection:
            purge_contents(ledger, [4], {}, "2026-11-22", READER, connection=connection)
        assert all(r.content is not None for r in ledger.records())

    def test_proofs_cannot_be_made_up(self, engine):
        ledger = fill(engine, 20)
        purge_contents(ledger, [3, 4, 5], {}, "2026-11-22", READER)
        drop_guards(engine)
        assert (6, Damage.CONTENT_MISSING) in named(
            engine, "DELETE FROM ledger_contents WHERE seq = 6", "INSERT INTO ledger_purges VALUES (6, 21)"
        )
        wider = "UPDATE ledger_contents SET content = replace(content, '[3,4,5]', '[3,4,5,6]') WHERE seq = 21"
        found = named(
            engine, wider, "DELETE FROM ledger_contents WHERE seq = 6", "INSERT INTO ledger_purges VALUES (6, 21)"
        )
        assert found == [(21, Damage.CONTENT_CHANGED)]
        back = "INSERT INTO ledger_contents VALUES (4, 's', 'guessed')"
        assert named(engine, back) == [(4, Damage.CONTENT_BACK)]
        for change in (
            "DELETE FROM ledger_purges WHERE seq = 4",
            "UPDATE ledger_purges SET proof_seq = 20 WHERE seq = 4",
        ):
            assert {what for _, what in named(engine, change)} == {Damage.PURGES_CHANGED}

    def test_every_byte_of_the_list_of_purges(self, on_sqlite):
        purge_contents(Ledger(on_sqlite, KEY), [3, 4, 17], {}, "2026-11-22", READER)
        for seq in (3, 4, 17):
            for column, value in (("seq", seq), ("proof_seq", N + 1)):
                for place in range(len(str(value))):
                    change = f"UPDATE ledger_purges SET {column} = {flipped(value, place) + 1000 * (column == 'seq')} WHERE seq = {seq}"
                    assert named(on_sqlite, change), change

    def test_sqlite_leaves_no_trace_of_it_in_the_file(self, sqlite_url):
        engine = connect(sqlite_url)
        create_tables(engine)
        ledger = fill(engine, 200)
        planted = b"150 mm[Hg]"
        path = engine.url.database
        purge_contents(ledger, range(2, 200), {}, "2026-11-22", READER)
        engine.dispose()
        raw = sqlite3.connect(path)
        assert raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
        raw.close()
        assert planted not in Path(path).read_bytes()


OPERATIONS = st.one_of(
    st.tuples(
        st.just("byte"), st.integers(2, N), st.sampled_from(["actor", "content_sha256", "previous_hash", "hash", "mac"])
    ),
    st.tuples(st.just("content"), st.integers(1, N), st.just("")),
    st.tuples(st.just("delete"), st.integers(1, N), st.just("")),
    st.tuples(st.just("forge"), st.integers(1, N), st.just("")),
    st.tuples(st.just("swap"), st.integers(1, N - 1), st.just("")),
    st.tuples(st.just("cut"), st.integers(2, N), st.just("")),
)


def apply(connection, operation):
    way, seq, column = operation
    if way == "byte":
        old = connection.scalar(sa.text(f"SELECT {column} FROM ledger WHERE seq = {seq}"))
        if old is not None:
            connection.execute(
                sa.text(f"UPDATE ledger SET {column} = :v WHERE seq = {seq}"), {"v": flipped(old, seq % len(old))}
            )
    elif way == "content":
        connection.execute(sa.text(f"UPDATE ledger_contents SET content = content || ' ' WHERE seq = {seq}"))
    elif way in {"delete", "cut"}:
        for table in TABLES:
            connection.execute(sa.text(f"DELETE FROM {table} WHERE seq {'>=' if way == 'cut' else '='} {seq}"))
    elif way == "swap":
        swap(connection, seq, seq + 1)
    elif connection.scalar(
        sa.text(
            f"SELECT count(*) FROM ledger l JOIN ledger_contents c ON c.seq = l.seq WHERE l.seq = {seq} AND key IS NOT NULL"
        )
    ):
        forge(connection, seq)


def state(connection):
    return [connection.execute(sa.text(f"SELECT * FROM {t} ORDER BY seq")).all() for t in TABLES]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=st.lists(OPERATIONS, min_size=1, max_size=5))
def test_whatever_is_done_in_whatever_order_is_found(on_sqlite, operations):
    with undone(on_sqlite) as connection:
        before = state(connection)
        for operation in operations:
            try:
                with connection.begin_nested():
                    apply(connection, operation)
            except sa.exc.IntegrityError:
                continue  # the same key forged twice
        assert prove(connection).is_whole == (state(connection) == before)
