"""Which version of a report stands, what waits for a person, and which decisions wait for their version.

Belongs here: queries over the tables of reviews and releases, and their rows as values. Not here: the tables
(review_tables.py), or changing them (reviews.py).
"""

from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from cardio_dagster.outcome import State
from cardio_dagster.stores.report_paths import path_of
from cardio_dagster.stores.results import releases
from cardio_dagster.stores.review_tables import VersionRow, report_versions, review_decisions, reviews
from cardio_dagster.stores.review_words import ReviewDecision, UnreadableDecisionError
from cardio_dagster.stores.study_tables import revisions

_NO_REASONS = ("why it waits cannot be read; run `cardio audit verify`",)


def standing_reports() -> sa.Subquery:
    """Build the query for the standing version of every decided revision: the columns of VersionRow, by index only."""
    made, latest = report_versions, report_versions.alias("latest")
    number = (
        sa.select(sa.func.max(latest.c.version))
        .where(latest.c.study_id == releases.c.study_id, latest.c.revision == releases.c.revision)
        .where(latest.c.base_sha256 == releases.c.report_sha256)
        .scalar_subquery()
    )
    own = (made.c.study_id == releases.c.study_id) & (made.c.revision == releases.c.revision)
    fallen_back = [(made.c[name], releases.c[name]) for name in ("status", "report_path", "report_sha256")]
    return (
        sa.select(
            *(releases.c[name] for name in ("study_id", "revision", "state", "coverage", "code")),
            sa.func.coalesce(made.c.version, 1).label("version"),
            *(sa.func.coalesce(one, other).label(other.name) for one, other in fallen_back),
            releases.c.report_sha256.label("base_sha256"),
            sa.func.coalesce(made.c.decided_at, releases.c.released_at).label("at"),
        )
        .select_from(releases.outerjoin(made, own & (made.c.version == number)))
        .subquery("standing")
    )


def decision_of(row: Any) -> ReviewDecision:
    """Convert a row of review_decisions; raises UnreadableDecisionError for one of other types, words or JSON than this writes."""
    values = {name: row[name] for name in ReviewDecision.__slots__ if name != "amendments"}
    try:
        return msgspec.convert({**values, "amendments": msgspec.json.decode(row["amendments"])}, ReviewDecision)
    except (msgspec.MsgspecError, TypeError, ValueError):
        raise UnreadableDecisionError(
            f"a decision on revision {row['revision']} of {row['study_id']} cannot be read: its row was not written by this "
            "software; run `cardio audit verify`, then restore the database from the backup"
        ) from None


def version_of(row: Any, reports: Path) -> VersionRow:
    """Convert a row of `standing_reports()`; `reports` is the folder below which they lie."""
    values = {name: row[name] for name in VersionRow.__slots__}
    path = str(path_of(row["report_path"], reports))
    return VersionRow(**{**values, "state": State(row["state"]), "report_path": path})


def reasons_of(text: str) -> tuple[str, ...]:
    """Return why a report waits; of a row that this software did not write, that it cannot be read: the report waits still."""
    try:
        return msgspec.json.decode(text, type=tuple[str, ...])
    except (msgspec.MsgspecError, TypeError, ValueError):
        return _NO_REASONS


STANDING = standing_reports()
RESTS_ON = (
    (review_decisions.c.study_id == releases.c.study_id)
    & (review_decisions.c.revision == releases.c.revision)
    & (review_decisions.c.base_sha256 == releases.c.report_sha256)
)
_LATER = releases.alias("later")
_IS_OVERTAKEN = sa.exists().where(_LATER.c.study_id == releases.c.study_id, _LATER.c.revision > releases.c.revision)
_IS_DECIDED = sa.exists().where(RESTS_ON)
_SAME = (reviews.c.study_id == releases.c.study_id) & (reviews.c.revision == releases.c.revision)
_REVISION = (revisions.c.study_id == releases.c.study_id) & (revisions.c.revision == releases.c.revision)
OPEN = (
    sa.select(
        *(reviews.c[name] for name in ("study_id", "revision", "version", "report_sha256", "reasons", "opened_at")),
        releases.c.status,
        releases.c.report_path,
        revisions.c.priority,
        revisions.c.received_at,
    )
    .select_from(reviews.join(releases, _SAME & (reviews.c.report_sha256 == releases.c.report_sha256)).outerjoin(revisions, _REVISION))
    .where(~_IS_OVERTAKEN, ~_IS_DECIDED)
    .order_by(reviews.c.opened_at, reviews.c.study_id)
)  # fmt: skip
_WRITTEN = sa.exists().where(
    report_versions.c.study_id == review_decisions.c.study_id,
    report_versions.c.revision == review_decisions.c.revision,
    report_versions.c.version == review_decisions.c.makes,
)
WAITING = (
    sa.select(review_decisions)
    .join(releases, RESTS_ON)
    .where(~_IS_OVERTAKEN, ~_WRITTEN)
    .order_by(review_decisions.c.at, review_decisions.c.study_id)
)
