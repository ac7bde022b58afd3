"""The registry of all studies that ever came: what is known, what is open, what is done.

Belongs here: registration exactly once by content, re-opening, and the marks that the
doors and the pipeline leave. Not here: files (intake/), results (results.py), the audit
ledger. Every look-up goes by an index: at 100,000 studies it costs what it costs at 1,000.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from cardio_dagster.errors import CardioError
from cardio_dagster.outcome import Problem
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.study_tables import (
    PRIORITY_RANK,
    ROW_COLUMNS,
    StudyRow,
    revision_values,
    revisions,
    studies,
    to_row,
)
from cardio_dagster.study import Study

__all__ = ["StudyRegistry", "StudyRow", "UnknownStudyError", "utc_now"]

_CURRENT = sa.and_(revisions.c.study_id == studies.c.study_id, revisions.c.revision == studies.c.revision)
_SAME_STUDY = revisions.c.study_id == studies.c.study_id


def _look_up(join: sa.ColumnElement[bool], *columns: sa.Column[Any]) -> sa.Select[Any]:
    """Build a query for the newest row with given values of `columns`, once: building costs more than running it."""
    given = [column == sa.bindparam(column.name) for column in columns]
    return sa.select(*ROW_COLUMNS).where(join, *given).order_by(studies.c.received_at.desc()).limit(1)


_GET_CURRENT = _look_up(_CURRENT, studies.c.study_id)
_GET_REVISION = _look_up(_SAME_STUDY, studies.c.study_id, revisions.c.revision)
_BY_SOURCE = _look_up(_CURRENT, studies.c.source)
_BY_CONTENT = _look_up(_SAME_STUDY, revisions.c.content_sha256)
_BY_CLAIM = _look_up(_SAME_STUDY, revisions.c.claim)

_CHUNK = 500  # keys in one statement; SQLite refuses more than some 32,000
_CLEAN_SLATE: dict[str, Any] = {
    "attempt": 0,
    "run_key": None,
    "door": None,
    "requested_at": None,
    "finished_at": None,
    "final_state": None,
    "retired_at": None,
}


class UnknownStudyError(CardioError, LookupError):
    """No study of that id is registered."""


def utc_now() -> str:
    """Return the present as ISO 8601 in UTC with milliseconds, so that text sorts by time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class StudyRegistry:
    """The registry on one database; make the tables first with `create_tables(engine)`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def register(
        self, study: Study, *, source: str, input_path: str, claim: str, problems: tuple[Problem, ...] = ()
    ) -> bool:
        """Enter a new study; return False, with nothing changed, if its content or claim is already held.

        `source` is the pseudonym of the name it came under; `input_path` its folder,
        relative to the store; `claim` the intake claim that brought it.
        """
        values = {
            **_CLEAN_SLATE,
            "study_id": study.study_id,
            "revision": study.revision,
            "source": source,
            "priority_rank": PRIORITY_RANK[study.priority],
            "received_at": study.received_at,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(studies.insert().values(values))
                _add_revision(connection, study, input_path=input_path, claim=claim, problems=problems)
        except sa.exc.IntegrityError:
            return False
        return True

    def reopen(self, study: Study, *, input_path: str, claim: str, problems: tuple[Problem, ...] = ()) -> bool:
        """Enter the next revision of a study and open it again.

        Returns False, with nothing changed, if the content or claim is already held or if
        `study.revision` is not the successor of the current one (someone else was quicker).
        """
        values = {
            **_CLEAN_SLATE,
            "revision": study.revision,
            "priority_rank": PRIORITY_RANK[study.priority],
            "received_at": study.received_at,
        }
        is_predecessor = (studies.c.study_id == study.study_id) & (studies.c.revision == study.revision - 1)
        try:
            with self._engine.begin() as connection:
                if connection.execute(studies.update().where(is_predecessor).values(values)).rowcount == 0:
                    return False
                _add_revision(connection, study, input_path=input_path, claim=claim, problems=problems)
        except sa.exc.IntegrityError:
            return False
        return True

    def get(self, study_id: str, revision: int | None = None) -> StudyRow | None:
        """Return one revision (default the current one) of a study; None if there is none."""
        if revision is None:
            return self._one(_GET_CURRENT, study_id=study_id)
        return self._one(_GET_REVISION, study_id=study_id, revision=revision)

    def history(self, study_id: str) -> tuple[StudyRow, ...]:
        """Return all revisions of a study, the oldest first; empty if it is not registered."""
        query = sa.select(*ROW_COLUMNS).where(_SAME_STUDY, studies.c.study_id == study_id)
        with reading(self._engine) as connection:
            return tuple(to_row(row) for row in connection.execute(query.order_by(revisions.c.revision)))

    def by_source(self, source: str) -> StudyRow | None:
        """Return the latest study that came under this pseudonym; None if there is none."""
        return self._one(_BY_SOURCE, source=source)

    def by_content(self, content_sha256: str) -> StudyRow | None:
        """Return the revision, current or not, that holds exactly this content; None if there is none."""
        return self._one(_BY_CONTENT, content_sha256=content_sha256)

    def by_claim(self, claim: str) -> StudyRow | None:
        """Return the revision that an intake claim brought; None if it brought none (yet)."""
        return self._one(_BY_CLAIM, claim=claim)

    def pending(self, *, limit: int = 1000, requested: bool | None = None) -> tuple[StudyRow, ...]:
        """Return studies that are not finished, the most urgent and oldest first.

        `requested` narrows to those with (True) or without (False) a run asked for. The
        cost grows with the open studies only, not with the finished ones.
        """
        conditions = [studies.c.finished_at.is_(None)]
        if requested is not None:
            conditions.append(studies.c.requested_at.is_not(None) if requested else studies.c.requested_at.is_(None))
        order = (studies.c.priority_rank, studies.c.received_at)
        return self._many(*conditions, order=order, limit=limit)

    def next_attempt(self, study_id: str) -> int:
        """Count one more attempt at the current revision and return its number, from 1.

        Raises UnknownStudyError for an id that is not registered.
        """
        counting = studies.update().where(studies.c.study_id == study_id).values(attempt=studies.c.attempt + 1)
        with self._engine.begin() as connection:
            attempt = connection.execute(counting.returning(studies.c.attempt)).scalar()
        if attempt is None:
            raise UnknownStudyError(f"study {study_id} is not registered; register it before asking for a run")
        return int(attempt)

    def mark_requested(self, study_id: str, run_key: str, door: str, *, revision: int) -> bool:
        """Note that a run was asked for; return False if the study is finished or at another revision."""
        is_open = (studies.c.revision == revision) & studies.c.finished_at.is_(None)
        return self._mark(study_id, is_open, run_key=run_key, door=door, requested_at=utc_now())

    def withdraw_request(self, study_id: str, run_key: str) -> bool:
        """Forget a run that was asked for and never came; return False if another has been asked for since."""
        return self._mark(study_id, studies.c.run_key == run_key, run_key=None, door=None, requested_at=None)

    def mark_finished(self, study_id: str, revision: int, state: str) -> bool:
        """Note the final state of one revision; return whether this closed the study.

        A revision that is no longer the current one is noted and leaves the study open:
        files have arrived since. Raises UnknownStudyError for a revision that is not registered.
        """
        now = utc_now()
        this_one = (revisions.c.study_id == study_id) & (revisions.c.revision == revision)
        done = {"final_state": state, "finished_at": now}
        with self._engine.begin() as connection:
            if connection.execute(revisions.update().where(this_one).values(done)).rowcount == 0:
                raise UnknownStudyError(f"study {study_id} has no revision {revision}; register it first")
            closing = (studies.c.study_id == study_id) & (studies.c.revision == revision)
            return connection.execute(studies.update().where(closing).values(done)).rowcount == 1

    def mark_released(self, study_id: str, revision: int) -> bool:
        """Note that the report of a revision was released; return False if a later one already was."""
        earlier = studies.c.released_revision.is_(None) | (studies.c.released_revision <= revision)
        return self._mark(study_id, earlier, released_revision=revision, released_at=utc_now())

    def closed_before(self, moment: str, *, limit: int = 1000) -> tuple[StudyRow, ...]:
        """Return studies finished before `moment` (ISO, UTC) and not yet retired, oldest first."""
        window = (studies.c.finished_at.is_not(None), studies.c.retired_at.is_(None), studies.c.finished_at < moment)
        return self._many(*window, order=(studies.c.finished_at,), limit=limit)

    def mark_retired(self, study_ids: Iterable[str]) -> int:
        """Note that finished studies left the window of partitions; return how many did."""
        ids, count = sorted(study_ids), 0
        with self._engine.begin() as connection:
            for start in range(0, len(ids), _CHUNK):
                chosen = studies.c.study_id.in_(ids[start : start + _CHUNK]) & studies.c.finished_at.is_not(None)
                count += connection.execute(studies.update().where(chosen).values(retired_at=utc_now())).rowcount
        return count

    def _mark(self, study_id: str, condition: sa.ColumnElement[bool], **values: Any) -> bool:
        chosen = (studies.c.study_id == study_id) & condition
        with self._engine.begin() as connection:
            return connection.execute(studies.update().where(chosen).values(values)).rowcount == 1

    def _one(self, query: sa.Select[Any], **values: str | int) -> StudyRow | None:
        with reading(self._engine) as connection:
            row = connection.execute(query, values).one_or_none()
        return None if row is None else to_row(row)

    def _many(
        self, *conditions: sa.ColumnElement[bool], order: tuple[sa.ColumnElement[Any], ...], limit: int
    ) -> tuple[StudyRow, ...]:
        query = sa.select(*ROW_COLUMNS).where(_CURRENT, *conditions).order_by(*order).limit(limit)
        with reading(self._engine) as connection:
            return tuple(to_row(row) for row in connection.execute(query))


def _add_revision(
    connection: Connection, study: Study, *, input_path: str, claim: str, problems: tuple[Problem, ...]
) -> None:
    values = revision_values(study, input_path=input_path, claim=claim, problems=problems)
    connection.execute(revisions.insert().values(values))
