"""What raising a notice takes: grouping causes, leaving out what was told, joining an outage, keeping and queueing.

Belongs here: the steps of NoticeStore.raise_, each inside the caller's transaction. Not here: what happens to a notice
afterwards (store.py).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.stores.notices.tables import causes, deliveries, insert_once, notices
from cardio_dagster.stores.notices.words import WAITING, Audience, Cause, Notice, NoticeState, Policy, Told, stamp


def group_of(cause: Cause) -> tuple[str, ...]:
    """Return what makes causes one notice: study or subject, and audience."""
    about = (cause.study_id, cause.revision, cause.subject, cause.occasion, cause.audience)
    return tuple(str(part if part is not None else "") for part in about)


def place_of(cause: Cause) -> tuple[tuple[str, ...], int, str]:
    """Return the order of causes: by notice, then the gravest first."""
    return group_of(cause), -cause.impact.rank, cause.code


def is_told(connection: Connection, cause: Cause) -> bool:
    """Return whether a notice tells this cause already, at its impact or a graver one."""
    same_code = (causes.c.code == cause.code) & (causes.c.audience == cause.audience.value)
    if cause.study_id is not None:
        mine = (causes.c.study_id == cause.study_id) & (causes.c.revision == cause.revision)
        query = sa.select(causes.c.code).where(same_code, mine, causes.c.impact_rank >= cause.impact.rank)
    else:
        waits = notices.c.state.in_(WAITING)
        once = causes.c.occasion.is_(None) if cause.occasion is None else causes.c.occasion == cause.occasion
        query = sa.select(causes.c.code).join(notices).where(same_code, causes.c.subject == cause.subject, waits | once)
    return connection.execute(query.limit(1)).first() is not None


def new_notice(group: Sequence[Cause], policy: Policy, now: datetime) -> Notice:
    """Return the notice of one group; its id is a hash of what it tells, so that the same causes make the same notice."""
    first = group[0]
    named = "|".join((*group_of(first), *(f"{c.code}={c.impact}" for c in group)))
    within_s = policy.within_s(first.impact, 0)
    return Notice(
        notice_id=hashlib.sha256(named.encode()).hexdigest()[:16],
        audience=first.audience,
        impact=first.impact,
        causes=tuple(Told(c.code, c.impact, c.count) for c in group),
        raised_at=stamp(now),
        state=NoticeState.TOLD if within_s is None else NoticeState.OPEN,
        role=policy.role(first.audience, 0),
        due_at=None if within_s is None else stamp(now + timedelta(seconds=within_s)),
        study_id=first.study_id,
        revision=first.revision,
        priority=first.priority,
        subject=first.subject,
    )


def joined(connection: Connection, notice: Notice) -> Notice:
    """Return the notice, joined to the open one that tells the same failure of the machine already, if there is one."""
    if notice.audience is not Audience.TECHNICAL or notice.study_id is None:
        return notice
    same = (notices.c.code == notice.causes[0].code) & (notices.c.audience == notice.audience.value)
    leads = notices.c.state == NoticeState.OPEN.value
    graver = notices.c.impact_rank >= notice.impact.rank
    query = sa.select(notices.c.notice_id).where(same, leads, graver).order_by(notices.c.raised_at).limit(1)
    leader = connection.execute(query).scalar()
    return (
        notice
        if leader is None or leader == notice.notice_id
        else replace(notice, state=NoticeState.JOINED, joined_to=leader, due_at=None)
    )


def keep(connection: Connection, notice: Notice, group: Sequence[Cause], policy: Policy, now: datetime) -> bool:
    """Write a new notice with its causes and its first delivery; return False if it stands already."""
    values = {
        **msgspec.to_builtins(notice),
        "causes": msgspec.json.encode(notice.causes).decode(),
        "code": notice.causes[0].code,
        "impact_rank": notice.impact.rank,
        "due_after_s": policy.within_s(notice.impact, 0),
    }
    if not insert_once(connection, notices, values):
        return False
    rows = [
        {
            "notice_id": notice.notice_id,
            "code": c.code,
            "audience": c.audience.value,
            "impact_rank": c.impact.rank,
            "study_id": c.study_id,
            "revision": c.revision,
            "subject": c.subject,
            "occasion": c.occasion,
        }
        for c in group
    ]
    connection.execute(sa.insert(causes), rows)
    if notice.state is not NoticeState.JOINED:
        queue(connection, notice, now)
    return True


def queue(connection: Connection, notice: Notice, now: datetime) -> None:
    """Put one telling of a notice to its present role into the outbox, once."""
    values = {
        "notice_id": notice.notice_id,
        "level": notice.level,
        "role": notice.role,
        "impact_rank": notice.impact.rank,
        "queued_at": stamp(now),
        "position": 0,
        "attempt": 0,
        "failed": "[]",
        "next_try_at": stamp(now),
    }
    insert_once(connection, deliveries, values)
