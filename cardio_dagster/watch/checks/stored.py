"""What our own database tells: whether it answers, its clock, open studies, notices, held reports.

Belongs here: looks at one connection. Not here: the ledger (records.py).
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.outcome import Impact
from cardio_dagster.stores.notices.tables import notices
from cardio_dagster.stores.notices.words import NoticeState
from cardio_dagster.stores.review_queries import OPEN
from cardio_dagster.stores.study_tables import PRIORITY_RANK, studies
from cardio_dagster.study import Priority
from cardio_dagster.watch.limits import Limits
from cardio_dagster.watch.moments import age_s, aware, now, span
from cardio_dagster.watch.words import Check, Level, ok, worse

_OF_RANK = {rank: priority for priority, rank in PRIORITY_RANK.items()}
_SOON = {Priority.STAT.value, Priority.URGENT.value}
_OLDEST_OPEN = (
    sa.select(studies.c.priority_rank, sa.func.min(studies.c.received_at), sa.func.count())
    .where(studies.c.finished_at.is_(None))
    .group_by(studies.c.priority_rank)
)
_OPEN_NOTICES = (
    sa.select(
        notices.c.impact,
        sa.func.count().label("count"),
        sa.func.min(notices.c.raised_at).label("raised_at"),
        sa.func.min(notices.c.due_at).label("due_at"),
    )
    .where(notices.c.state == NoticeState.OPEN.value)
    .group_by(notices.c.impact)
)


def database(connection: Connection) -> Check:
    """Return whether the database answers, holds our tables and takes what is written."""
    if connection.dialect.name == "postgresql" and connection.scalar(sa.text("SELECT pg_is_in_recovery()")):
        return worse("database", Level.DEAD, "it is a standby and takes nothing")
    connection.execute(sa.select(studies.c.study_id).limit(1)).first()
    return ok("database", "answers")


def clock(connection: Connection, limits: Limits) -> Check:
    """Return by how much this machine and the database's machine differ; of SQLite nothing can differ."""
    if connection.dialect.name != "postgresql":
        return ok("clock", "one machine")
    before = now()
    theirs = connection.scalar(sa.text("SELECT clock_timestamp()"))
    after = now()
    middle = before + (after - before) / 2
    skew_s = abs((aware(theirs) - middle).total_seconds()) if isinstance(theirs, datetime) else 0.0
    seen = f"{skew_s:.1f} s apart from the database's"
    return limits.skew.judge("clock", skew_s, seen)


def queue_age(connection: Connection, at: datetime, limits: Limits) -> Check:
    """Return how long the oldest open study of each priority has waited, against what its priority allows."""
    found = [(_OF_RANK[rank], oldest, count) for rank, oldest, count in connection.execute(_OLDEST_OPEN)]
    checks = [_waiting(priority, oldest, count, at, limits) for priority, oldest, count in found]
    return max(checks, key=lambda c: c.level.rank, default=ok("queue_age", "no study is open"))


def _waiting(priority: Priority, oldest: str, count: int, at: datetime, limits: Limits) -> Check:
    waits_s, bounds = age_s(oldest, at), limits.queue_age(priority)
    seen = f"{count} open {priority.value}, the oldest since {span(waits_s)}"
    return bounds.judge("queue_age", waits_s, seen, oldest)


def notices_open(connection: Connection, at: datetime, limits: Limits) -> Check:
    """Return whether a notice is open beyond its deadline; which of several counts is the one that is due the longest."""
    rows = connection.execute(_OPEN_NOTICES).all()
    if not rows:
        return ok("notices", "none is open")
    oldest = min(row.raised_at for row in rows)
    counts = {row.impact: row.count for row in rows}
    told = ", ".join(f"{counts[i.value]} {i.value}" for i in reversed(Impact) if i.value in counts)
    seen = f"{told} open, the oldest since {span(age_s(oldest, at))}"
    dues = [row.due_at for row in rows if row.due_at is not None]
    late_s = age_s(min(dues), at) if dues else -1.0
    if late_s < 0:
        return ok("notices", seen)
    overdue = f"{seen}; overdue for {span(late_s)}"
    return limits.notice_overdue.judge("notices", late_s, overdue, min(dues))


def held(connection: Connection, at: datetime, limits: Limits) -> Check:
    """Return whether a held report has waited too long for a person; one that came as STAT or urgent may wait less."""
    rows = connection.execute(OPEN).all()
    checks = [ok("held", f"{len(rows)} wait for a person" if rows else "no report is held")]
    for is_soon, bounds in ((True, limits.held_soon), (False, limits.held)):
        since = [row.opened_at for row in rows if (row.priority in _SOON) is is_soon]
        if since:
            waits_s = age_s(min(since), at)
            what = "came as STAT or urgent" if is_soon else "are routine"
            seen = f"{len(rows)} wait for a person, of those that {what} the oldest since {span(waits_s)}"
            checks.append(bounds.judge("held", waits_s, seen, min(since)))
    return max(checks, key=lambda c: c.level.rank)
