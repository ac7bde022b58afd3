"""The earlier studies of the patient as they stood when a report was written, in a small database of their own.

Belongs here: choosing and copying them. Not here: what a report makes of them (evidence/trend.py).

Which earlier studies a report had before it, and which revision of each, is what the report itself says in its
trends: a moment would not do, because two studies of a patient may have been worked on at once. Their values are
those of the results as they stand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cardio_dagster.reporting.parts import Report
from cardio_dagster.stores.database import connect, create_tables, reading
from cardio_dagster.stores.priors import patients
from cardio_dagster.stores.results import findings, measurements, releases
from cardio_dagster.stores.study_tables import revisions, studies

_COPIED = (revisions, releases, measurements, findings)
_STRANGER = "it is not known whose study it is"  # the note of evidence/retrieval.py
_PATIENT = "patient"  # any key does: all studies in this database are of one


def earlier_studies(report: Report) -> dict[str, str]:
    """Return the earlier studies that a report names, with the receipt of the revision that it read."""
    points = (point for trend in report.written.trends for point in trend.points)
    return {point.study_id: point.received_at for point in points if point.study_id != report.study_id}


def missing_studies(engine: sa.Engine, report: Report) -> tuple[str, ...]:
    """Return the earlier studies of a report whose results are no longer held."""
    named = earlier_studies(report)
    with reading(engine) as connection:
        return tuple(s for s, at in named.items() if _revision(connection, s, at) is None)


@contextmanager
def as_of(engine: sa.Engine, report: Report, folder: Path) -> Iterator[str]:
    """Make the database in `folder` and give its URL; its connections are closed afterwards."""
    copy = connect(f"sqlite:///{folder / 'earlier.db'}")
    create_tables(copy)
    named = earlier_studies(report)
    with reading(engine) as source, copy.begin() as target:
        for study_id in (report.study_id, *named):
            _insert(target, studies, _rows(source, studies, study_id))
        linked = (*named, *(() if _is_stranger(report) else (report.study_id,)))
        _insert(target, patients, [{"study_id": study_id, "patient_key": _PATIENT} for study_id in linked])
        for study_id, received_at in named.items():
            revision = _revision(source, study_id, received_at)
            for table in _COPIED if revision is not None else ():
                rows = _rows(source, table, study_id, revision)
                # released then, at once or by a person, whatever became of it since: the report read it
                _insert(target, table, [{**r, "status": "released"} for r in rows] if table is releases else rows)
    try:
        yield copy.url.render_as_string(hide_password=False)
    finally:
        copy.dispose()


def _is_stranger(report: Report) -> bool:
    return any(_STRANGER in note for note in report.written.notes)


def _revision(connection: sa.Connection, study_id: str, received_at: str) -> int | None:
    """Return the released revision that was received then; None if it is no longer held."""
    is_it = (releases.c.study_id == revisions.c.study_id) & (releases.c.revision == revisions.c.revision)
    query = sa.select(revisions.c.revision).join(releases, is_it)
    chosen = query.where(revisions.c.study_id == study_id, revisions.c.received_at == received_at)
    return connection.execute(chosen).scalars().first()


def _rows(
    connection: sa.Connection, table: sa.Table, study_id: str, revision: int | None = None
) -> list[dict[str, Any]]:
    query = sa.select(table).where(table.c.study_id == study_id)
    if revision is not None:
        query = query.where(table.c.revision == revision)
    return [{str(name): value for name, value in row.items()} for row in connection.execute(query).mappings()]


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)
