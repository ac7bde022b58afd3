"""NoticeStore: raising notices once, passing them on, acknowledging them.

Belongs here: the life of a notice, each step in a transaction that the caller may share. Not here: sending (outbox.py)
or the records of the ledger (escalation/entries.py).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.stores.database import reading
from cardio_dagster.stores.notices.raising import group_of, is_told, joined, keep, new_notice, place_of, queue
from cardio_dagster.stores.notices.tables import deliveries, notices, to_notice
from cardio_dagster.stores.notices.words import WAITING, Cause, Notice, NoticeState, Policy, stamp


class NoticeStore:
    """The notices of all studies in one database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def raise_(
        self, given: Iterable[Cause], policy: Policy, *, now: datetime, connection: Connection
    ) -> tuple[Notice, ...]:
        """Raise what has not been told yet and return the new notices, one for each study (or subject) and audience.

        Belongs into the transaction that records the cause, so that neither is kept without the other. Repeated with
        the same causes it raises nothing; a code is told again only with a graver impact or of another revision. A
        subject's code is raised again only on a new occasion, and never while its last notice waits for an answer.
        A failure of the machine whose code another open notice tells already, at this impact or a graver one, is
        kept as JOINED and not sent: one page for an outage, not one for each study.
        """
        fresh = sorted((c for c in given if not is_told(connection, c)), key=place_of)
        raised = []
        for _, members in groupby(fresh, key=group_of):
            group = tuple(members)
            notice = joined(connection, new_notice(group, policy, now))
            if keep(connection, notice, group, policy, now):
                raised.append(notice)
        return tuple(raised)

    def get(self, notice_id: str) -> tuple[Notice, ...]:
        """Return the notices whose id begins so: one, or none, or several for a beginning that is too short."""
        wanted = notices.c.notice_id.startswith(notice_id.strip().lower(), autoescape=True)
        return self._many(sa.select(notices).where(wanted).order_by(notices.c.notice_id).limit(10))

    def open(self, *, limit: int = 1000) -> tuple[Notice, ...]:
        """Return the notices that nobody has acknowledged, the gravest first, of these the patients, then the oldest."""
        patients_first = notices.c.audience
        order = (notices.c.impact_rank.desc(), patients_first, notices.c.raised_at, notices.c.notice_id)
        return self._many(sa.select(notices).where(notices.c.state.in_(WAITING)).order_by(*order).limit(limit))

    def joined(self, notice_id: str, *, limit: int = 1000) -> tuple[Notice, ...]:
        """Return the notices that were joined to this one."""
        mine = notices.c.joined_to == notice_id
        return self._many(sa.select(notices).where(mine).order_by(notices.c.raised_at).limit(limit))

    def of_study(self, study_id: str) -> tuple[Notice, ...]:
        """Return all notices of a study, the oldest first."""
        mine = notices.c.study_id == study_id
        return self._many(sa.select(notices).where(mine).order_by(notices.c.raised_at, notices.c.notice_id))

    def overdue(self, now: datetime, *, limit: int = 100) -> tuple[Notice, ...]:
        """Return open notices whose role did not answer in time, the gravest first."""
        late = (notices.c.state == NoticeState.OPEN.value) & (notices.c.due_at <= stamp(now))
        return self._many(sa.select(notices).where(late).order_by(notices.c.impact_rank.desc()).limit(limit))

    def pass_on(self, notice: Notice, policy: Policy, *, now: datetime, connection: Connection) -> Notice | None:
        """Send an overdue notice to the next role, or remind the last; after the last reminder it is UNANSWERED.

        Returns the notice as it is now; None if it was acknowledged or passed on in the meantime.
        """
        if notice.level >= policy.last_level(notice.audience, notice.impact):
            later = replace(notice, state=NoticeState.UNANSWERED, due_at=None)
        else:
            level = notice.level + 1
            within_s = policy.within_s(notice.impact, level)
            due_at = None if within_s is None else stamp(now + timedelta(seconds=within_s))
            later = replace(notice, level=level, role=policy.role(notice.audience, level), due_at=due_at)
        if not _move(connection, notice, later, policy):
            return None
        if later.level != notice.level:
            queue(connection, later, now)
        return later

    def acknowledge(
        self, notice_id: str, *, by: str, role: str, now: datetime, connection: Connection
    ) -> tuple[Notice, ...]:
        """Note who took care of a notice and of those joined to it; return what changed, nothing if somebody had before."""
        mine = (notices.c.notice_id == notice_id) | (notices.c.joined_to == notice_id)
        waiting = notices.c.state != NoticeState.ACKNOWLEDGED.value
        answer = {"state": NoticeState.ACKNOWLEDGED.value, "due_at": None, "answered_at": stamp(now)}
        changed = connection.execute(
            sa.update(notices)
            .where(mine, waiting)
            .values(answered_by=by, answered_role=role, **answer)
            .returning(*notices.c)
        ).all()
        unsent = deliveries.c.notice_id.in_([row.notice_id for row in changed]) & deliveries.c.done_at.is_(None)
        connection.execute(sa.update(deliveries).where(unsent).values(done_at=stamp(now)))  # nobody is disturbed again
        return tuple(sorted((to_notice(row) for row in changed), key=lambda n: (n.notice_id != notice_id, n.notice_id)))

    def rebase(self, now: datetime) -> None:
        """Take a clock that was set back into account: nobody has longer to answer than the policy gave."""
        farthest = sa.select(sa.func.max(notices.c.due_at)).where(notices.c.state == NoticeState.OPEN.value)
        with reading(self._engine) as connection:
            last = connection.execute(farthest).scalar()
            if last is None or last <= stamp(now):
                return
            query = sa.select(notices.c.notice_id, notices.c.due_at, notices.c.due_after_s)
            late = connection.execute(query.where(notices.c.due_at > stamp(now))).all()
        limits = {r.notice_id: stamp(now + timedelta(seconds=r.due_after_s)) for r in late}
        wrong = [r for r in late if r.due_at > limits[r.notice_id]]
        if wrong:
            with self._engine.begin() as connection:
                for row in wrong:
                    mine = (notices.c.notice_id == row.notice_id) & (notices.c.due_at == row.due_at)
                    connection.execute(sa.update(notices).where(mine).values(due_at=limits[row.notice_id]))

    def _many(self, query: sa.Select[tuple[object, ...]]) -> tuple[Notice, ...]:
        with reading(self._engine) as connection:
            return tuple(to_notice(row) for row in connection.execute(query))


def _move(connection: Connection, before: Notice, after: Notice, policy: Policy) -> bool:
    same = (notices.c.notice_id == before.notice_id) & (notices.c.level == before.level)
    values = {
        "state": after.state.value,
        "level": after.level,
        "role": after.role,
        "due_at": after.due_at,
        "due_after_s": policy.within_s(after.impact, after.level),
    }
    moving = sa.update(notices).where(same, notices.c.state == NoticeState.OPEN.value)
    return connection.execute(moving.values(values)).rowcount == 1
