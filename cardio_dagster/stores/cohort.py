"""The cohort in SQL: which studies were decided, and the table `cohort`, replaced as a whole.

Belongs here: the newest decision on each study, and replacing the table so that no reader sees a part of it. Not here:
what the columns mean or what stands in them (reporting/cohort/), the releases themselves (results.py) or which version of
a report stands (review_queries.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cardio_dagster.stores.database import reading
from cardio_dagster.stores.review_queries import STANDING
from cardio_dagster.stores.study_tables import revisions

TABLE = "cohort"
_LOCK = 0x636F686F  # any number, the same in every process: PostgreSQL's advisory lock for this table
_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "text": sa.Text(),
    "time": sa.Text(),
    "number": sa.Double(),
    "integer": sa.BigInteger(),
    "yes/no": sa.Boolean(),
}


class CohortStore:
    """The cohort of one database; make the other tables first with `create_tables(engine)`."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def decided(self) -> Iterator[dict[str, Any]]:
        """Yield the decision that counts on each study, by study_id.

        It is the newest released revision, or the newest decided one where none is released; `newest_revision` is the
        newest decided one. Of a revision its standing version counts: a report released after review is released, with the
        path of that version, and one that a person rejected is not. `received_at` and `priority` are None where the registry does not know the revision.
        Rows are read in blocks, the transaction stays open meanwhile.
        """
        newest: dict[str, Any] | None = None
        with reading(self._engine) as connection:
            rows = connection.execution_options(yield_per=1000).execute(_DECISIONS).mappings()
            for row in rows:
                if newest is not None and newest["study_id"] != row["study_id"]:
                    yield newest
                    newest = None
                newest = _better(newest, dict(row))
        if newest is not None:
            yield newest

    def replace(self, columns: Sequence[tuple[str, str]], batches: Iterable[Sequence[Mapping[str, Any]]]) -> int:
        """Put the rows in the place of the table in one transaction; return how many there are.

        `columns` are names with "text", "time", "number", "integer" or "yes/no"; the first is the key. Until the commit
        others read the old table, afterwards the new one. Raises KeyError for another type.
        """
        table = sa.Table(
            TABLE,
            sa.MetaData(),
            *(sa.Column(name, _TYPES[kind], primary_key=n == 0) for n, (name, kind) in enumerate(columns)),
        )
        count = 0
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            _empty(connection, table)
            for batch in batches:
                if batch:
                    connection.execute(sa.insert(table), list(batch))
                    count += len(batch)
        return count


def _empty(connection: sa.Connection, table: sa.Table) -> None:
    """Leave an empty table of these columns: made anew only where it is missing or its columns are others."""
    inspector = sa.inspect(connection)
    if inspector.has_table(TABLE):
        if [c["name"] for c in inspector.get_columns(TABLE)] == [c.name for c in table.columns]:
            connection.execute(sa.delete(table))
            return
        table.drop(connection)
    table.create(connection)


def _better(one: dict[str, Any] | None, later: dict[str, Any]) -> dict[str, Any]:
    """Return which of two decisions on a study counts; `later` has the higher revision."""
    keeps = one is not None and one["status"] == "released" and later["status"] != "released"
    chosen = one if keeps and one is not None else later
    return {**chosen, "newest_revision": later["revision"]}


_SAME = (revisions.c.study_id == STANDING.c.study_id) & (revisions.c.revision == STANDING.c.revision)
_OF_VERSION = ("study_id", "revision", "version", "status", "state", "coverage", "code", "report_path")
_DECISIONS = (
    sa.select(
        *(STANDING.c[name] for name in _OF_VERSION),
        revisions.c.received_at,
        revisions.c.priority,
    )
    .select_from(STANDING.outerjoin(revisions, _SAME))
    .order_by(STANDING.c.study_id, STANDING.c.revision)
)
