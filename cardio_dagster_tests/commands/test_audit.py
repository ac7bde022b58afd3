"""`cardio audit verify` and `anchor`: what is printed, and the exit codes."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from cardio_dagster.commands.audit import audit_anchor, audit_verify
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster_tests.stores.ledger.tampering import KEY, drop_guards, fill


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
    assert "Whole: nothing was changed" in told
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
    assert "tables are missing: ledger" in capsys.readouterr().out
    connect(url).dispose()
