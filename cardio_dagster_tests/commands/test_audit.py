"""`cardio audit verify` and `anchor`: what is printed, and the exit codes."""

import json
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from cardio_dagster.commands.audit import audit_anchor, audit_verify
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger, verify_ledger
from cardio_dagster_tests.review.reviewed_studies import site
from cardio_dagster_tests.stores.ledger.tampering import KEY, drop_guards, entry, fill


@pytest.fixture
def place(sqlite_url, tmp_path):
    engine = connect(sqlite_url)
    create_tables(engine)
    long_ago = (datetime.now(UTC) - timedelta(days=2)).isoformat(timespec="milliseconds")
    fill(engine, 30, clock=lambda: long_ago)
    return {"database_url": sqlite_url, "key": KEY, "anchor_dir": tmp_path / "anchors"}


def test_whole_and_anchored(place, capsys):
    assert audit_anchor(**place) == 0
    assert "Anchors written: 2. Every day up to" in capsys.readouterr().out
    assert audit_verify(**place) == 0
    told = capsys.readouterr().out
    assert "Records: 32; contents purged with proof: 0; anchors that hold: 2." in told
    assert "Whole: no record was changed" in told
    assert audit_verify(**place | {"anchor_dir": None}) == 0
    assert "anchors were not looked at" in capsys.readouterr().out


def test_what_was_done_is_told_and_the_exit_code_is_2(place, capsys):
    engine = connect(place["database_url"])
    drop_guards(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM ledger WHERE seq BETWEEN 5 AND 7"))
        connection.execute(sa.text("UPDATE ledger SET role = 'x' WHERE seq = 20"))
    assert audit_verify(**place) == 2
    told = " ".join(capsys.readouterr().out.split())
    assert "missing records 5 to 7: removed" in told
    assert "changed record 20: the header is not what was sealed" in told
    assert "NOT WHOLE. Faults: 3." in told
    assert audit_verify(**place, as_json=True) == 2
    proof = json.loads(capsys.readouterr().out)
    assert [f["seq"] for f in proof["faults"] if f["what"] == "changed"] == [20]


def test_a_database_without_a_ledger(tmp_path, capsys):
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert audit_verify(database_url=url, key=KEY, anchor_dir=None) == 2
    assert "there are no tables; set CARDIO_DATA_DIR" in " ".join(capsys.readouterr().out.split())
    connect(url).dispose()


def dump(path):
    """Return all that a SQLite file holds, as far as it can be read."""
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


@pytest.fixture
def file(place):
    """Return the closed database file."""
    path = Path(place["database_url"].removeprefix("sqlite:///"))
    connect(place["database_url"]).dispose()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def verify_copy(file, content, place, capsys):
    """Verify a copy of the database with other bytes; return the exit code and what was printed."""
    copy = file.with_name("copy.db")
    for path in file.parent.glob("copy.db*"):
        path.unlink()
    copy.write_bytes(content)
    url = f"sqlite:///{copy}"
    code = audit_verify(database_url=url, key=KEY, anchor_dir=place["anchor_dir"])
    connect(url).dispose()
    return code, " ".join(capsys.readouterr().out.split())


def test_bytes_overwritten_anywhere_are_told_and_never_silent(place, file, capsys):
    content, held, rng = file.read_bytes(), dump(file), random.Random(20261122)
    silent = 0
    for _ in range(40):
        spoilt, size = bytearray(content), rng.choice((16, 200, 4096))
        at = rng.randrange(len(content) - size)
        spoilt[at : at + size] = rng.randbytes(size)
        code, told = verify_copy(file, spoilt, place, capsys)
        if code == 0:  # of a page's unused space, which holds nothing
            silent += 1
            assert dump(file.with_name("copy.db")) == held
        else:
            assert (code, "NOT WHOLE" in told) == (2, True)
    assert silent < 35, "nothing was damaged"


@pytest.mark.parametrize("length", [0, 50, 4096, 20_000, -4096])
def test_a_file_that_was_cut_off(length, place, file, capsys):
    code, told = verify_copy(file, file.read_bytes()[:length], place, capsys)
    assert code == 2
    assert "database damaged" in told
    assert ("there are no tables" if length == 0 else "backup") in told  # an empty file is an empty database


def test_a_file_that_is_no_database(place, file, capsys):
    code, told = verify_copy(file, b"once upon a time " * 500, place, capsys)
    assert code == 2
    assert "the database cannot be read (file is not a database); restore it from the backup" in told


def test_a_page_in_the_middle_is_named(place, file, capsys):
    content = bytearray(file.read_bytes())
    with closing(sqlite3.connect(file)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ledger'").fetchone()
    content[(page - 1) * 4096 + 10 : page * 4096] = bytes(4086)
    code, told = verify_copy(file, content, place, capsys)
    assert code == 2
    assert "database damaged" in told


HALF = {
    "a table of the ledger": ("DROP TABLE ledger_contents", "tables are missing: ledger_contents;"),
    "another table": ("DROP TABLE releases", "tables are missing: releases;"),
    "a column": ("ALTER TABLE ledger RENAME COLUMN mac TO seal", "the database cannot be read"),
    "a rule": ("DROP TRIGGER ledger_no_delete", "the rules of the database are not those of this software"),
}


@pytest.mark.parametrize("way", HALF)
def test_a_database_restored_by_half(way, engine, tmp_path, capsys):
    create_tables(engine)
    fill(engine, 5)
    statement, expected = HALF[way]
    on = " ON ledger" if engine.dialect.name == "postgresql" and "TRIGGER" in statement else ""
    if engine.dialect.name == "sqlite" and "RENAME" in statement:
        drop_guards(engine)
    with engine.begin() as connection:
        connection.execute(sa.text(statement + on))
    url = engine.url.render_as_string(hide_password=False)
    assert audit_verify(database_url=url, key=KEY, anchor_dir=None) == 2
    assert expected in " ".join(capsys.readouterr().out.split())


def test_rows_that_are_gone_and_recorded_are_told(engine, tmp_path, capsys):
    made = site(engine, tmp_path / "reports")
    study_id = made.dossier.study.study_id
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM releases"))
    faults = [f.text for f in verify_ledger(engine, b"k" * 32, anchor_dir=None).faults]
    assert f"{study_id} revision 1: a release is recorded (record 2), and its row is gone" in faults


def test_a_clock_that_was_set_back_is_shown_and_is_no_fault(sqlite_url, capsys):
    engine = connect(sqlite_url)
    create_tables(engine)
    times = iter([f"2026-11-{day}T10:00:00.000+00:00" for day in (22, 23, 20, 21)])
    now = [next(times)]
    ledger = Ledger(engine, KEY, clock=lambda: now[0])
    for number in range(3):
        ledger.append(entry(number))
        now[0] = next(times)
    assert audit_verify(database_url=sqlite_url, key=KEY, anchor_dir=None) == 0
    assert "Clock set back, records with an earlier time than the one before: 1." in " ".join(
        capsys.readouterr().out.split()
    )
