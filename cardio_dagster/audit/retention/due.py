"""Due: what is past its retention, counted.

Belongs here: the limit, and the dry run. Not here: removing anything (purging.py).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from cardio_dagster.audit.retention.stored import StorePlaces
from cardio_dagster.audit_record import Kind
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.ledger import NEVER_PURGED, Ledger
from cardio_dagster.stores.retention import count_rows, every_due, kept, unfinished

_DAYS_A_YEAR = 365.25
ON_HOLD, IN_REVIEW = "on hold", "in review"
KEEPS_CONTENT = NEVER_PURGED | {Kind.HOLD_PLACED, Kind.HOLD_LIFTED}  # who held what, and why, must stay known


@dataclass(frozen=True, slots=True)
class Archive:
    """Everything of which a part goes: the database, the ledger and the files."""

    engine: sa.Engine
    ledger: Ledger
    places: StorePlaces


@dataclass(frozen=True, slots=True)
class Survey:
    """What a purge would do: counts of studies, ledger contents, rows, files and bytes; studies kept all the same."""

    before: str
    studies: int = 0
    contents: int = 0
    rows: int = 0
    files: int = 0
    size_bytes: int = 0
    on_hold: int = 0
    in_review: int = 0
    unfinished: int = 0


def limit_of(now: datetime, retention_years: float) -> str:
    """Return the moment (ISO, UTC) before which a study must have been closed to be due; a year has 365.25 days."""
    limit = now.astimezone(UTC) - timedelta(days=retention_years * _DAYS_A_YEAR)
    return limit.isoformat(timespec="milliseconds")


def survey(archive: Archive, before: str) -> Survey:
    """Count what a purge of all studies closed before `before` would remove; changes nothing."""
    stays = kept(archive.engine, before)
    waiting = len(unfinished(archive.engine))
    total = Survey(before, on_hold=stays.on_hold, in_review=stays.in_review, unfinished=waiting)
    for study in every_due(archive.engine, before):
        why = bound(archive.ledger, study.study_id)
        if why is not None:
            total = replace(
                total, on_hold=total.on_hold + (why == ON_HOLD), in_review=total.in_review + (why == IN_REVIEW)
            )
            continue
        n_files, size_bytes = archive.places.count(study.study_id)
        with reading(archive.engine) as connection:
            rows = count_rows(connection, study.study_id)
        total = replace(
            total,
            studies=total.studies + 1,
            contents=total.contents + len(purgeable(archive.ledger, study.study_id)),
            rows=total.rows + rows,
            files=total.files + n_files,
            size_bytes=total.size_bytes + size_bytes,
        )
    return total


def bound(ledger: Ledger, study_id: str) -> str | None:
    """Return what binds a study by the ledger: a hold that nobody lifted, a review of its newest report that nobody decided.

    The rows of both decide at once over all studies; the ledger decides over each that is about to go, because a row can be
    removed by anybody who can write to the database, and a record cannot.
    """
    kinds = (Kind.HOLD_PLACED, Kind.HOLD_LIFTED, Kind.REVIEW_OPENED, Kind.REVIEW_DECIDED, Kind.REPORT_CLOSED)
    found = list(ledger.records(study_id=study_id, kinds=kinds))
    moves = [r.kind for r in found if r.kind in (Kind.HOLD_PLACED, Kind.HOLD_LIFTED)]
    if moves and moves[-1] == Kind.HOLD_PLACED:
        return ON_HOLD
    newest = max((r.revision or 0 for r in found), default=0)
    reviewed = [r.kind for r in found if r.revision == newest and r.kind in (Kind.REVIEW_OPENED, Kind.REVIEW_DECIDED)]
    return IN_REVIEW if reviewed and reviewed[-1] == Kind.REVIEW_OPENED else None


def purgeable(ledger: Ledger, study_id: str) -> tuple[int, ...]:
    """Return the records of a study that still have a content which may go."""
    found = ledger.records(study_id=study_id)
    return tuple(r.seq for r in found if r.content is not None and r.kind not in KEEPS_CONTENT)
