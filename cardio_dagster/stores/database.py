"""Engines and the shared table catalogue: how every store reaches SQLite or PostgreSQL.

Belongs here: one engine per URL and process, what each database needs to be safe with
several processes, and the making of tables. Not here: any table (each store declares its
own on `metadata`) or any query.
"""

import importlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from cardio_dagster.errors import SettingsError

metadata = sa.MetaData()

BUSY_TIMEOUT_MS = 30_000
POOL_SIZE = 20  # the gateway answers twenty at once; a connection above it is made and closed for one request
# the time-out first, because even switching to the write-ahead log may meet another process
SQLITE_PRAGMAS = (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
_READ_ONLY = "cardio_read_only"
_TABLES_LOCK = 0x63617264  # any number, the same in every process: PostgreSQL's advisory lock for create_tables

_engines: dict[str, Engine] = {}
_guard = threading.Lock()


def connect(url: str) -> Engine:
    """Return the engine of `url`, one per process, made at the first call.

    SQLite (`sqlite:////absolute/path.db`): write-ahead log, 30 s patience with other
    writers, foreign keys enforced, every commit flushed to disk; the parent folder is
    made. A transaction takes the write lock at its beginning, because a reader that turns
    writer half-way is refused at once, whatever the patience: use `reading` for queries.
    On a file system that is mounted read-only it is opened for reading alone; SettingsError where its log was not written back.
    PostgreSQL (`postgresql://...`, psycopg2): a pooled connection is tried before use.
    A forked child gets engines of its own. Errors of a statement never repeat its parameters.

    Raises SettingsError for a URL that does not parse or names another database; the
    message never repeats the URL, which may hold a password.
    """
    with _guard:
        if url not in _engines:
            _engines[url] = _open(url)
        return _engines[url]


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a connection for queries only; on SQLite it neither waits for a writer nor holds one up."""
    with engine.connect() as connection:
        yield connection.execution_options(**{_READ_ONLY: True})


def create_tables(engine: Engine) -> None:
    """Create the tables of every store, where they are missing.

    Idempotent, and safe when several processes do it at once: looking and creating happen
    in one transaction under the database's own lock.
    """
    importlib.import_module("cardio_dagster.stores.schema")  # each store imports this module, so not at its top
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TABLES_LOCK})
        metadata.create_all(connection)


def _open(url: str) -> Engine:
    parsed = _parse(url)
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=POOL_SIZE, max_overflow=10, hide_parameters=True)
    if parsed.database and parsed.database != ":memory:":
        path = Path(parsed.database)
        if path.is_file() and _is_mounted_read_only(path):
            return _open_unwritable(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_unwritable(path: Path) -> Engine:
    """Open a SQLite file on a disk that takes no writing, such as a mounted backup: it can be read and nothing else.

    A write-ahead log that was not written back cannot be read there, and without it the newest records would be missing.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.is_file() and log.stat().st_size:
        raise SettingsError(
            f"{path.name} lies where nothing can be written and has a log beside it that was not written back; copy both to "
            "a place that can be written and set CARDIO_DATA_DIR to it"
        )
    engine = sa.create_engine(f"sqlite:///file:{quote(str(path))}?mode=ro&immutable=1&uri=true", hide_parameters=True)
    sa.event.listen(engine, "connect", _without_transactions)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _is_mounted_read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _without_transactions(connection: Any, _record: Any) -> None:
    connection.isolation_level = None


def _parse(url: str) -> sa.URL:
    cure = "use sqlite:////absolute/path.db or postgresql://user:password@host/database"
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise SettingsError(f"database URL does not parse; {cure}") from None
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg2"}:
        raise SettingsError(f"database URL names {parsed.drivername!r}; {cure}")
    return parsed


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _forget_engines() -> None:
    """Drop the parent's engines in a forked child without closing the parent's sockets."""
    global _guard  # noqa: PLW0603  (a lock that another thread held at the fork stays locked for ever)
    _guard = threading.Lock()
    for engine in _engines.values():
        engine.dispose(close=False)
    _engines.clear()


os.register_at_fork(after_in_child=_forget_engines)
