"""Outbox: what must be sent, taken by one sender at a time.

Belongs here: claims with a lease, postponing, and what is known of channels that fail. Not here: the sending itself
(escalation/sending.py).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.stores.database import reading
from cardio_dagster.stores.notices.tables import channels, deliveries, insert_once, notices, to_notice
from cardio_dagster.stores.notices.words import Notice, stamp

LEASE_S = 60.0  # a sender that has not come back after this is taken for dead
MAX_DELAY_S = 60.0  # no delivery waits longer for its next attempt
_CANDIDATES = 16  # looked at for one claim, so that several senders do not all try for the same row


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed telling of one notice to one role. `failed` are the schemes of the channels given up so far."""

    notice: Notice
    level: int
    role: str
    claim: str
    position: int
    attempt: int
    queued_at: str
    failed: tuple[str, ...]


class Outbox:
    """The deliveries of all notices in one database; any number of senders may share it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def claim(self, now: datetime) -> Delivery | None:
        """Take the gravest delivery that is due; None if there is none. It stays ours for LEASE_S seconds.

        The row is taken by one update that asks again whether it is free: of several senders one succeeds. What was
        sent and not marked, because its sender died in between, is sent again after the lease.
        """
        for row in self._candidates(now):
            claim = secrets.token_hex(8)
            until = stamp(now + timedelta(seconds=LEASE_S))
            with self._engine.begin() as connection:
                taking = sa.update(deliveries).where(_key(row.notice_id, row.level), _is_due(now))
                mine = taking.values(claim=claim, claimed_until=until).returning(*deliveries.c)
                taken = connection.execute(mine).one_or_none()
                if taken is not None:
                    found = connection.execute(sa.select(notices).where(notices.c.notice_id == row.notice_id)).one()
                    return _delivery(taken, to_notice(found))
        return None

    def postpone(self, delivery: Delivery, *, until: datetime) -> None:
        """Give a claimed delivery back, to be tried again at `until` on the channel that its `position` says."""
        values = {
            "position": delivery.position,
            "attempt": delivery.attempt,
            "failed": msgspec.json.encode(delivery.failed).decode(),
            "next_try_at": stamp(until),
            "claim": None,
            "claimed_until": None,
        }
        with self._engine.begin() as connection:
            connection.execute(sa.update(deliveries).where(_ours(delivery)).values(values))

    def mark_sent(self, delivery: Delivery, scheme: str, *, now: datetime, connection: Connection) -> bool:
        """Note which channel took it; return False if the claim was lost to another sender."""
        done = {"done_at": stamp(now), "scheme": scheme, "failed": msgspec.json.encode(delivery.failed).decode()}
        return connection.execute(sa.update(deliveries).where(_ours(delivery)).values(done)).rowcount == 1

    def next_due_s(self, now: datetime) -> float | None:
        """Return the seconds until something that no other sender holds is due, 0 for now; None if nothing waits."""
        waits = deliveries.c.done_at.is_(None) & deliveries.c.claim.is_(None)
        query = sa.select(sa.func.min(deliveries.c.next_try_at)).where(waits)
        with reading(self._engine) as connection:
            first = connection.execute(query).scalar()
        return None if first is None else max(0.0, (datetime.fromisoformat(first) - now).total_seconds())

    def has_lapsed(self, now: datetime) -> bool:
        """Return whether a sender died with a delivery in its hands."""
        lapsed = deliveries.c.done_at.is_(None) & (deliveries.c.claimed_until <= stamp(now))
        with reading(self._engine) as connection:
            return connection.execute(sa.select(deliveries.c.notice_id).where(lapsed).limit(1)).first() is not None

    def rebase(self, now: datetime) -> None:
        """Take a clock that was set back into account: a lease or a delay from the future starts anew, nothing is sent twice."""
        lease, delay = stamp(now + timedelta(seconds=LEASE_S)), stamp(now + timedelta(seconds=MAX_DELAY_S))
        open_ = deliveries.c.done_at.is_(None)
        ahead = open_ & ((deliveries.c.claimed_until > lease) | (deliveries.c.next_try_at > delay))
        with reading(self._engine) as connection:
            if connection.execute(sa.select(deliveries.c.notice_id).where(ahead).limit(1)).first() is None:
                return
        with self._engine.begin() as connection:
            late = open_ & (deliveries.c.claimed_until > lease)
            connection.execute(sa.update(deliveries).where(late).values(claimed_until=lease))
            late = open_ & (deliveries.c.next_try_at > delay)
            connection.execute(sa.update(deliveries).where(late).values(next_try_at=stamp(now)))

    def is_down(self, channel: str, *, after: int, reset_s: float, now: datetime) -> bool:
        """Return whether a channel failed `after` times in a row and is to be left alone for now."""
        query = sa.select(channels).where(channels.c.channel == channel)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return row is not None and row.failures >= after and stamp(now) < row.retry_at <= _after(now, reset_s)

    def note_failure(self, channel: str, *, reset_s: float, now: datetime) -> int:
        """Count one more failure of a channel and return how many there were in a row."""
        retry_at = _after(now, reset_s)
        counting = sa.update(channels).where(channels.c.channel == channel)
        more = {"failures": channels.c.failures + 1, "retry_at": retry_at}
        with self._engine.begin() as connection:
            if insert_once(connection, channels, {"channel": channel, "failures": 1, "retry_at": retry_at}):
                return 1
            return int(connection.execute(counting.values(more).returning(channels.c.failures)).scalar_one())

    def note_success(self, channel: str) -> None:
        """Forget the failures of a channel that works again."""
        mine = channels.c.channel == channel
        with reading(self._engine) as connection:
            if connection.execute(sa.select(channels.c.failures).where(mine)).first() is None:
                return
        with self._engine.begin() as connection:
            connection.execute(sa.delete(channels).where(mine))

    def _candidates(self, now: datetime) -> tuple[sa.Row[Any], ...]:
        order = (deliveries.c.impact_rank.desc(), deliveries.c.queued_at, deliveries.c.notice_id)
        query = sa.select(deliveries.c.notice_id, deliveries.c.level).where(_is_due(now))
        with reading(self._engine) as connection:
            return tuple(connection.execute(query.order_by(*order).limit(_CANDIDATES)))


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    free = sa.or_(deliveries.c.claimed_until.is_(None), deliveries.c.claimed_until <= stamp(now))
    return sa.and_(deliveries.c.done_at.is_(None), deliveries.c.next_try_at <= stamp(now), free)


def _key(notice_id: str, level: int) -> sa.ColumnElement[bool]:
    return (deliveries.c.notice_id == notice_id) & (deliveries.c.level == level)


def _ours(delivery: Delivery) -> sa.ColumnElement[bool]:
    mine = _key(delivery.notice.notice_id, delivery.level)
    return mine & (deliveries.c.claim == delivery.claim)


def _after(now: datetime, seconds: float) -> str:
    return stamp(now + timedelta(seconds=seconds))


def _delivery(row: sa.Row[Any], notice: Notice) -> Delivery:
    failed = msgspec.json.decode(row.failed, type=tuple[str, ...])
    return Delivery(notice, row.level, row.role, row.claim, row.position, row.attempt, row.queued_at, failed)
