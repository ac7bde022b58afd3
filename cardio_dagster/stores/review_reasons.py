"""Reasons: what is told beside a report that waits for a person already.

Belongs here: adding a reason to an open review. Not here: opening or deciding one (reviews.py).
"""

import msgspec
import sqlalchemy as sa

from cardio_dagster.stores.review_tables import reviews


def add_reason(connection: sa.Connection, study_id: str, revision: int, reason: str) -> bool:
    """Add a reason to the review of a revision, in the caller's transaction; return False where it is told or none is open."""
    mine = (reviews.c.study_id == study_id) & (reviews.c.revision == revision)
    told = connection.execute(sa.select(reviews.c.reasons).where(mine)).scalar_one_or_none()
    known = [] if told is None else msgspec.json.decode(told, type=list[str])
    if told is None or reason in known:
        return False
    values = {"reasons": msgspec.json.encode([*known, reason]).decode()}
    connection.execute(sa.update(reviews).where(mine).values(values))
    return True
