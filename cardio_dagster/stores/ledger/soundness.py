"""Soundness: whether the database can be believed at all, before anything in it is.

Belongs here: errors of the database that mean damage, what it says of its own file, and tables that are gone. Not here: the
records (chain.py) or the rules on them (guards_*.py).
"""

import importlib
import sqlite3
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.stores.database import metadata

MOST_TOLD = 5  # messages of SQLite on its own file; the first says where to look
_LATER = "a database of an earlier release gets what is new at the next start, others are restored from the backup"
_ELSEWHERE = "set CARDIO_DATA_DIR (and CARDIO_DATABASE_URL) to those of the installation, or restore its database"
_RESTORE = "restore it from the backup"
# what SQLite calls a damaged file, and a query that meets other columns than those of this software
_SQLITE_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_ERROR", "SQLITE_MISMATCH")
_SILENT = {"OperationalError", "InterfaceError"}  # of PostgreSQL: it does not answer


def errors_of(engine: sa.Engine) -> tuple[type[Exception], ...]:
    """Return what reading this database may raise: by SQLAlchemy, and by the driver where rows are streamed past it.

    UnicodeError is Python's own on the way to a message of SQLite that repeats what stands in a spoilt schema.
    """
    return sa.exc.DBAPIError, engine.dialect.loaded_dbapi.Error, UnicodeError


def damage_of(error: Exception) -> str | None:
    """Return how an error of a database is told that means damage; None for a database that does not answer.

    SQLite tells damage by the name of its error code (https://www.sqlite.org/rescode.html), PostgreSQL by SQLSTATE
    (class XX, 42P01, 42703: https://www.postgresql.org/docs/current/errcodes-appendix.html). Neither text holds a value of a row.
    """
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(cause, UnicodeError):
        return f"the database cannot be read (text that is not UTF-8); {_RESTORE}"
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", "") or ""
        return f"the database cannot be read ({cause}); {_RESTORE}" if name.startswith(_SQLITE_DAMAGE) else None
    if _SILENT & {kind.__name__ for kind in type(cause).__mro__}:
        return None
    return f"the database cannot be read ({type(cause).__name__}, {getattr(cause, 'pgcode', None)}); {_RESTORE}"


def missing_tables(connection: Connection) -> str | None:
    """Return which tables of this software are gone; None if none is."""
    importlib.import_module("cardio_dagster.stores.schema")  # each store imports database.py, so not at its top
    standing = set(sa.inspect(connection).get_table_names())
    if not standing & set(metadata.tables):
        return f"there are no tables; {_ELSEWHERE}"
    gone = sorted(set(metadata.tables) - standing)
    return f"tables are missing: {', '.join(gone)}; {_LATER}" if gone else None


def file_faults(connection: Connection) -> Iterator[str]:
    """Yield what SQLite finds wrong with its own file: pages, indexes that differ from their table, rows against the schema.

    PostgreSQL has no such look without an extension; a damaged page of it is met when it is read.
    """
    if connection.dialect.name != "sqlite":
        return
    for (told,) in connection.exec_driver_sql(f"PRAGMA integrity_check({MOST_TOLD})"):
        if told != "ok":
            yield f"the database file is damaged: {' '.join(told.split())}; {_RESTORE}"
