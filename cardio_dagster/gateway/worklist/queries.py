"""The queries of the worklist: a page of studies, their states, and how far the running ones are.

Belongs here: choosing and ordering studies in SQL, a page at a time. Not here: HTTP (routes.py), what a person is shown of one
study (study_page.py), or which version of a report stands (stores/review_queries.py).

What is open is asked through the index of open studies; what is closed comes the newest first, what waits for somebody by
priority and age. A page is found by the key of the row before it, so that the last page costs what the first costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cardio_dagster.gateway.progress import PASSED_PCT
from cardio_dagster.outcome import State
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.jobs import jobs
from cardio_dagster.stores.results import stage_records
from cardio_dagster.stores.review_queries import STANDING
from cardio_dagster.stores.review_tables import report_versions, review_decisions, reviews
from cardio_dagster.stores.study_tables import PRIORITY_RANK, studies
from cardio_dagster.study import Priority

PAGE_SIZE = 50
_PRIORITY_OF = {rank: priority for priority, rank in PRIORITY_RANK.items()}
_FIRST_KEY = ("", "", "")


class Shown(StrEnum):
    """What the list shows: what needs somebody, all, or the studies of one state."""

    TODO = "todo"  # not finished, or waiting for a decision
    WAITING = "waiting"
    RUNNING = "running"
    HELD = "held"
    ERROR = "error"
    RELEASED = "released"
    REJECTED = "rejected"
    ALL = "all"


NEWEST_FIRST = frozenset({Shown.RELEASED, Shown.REJECTED, Shown.ALL})
_OF_REPORT = frozenset({Shown.HELD, Shown.ERROR, Shown.RELEASED, Shown.REJECTED})
_STANDS = STANDING.alias("undecided")
_DECIDED = sa.exists().where(
    review_decisions.c.study_id == _STANDS.c.study_id,
    review_decisions.c.revision == _STANDS.c.revision,
    review_decisions.c.base_sha256 == _STANDS.c.base_sha256,
)
_CURRENT = sa.select(_STANDS.c.study_id).join(
    studies, (studies.c.study_id == _STANDS.c.study_id) & (studies.c.revision == _STANDS.c.revision)
)
_NOT_DECIDED = _CURRENT.where(_STANDS.c.status.in_(("held", "error")), ~_DECIDED)
_UNDECIDED = _NOT_DECIDED.where(_STANDS.c.study_id.in_(sa.select(reviews.c.study_id)))  # the few, not every release


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for; `study` is the beginning of an id, `after` the key of the last row of the page before."""

    shown: Shown = Shown.TODO
    priority: Priority | None = None
    study: str = ""
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One study of the list. `stage` and `percent` speak of a running one; `version` is that of the report that stands."""

    study_id: str
    revision: int
    priority: Priority
    received_at: str
    state: Shown
    percent: int
    stage: str | None = None
    version: int | None = None
    is_to_do: bool = False  # a person must decide


@dataclass(frozen=True, slots=True)
class Page:
    """Some studies in order; `next_key` is what the next page begins behind, None on the last."""

    rows: tuple[Row, ...]
    next_key: str | None


def page_of(engine: sa.Engine, asked: Asked, *, size: int = PAGE_SIZE) -> Page:
    """Return a page of studies in the order of priority and age, closed ones the newest first.

    A key that was tampered with is read as the beginning. The newest ones need an index on received_at and study_id.
    """
    with reading(engine) as connection:
        chosen = connection.execute(_chosen(asked).limit(size + 1)).all()
        shown = chosen[:size]
        rows = _rows(connection, [str(row.study_id) for row in shown])
    key = _key_of(shown[-1]) if len(chosen) > size else None
    return Page(tuple(rows[str(row.study_id)] for row in shown), key)


def count_of(engine: sa.Engine, shown: Shown) -> int:
    """Return how many studies a view holds."""
    with reading(engine) as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(_chosen(Asked(shown)).subquery())) or 0)


def row_of(engine: sa.Engine, study_id: str) -> Row | None:
    """Return one study as the list shows it; None if it is not registered."""
    with reading(engine) as connection:
        return _rows(connection, [study_id]).get(study_id)


def job_ids(engine: sa.Engine, owner: str, *, limit: int = PAGE_SIZE) -> list[str]:
    """Return the newest jobs that an owner sent."""
    mine = sa.select(jobs.c.job_id).where(jobs.c.owner == owner).order_by(jobs.c.received_at.desc(), jobs.c.job_id)
    with reading(engine) as connection:
        return list(connection.scalars(mine.limit(limit)))


def _chosen(asked: Asked) -> sa.Select[Any]:
    """Build the query for the keys of a page."""
    key = (studies.c.study_id, studies.c.priority_rank, studies.c.received_at)
    query = sa.select(*key).where(_in_view(asked.shown))
    if asked.priority is not None:
        query = query.where(studies.c.priority_rank == PRIORITY_RANK[asked.priority])
    if asked.study:
        query = query.where(studies.c.study_id.startswith(asked.study, autoescape=True))
    if asked.shown in NEWEST_FIRST:
        order: tuple[sa.ColumnElement[Any], ...] = (studies.c.received_at.desc(), studies.c.study_id.desc())
    else:
        order = (studies.c.priority_rank.asc(), studies.c.received_at.asc(), studies.c.study_id.asc())
    return query.where(_behind(asked)).order_by(*order)


def _in_view(shown: Shown) -> sa.ColumnElement[bool]:
    if shown is Shown.ALL:
        return sa.true()
    if shown is Shown.TODO:  # two small sets; an OR would read every study
        to_do = sa.select(studies.c.study_id).where(studies.c.finished_at.is_(None)).union_all(_UNDECIDED)
        return studies.c.study_id.in_(to_do)
    if shown in _OF_REPORT:
        return _stands_as(shown)
    return studies.c.finished_at.is_(None) & (_begun() if shown is Shown.RUNNING else ~_begun())


def _begun() -> sa.ColumnElement[bool]:
    same = (stage_records.c.study_id == studies.c.study_id) & (stage_records.c.revision == studies.c.revision)
    return sa.exists().where(same)


def _stands_as(shown: Shown) -> sa.ColumnElement[bool]:
    """Return whether the report of the newest revision stands so; an earlier revision's report says nothing of this one.

    What is held, in error or rejected went through a review, so that few are looked at; most are released, so that the
    newest fifty are found by looking at the newest studies one by one.
    """
    done = studies.c.finished_at.is_not(None)
    if shown is Shown.RELEASED:
        same = (STANDING.c.study_id == studies.c.study_id) & (STANDING.c.revision == studies.c.revision)
        return done & sa.exists().where(same, STANDING.c.status == shown.value)
    few = report_versions if shown is Shown.REJECTED else reviews
    named = _CURRENT.where(_STANDS.c.status == shown.value, _STANDS.c.study_id.in_(sa.select(few.c.study_id)))
    return done & studies.c.study_id.in_(named)


def _behind(asked: Asked) -> sa.ColumnElement[bool]:
    rank, at, study_id = _key_from(asked.after)
    if not study_id:
        return sa.true()
    if asked.shown in NEWEST_FIRST:
        return sa.tuple_(studies.c.received_at, studies.c.study_id) < sa.tuple_(sa.literal(at), sa.literal(study_id))
    mine = sa.tuple_(studies.c.priority_rank, studies.c.received_at, studies.c.study_id)
    return mine > sa.tuple_(sa.literal(int(rank)), sa.literal(at), sa.literal(study_id))


def _key_of(row: sa.Row[Any]) -> str:
    return f"{row.priority_rank}~{row.received_at}~{row.study_id}"


def _key_from(key: str | None) -> tuple[str, str, str]:
    parts = (key or "").split("~")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and parts[0] in {"0", "1", "2", "3"} else _FIRST_KEY


_READ = (
    *(studies.c[name] for name in ("study_id", "revision", "priority_rank", "received_at", "finished_at")),
    studies.c.final_state,
)


def _rows(connection: sa.Connection, study_ids: Sequence[str]) -> dict[str, Row]:
    """Return the studies with these ids; one that is not registered is left out."""
    if not study_ids:
        return {}
    known = connection.execute(sa.select(*_READ).where(studies.c.study_id.in_(study_ids))).all()
    stands = _newest(connection, STANDING, ("status", "version"), study_ids)
    stages = _newest(connection, stage_records, ("state",), study_ids)
    waits = set(connection.scalars(_NOT_DECIDED.where(_STANDS.c.study_id.in_(study_ids))))
    return {
        row.study_id: _row(row, stands.get((row.study_id, row.revision)), stages.get((row.study_id, row.revision)), row.study_id in waits)
        for row in known
    }  # fmt: skip


def _newest(
    connection: sa.Connection, table: sa.FromClause, names: tuple[str, ...], study_ids: Sequence[str]
) -> dict[tuple[str, int], sa.Row[Any]]:
    """Return the last row of each study and revision, by `names` in ascending order."""
    columns = [table.c[name] for name in ("study_id", "revision", *names)]
    query = sa.select(*columns).where(table.c.study_id.in_(study_ids)).order_by(*columns)
    return {(row.study_id, row.revision): row for row in connection.execute(query)}


def _row(
    row: sa.Row[Any], stands: sa.Row[Any] | None, stage: sa.Row[Any] | None, is_to_do: bool
) -> Row:  # fmt: skip
    known = (row.study_id, row.revision, _PRIORITY_OF[row.priority_rank], row.received_at)
    if row.finished_at is not None:
        state = Shown(stands.status) if stands is not None else Shown.ERROR
        return Row(*known, state, 100, version=stands.version if stands is not None else None, is_to_do=is_to_do)
    if stage is None:
        return Row(*known, Shown.WAITING, 0)
    passed = State(stage.state)
    upcoming = State(passed + 1) if State.INIT <= passed < State.COMPLETE else State.FORMATTING
    return Row(*known, Shown.RUNNING, PASSED_PCT[passed], stage=upcoming.name)
