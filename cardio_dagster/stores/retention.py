"""Retention in SQL: which studies are due, which rows go with one, which purges are not finished.

Belongs here: queries over the tables of all stores. Not here: files and ledger contents (audit/retention/), legal
holds (holds.py). The registry keeps its rows for ever (pseudonyms and hashes, so that a purged study is still known
and its files are not taken for new ones), but forgets the names of the files.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from cardio_dagster.stores.attempts import excused_attempts
from cardio_dagster.stores.basis import study_bases
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.holds import holds, lock_retention, purges
from cardio_dagster.stores.jobs import jobs
from cardio_dagster.stores.notices.tables import causes, deliveries, notices
from cardio_dagster.stores.priors import patients
from cardio_dagster.stores.results import findings, measurements, problems, releases, scores, stage_records, verdicts
from cardio_dagster.stores.review_tables import report_versions, review_decisions, reviews
from cardio_dagster.stores.study_tables import revisions, studies

# every table with rows of a study is in one of these two; a test walks the catalogue
GOES = (
    jobs,
    measurements,
    findings,
    scores,
    verdicts,
    problems,
    stage_records,
    releases,
    patients,
    excused_attempts,
    study_bases,
    report_versions,
    review_decisions,
    reviews,
    causes,
    notices,
)
STAYS = (studies, revisions, holds, purges)
_COHORT = "cohort"  # of stores/cohort.py, made anew by each night's run and so in no catalogue
_FORGOTTEN = {"recordings": "[]", "problems": "[]"}


@dataclass(frozen=True, slots=True)
class DueStudy:
    """A closed study past its retention; `finished_at` is ISO 8601 in UTC."""

    study_id: str
    finished_at: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How many studies past their retention stay all the same, and why."""

    on_hold: int
    in_review: int


def due(engine: sa.Engine, before: str, *, after: DueStudy | None = None, limit: int = 200) -> tuple[DueStudy, ...]:
    """Return studies closed before `before` (ISO, UTC) that may go, the oldest first; `after` continues a former answer.

    Not among them: studies that are open, on legal hold, waiting for a review of their newest report, or purged already.
    """
    query = sa.select(studies.c.study_id, studies.c.finished_at).where(*_may_go(before))
    if after is not None:
        place = sa.tuple_(studies.c.finished_at, studies.c.study_id)
        query = query.where(place > sa.tuple_(sa.literal(after.finished_at), sa.literal(after.study_id)))
    query = query.order_by(studies.c.finished_at, studies.c.study_id).limit(limit)
    with reading(engine) as connection:
        return tuple(DueStudy(*row) for row in connection.execute(query))


def every_due(engine: sa.Engine, before: str) -> Iterator[DueStudy]:
    """Yield all of them, read in blocks; a study that is dealt with meanwhile does no harm."""
    last: DueStudy | None = None
    while block := due(engine, before, after=last):
        yield from block
        last = block[-1]


def kept(engine: sa.Engine, before: str) -> Kept:
    """Return how many studies closed before `before` stay because of a hold or a waiting review."""
    old = (studies.c.finished_at < before, ~_purged())
    with reading(engine) as connection:
        on_hold, in_review = (
            connection.execute(sa.select(sa.func.count()).select_from(studies).where(*old, why)).scalar_one()
            for why in (_on_hold(), _in_review() & ~_on_hold())
        )
    return Kept(on_hold, in_review)


def claim(connection: sa.Connection, study_id: str, before: str) -> bool:
    """Lock a study for its purge, within a writing transaction; False if it may no longer go (a hold, a late file)."""
    lock_retention(connection)
    query = sa.select(studies.c.study_id).where(studies.c.study_id == study_id, *_may_go(before))
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()  # no late file re-opens it meanwhile
    return connection.execute(query).first() is not None


def count_rows(connection: sa.Connection, study_id: str) -> int:
    """Return how many rows of a study would go."""
    tables = (sa.select(sa.func.count()).select_from(t).where(t.c.study_id == study_id) for t in GOES)
    return sum(connection.execute(query).scalar_one() for query in tables)


def delete_rows(connection: sa.Connection, study_id: str) -> int:
    """Delete the rows of a study and the names of its files; return how many rows went."""
    mine = sa.select(notices.c.notice_id).where(notices.c.study_id == study_id)
    for table in (causes, deliveries):
        connection.execute(sa.delete(table).where(table.c.notice_id.in_(mine)))
    count = sum(connection.execute(sa.delete(t).where(t.c.study_id == study_id)).rowcount for t in GOES)
    connection.execute(sa.update(revisions).where(revisions.c.study_id == study_id).values(**_FORGOTTEN))
    if sa.inspect(connection).has_table(_COHORT):
        connection.execute(sa.text(f"DELETE FROM {_COHORT} WHERE study_id = :study_id"), {"study_id": study_id})
    return count


def note_purge(connection: sa.Connection, study_id: str, proof_seq: int, at: str) -> None:
    """Note the newest proof of a study's purge; its files still lie in the store until `note_finished`."""
    connection.execute(sa.delete(purges).where(purges.c.study_id == study_id))
    connection.execute(sa.insert(purges), {"study_id": study_id, "proof_seq": proof_seq, "purged_at": at})


def note_finished(engine: sa.Engine, study_id: str, at: str) -> None:
    """Note that nothing of a purged study is left in the store."""
    with engine.begin() as connection:
        connection.execute(sa.update(purges).where(purges.c.study_id == study_id).values(finished_at=at))


def unfinished(engine: sa.Engine) -> tuple[str, ...]:
    """Return the studies whose purge was recorded and whose files may still lie in the store."""
    query = sa.select(purges.c.study_id).where(purges.c.finished_at.is_(None)).order_by(purges.c.study_id)
    with reading(engine) as connection:
        return tuple(connection.execute(query).scalars())


def _may_go(before: str) -> tuple[sa.ColumnElement[bool], ...]:
    return studies.c.finished_at < before, ~_purged(), ~_on_hold(), ~_in_review()


def _purged() -> sa.ColumnElement[bool]:
    return sa.exists().where(purges.c.study_id == studies.c.study_id)


def _on_hold() -> sa.ColumnElement[bool]:
    return sa.exists().where(holds.c.study_id == studies.c.study_id)


def _in_review() -> sa.ColumnElement[bool]:
    """Build the condition that a review of the current revision was opened and is not decided."""
    d, r = review_decisions.c, reviews.c
    decided = sa.exists().where(d.study_id == r.study_id, d.revision == r.revision, d.report_sha256 == r.report_sha256)
    return sa.exists().where(r.study_id == studies.c.study_id, r.revision == studies.c.revision, ~decided)
