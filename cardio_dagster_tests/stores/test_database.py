import multiprocessing
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

import cardio_dagster.stores.studies  # noqa: F401  (declares the tables)
from cardio_dagster.errors import SettingsError
from cardio_dagster.stores import database
from cardio_dagster.stores.database import connect, create_tables, metadata, reading

FORK = multiprocessing.get_context("fork")


def test_one_engine_per_url(database_url):
    assert connect(database_url) is connect(database_url)


@pytest.mark.parametrize("url", ["nonsense", "mysql://u:secret@h/d", "postgresql+psycopg://u:secret@h/d"])
def test_other_databases_are_refused_without_telling_the_password(url):
    with pytest.raises(SettingsError, match="sqlite:////absolute") as refused:
        connect(url)
    assert "secret" not in str(refused.value)


def test_sqlite_is_set_up_for_several_processes(sqlite_url):
    with reading(connect(sqlite_url)) as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
        }
    assert settings == {"journal_mode": "wal", "busy_timeout": 30_000, "foreign_keys": 1, "synchronous": 2}


def test_a_reader_does_not_wait_for_a_writer(sqlite_url):
    engine = connect(sqlite_url)
    create_tables(engine)
    with engine.begin() as writer, reading(engine) as reader:
        writer.execute(sa.text("DELETE FROM studies"))
        assert reader.execute(sa.text("SELECT count(*) FROM studies")).scalar() == 0
        other = sqlite3.connect(engine.url.database, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def _create(url, barrier, failures):
    barrier.wait(20)
    try:
        create_tables(connect(url))
    except Exception as error:
        failures.put(repr(error))


def test_tables_are_created_once_by_many_processes(database_url):
    barrier, failures = FORK.Barrier(6), FORK.SimpleQueue()
    children = [FORK.Process(target=_create, args=(database_url, barrier, failures)) for _ in range(6)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    assert failures.empty(), failures.get()
    assert set(metadata.tables) <= set(sa.inspect(connect(database_url)).get_table_names())


def _ask(url, answers):
    with reading(connect(url)) as connection:
        answers.put(connection.execute(sa.text("SELECT 42")).scalar())


def test_a_forked_child_leaves_the_parents_connection_alone(database_url):
    engine = connect(database_url)
    with reading(engine) as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar() == 1
        answers = FORK.SimpleQueue()
        child = FORK.Process(target=_ask, args=(database_url, answers))
        child.start()
        child.join(30)
        assert answers.get() == 42
        assert connection.execute(sa.text("SELECT 2")).scalar() == 2


def test_error_of_a_statement_does_not_repeat_its_parameters(engine):
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE once (name VARCHAR(40) PRIMARY KEY)"))
        connection.execute(sa.text("INSERT INTO once VALUES (:name)"), {"name": "Doe^Jane"})
    with pytest.raises(sa.exc.IntegrityError) as refused, engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO once VALUES (:name)"), {"name": "Doe^Jane"})
    assert "parameters hidden" in str(refused.value)


def test_on_a_disk_that_takes_no_writing_it_can_be_read_and_nothing_is_left_there(sqlite_url, monkeypatch):
    engine = connect(sqlite_url)
    create_tables(engine)
    engine.dispose()
    path = Path(sa.make_url(sqlite_url).database)
    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    monkeypatch.setattr(database, "_engines", {})
    monkeypatch.setattr(database, "_is_mounted_read_only", lambda _: True)
    engine = connect(sqlite_url)
    with reading(engine) as connection:
        assert "ledger" in sa.inspect(connection).get_table_names()
    with pytest.raises(sa.exc.OperationalError, match="readonly"), engine.begin() as connection:
        connection.execute(sa.text("create table x (y integer)"))
    engine.dispose()
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == before


def test_a_log_that_cannot_be_read_there_is_no_empty_ledger(sqlite_url, monkeypatch):
    path = Path(sa.make_url(sqlite_url).database)
    path.parent.mkdir(parents=True)
    path.touch()
    path.with_name(f"{path.name}-wal").write_bytes(b"something")
    monkeypatch.setattr(database, "_is_mounted_read_only", lambda _: True)
    with pytest.raises(SettingsError, match="copy both to a place that can be written"):
        connect(sqlite_url)
