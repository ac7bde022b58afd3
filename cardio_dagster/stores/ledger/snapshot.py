"""Snapshot: the tables as they are at one moment, streamed as plain rows.

Belongs here: how to read a million rows quickly from either database while others write. Not here: what the rows mean.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection, Engine

from cardio_dagster.stores.database import reading

_PAGE = 2000  # rows fetched at once
Row = tuple[Any, ...]


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a read-only transaction in which every query sees the same moment; nobody waits for it.

    Text that is not UTF-8, which only a hand in the file can leave in SQLite, is read with its bytes as surrogates.
    """
    with reading(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


def stream(connection: Connection, query: str) -> Iterator[Row]:
    """Yield the rows of a query straight from the driver, a page at a time."""
    driver: Any = connection.connection.driver_connection
    named = {"name": f"ledger_{abs(hash(query))}"} if connection.dialect.name == "postgresql" else {}
    cursor = driver.cursor(**named)  # a named cursor of psycopg2 stays on the server
    try:
        cursor.execute(query)
        while page := cursor.fetchmany(_PAGE):
            yield from page
    finally:
        cursor.close()


@contextmanager
def any_text(connection: Connection) -> Iterator[None]:
    """Let SQLite hand out text that is not UTF-8 instead of an error, at twice the price."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    driver.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str
