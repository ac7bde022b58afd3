"""Numbering: on which version a decision may be made, and the number of the version that it makes.

Belongs here: what stands and what was decided, in a transaction of the caller. Not here: recording a decision (reviews.py),
or whether a person may make it (review/deciding.py).
"""

from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from cardio_dagster.stores.results import releases
from cardio_dagster.stores.review_queries import RESTS_ON, STANDING, decision_of, version_of
from cardio_dagster.stores.review_tables import VersionRow, review_decisions
from cardio_dagster.stores.review_words import ReviewDecision, ReviewError
from cardio_dagster.stores.study_tables import studies


def standing_of(
    connection: sa.Connection, reports: Path, study_id: str, revision: int | None = None
) -> VersionRow | None:
    """Return the version that stands of a revision, by default of the newest decided one; None if nothing was decided."""
    query = sa.select(STANDING).where(STANDING.c.study_id == study_id)
    if revision is not None:
        query = query.where(STANDING.c.revision == revision)
    row = connection.execute(query.order_by(STANDING.c.revision.desc()).limit(1)).mappings().first()
    return None if row is None or row["report_path"] is None else version_of(row, reports)


def decisions_of(connection: sa.Connection, study_id: str, revision: int) -> tuple[ReviewDecision, ...]:
    """Return the decisions that rest on version 1, in the order made; raises UnreadableDecisionError for a spoilt row."""
    mine = (review_decisions.c.study_id == study_id) & (review_decisions.c.revision == revision)
    query = sa.select(review_decisions).join(releases, RESTS_ON).where(mine).order_by(review_decisions.c.makes)
    return tuple(decision_of(row) for row in connection.execute(query).mappings())


def number(connection: sa.Connection, reports: Path, decision: ReviewDecision) -> tuple[ReviewDecision, VersionRow]:
    """Return the decision with the number of its version, and what it is made on; raise ReviewError where it may not be taken."""
    study_id, revision = decision.study_id, decision.revision
    own = (releases.c.study_id == study_id) & (releases.c.revision == revision)
    connection.execute(sa.select(releases.c.revision).where(own).with_for_update())  # a run launched again waits
    newest, stands = (standing_of(connection, reports, study_id, n) for n in (None, revision))
    if newest is None or stands is None:
        raise ReviewError(f"study {study_id} has no decided report; wait for its run, or look for its id with `cardio review list`")  # fmt: skip
    if newest.revision != revision:
        raise ReviewError(f"revision {newest.revision} of {study_id} was decided since; look at it and decide on that")
    _refuse_overtaken(connection, study_id, revision)
    taken = decisions_of(connection, study_id, revision)
    if (stands.version, stands.report_sha256) != (decision.version, decision.report_sha256):
        raise decided_otherwise(taken)
    if taken and taken[-1].makes > stands.version:
        raise decided_otherwise(taken)
    numbers = sa.select(sa.func.max(review_decisions.c.makes)).filter_by(study_id=study_id, revision=revision)
    return replace(decision, makes=max(connection.execute(numbers).scalar() or 0, 1) + 1), stands


def _refuse_overtaken(connection: sa.Connection, study_id: str, revision: int) -> None:
    """Refuse a decision on a revision that files which came late have taken the place of: nothing would follow from it."""
    now = connection.execute(sa.select(studies.c.revision).where(studies.c.study_id == study_id)).scalar()
    if now is not None and now != revision:
        raise ReviewError(
            f"files that came late re-opened {study_id} as revision {now}; wait for its report and decide on that, "
            f"`cardio explain {study_id}` says how far it is"
        )


def decided_otherwise(taken: tuple[ReviewDecision, ...]) -> ReviewError:
    """Return the error that says who was quicker, or that the report was made anew where nobody was."""
    if not taken:
        return ReviewError(
            "the report was made anew since you looked at it; look at it again with `cardio review show`"
        )
    last = taken[-1]
    return ReviewError(
        f"{last.by} ({last.role}) decided meanwhile: {last.choice.value}, at {last.at}, which makes version {last.makes}; "
        "look at that version with `cardio review show` and decide again if need be"
    )
