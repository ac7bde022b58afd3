"""Sending one delivery: its channels in their order, each retried by the taxonomy, the folder of notices behind the last.

Belongs here: which channel is tried when, and what is recorded of it. Not here: a channel itself (channels.py), the
order of deliveries (stores/notices/outbox.py) or how long a round lasts (rounds.py).
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from cardio_dagster.audit_record import Actor, Entry
from cardio_dagster.errors import RETRY_RULES, FailureClass
from cardio_dagster.escalation.channels import FILE, ChannelError, send
from cardio_dagster.escalation.entries import raised_entries, sent_entry
from cardio_dagster.escalation.machine import channel_cause
from cardio_dagster.escalation.text import message_of
from cardio_dagster.stores.ledger import Ledger, LedgerError
from cardio_dagster.stores.notices import Channel, Delivery, NoticeStore, Outbox, Policy

log = logging.getLogger(__name__)

FOLDER = Channel(f"{FILE}:")
PATIENCE_S = 15.0  # a delivery that is older retries no channel, so that a notice is out within 30 s
_LAST_RESORT_DELAY_S = 15.0  # when even the folder cannot be written


@dataclass(frozen=True, slots=True)
class Desk:
    """All that sending needs: where notices stand, by which policy, and who acts. `clock` is replaced in tests."""

    engine: sa.Engine
    ledger: Ledger
    policy: Policy
    folder: Path
    actor: Actor
    report_url: str | None = None
    breaker_failures: int = 3
    breaker_reset_s: float = 30.0
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def store(self) -> NoticeStore:
        """Return the notices."""
        return NoticeStore(self.engine)

    def record(self, *entries: Entry, connection: sa.Connection | None = None) -> None:
        """Append to the ledger; one that is broken is told in the log, and stops no notice."""
        try:
            self.ledger.append(*entries, connection=connection)
        except LedgerError as error:  # raised before anything is written, so the transaction goes on
            log.error("a notice could not be recorded: %s", error)

    @property
    def outbox(self) -> Outbox:
        """Return what must be sent."""
        return Outbox(self.engine)


def deliver(delivery: Delivery, desk: Desk) -> bool:
    """Send a claimed delivery through the first channel that takes it; return False if it must be tried again.

    A channel is tried as often as the taxonomy gives a TRANSIENT failure, with its delay, until the delivery is
    PATIENCE_S old; then each next one once, and the folder last. A channel that is known to be down is passed over.
    """
    rule = RETRY_RULES[FailureClass.TRANSIENT]
    channels = (*desk.policy.channels.get(delivery.role, ()), FOLDER)
    current = delivery
    while current.position < len(channels):
        channel = channels[current.position]
        failed = "" if _is_down(channel, current, desk) else _try(channel, current, desk)
        if failed is None:
            return True
        tried = current.attempt + 1
        patient = _age_s(current, desk) < PATIENCE_S and current.position < len(channels) - 1
        if failed and tried < rule.attempts and patient:
            later = desk.clock() + timedelta(seconds=rule.delay_before(tried + 1))
            desk.outbox.postpone(replace(current, attempt=tried), until=later)
            return False
        current = _give_up(channel, current, desk)
    log.error("notice %s could not be told to anybody: even its folder refuses", delivery.notice.notice_id)
    wait = desk.clock() + timedelta(seconds=_LAST_RESORT_DELAY_S)
    desk.outbox.postpone(replace(current, position=0, attempt=0, failed=()), until=wait)
    return False


def _try(channel: Channel, delivery: Delivery, desk: Desk) -> str | None:
    """Send through one channel; return None if it took the notice, else why not."""
    joined = len(desk.store.joined(delivery.notice.notice_id))
    message = message_of(delivery, desk.policy, report_url=desk.report_url, joined=joined)
    try:
        send(channel, message, folder=desk.folder)
    except ChannelError as error:
        _note_failure(channel, delivery, desk)
        return str(error)
    _mark_sent(delivery, channel, desk)
    desk.outbox.note_success(_name(channel, delivery))
    return None


def _mark_sent(delivery: Delivery, channel: Channel, desk: Desk) -> None:
    """Note and record that it was sent; a database that stumbles is asked again, or the notice would go out twice."""
    rule = RETRY_RULES[FailureClass.TRANSIENT]
    for attempt in range(1, rule.attempts + 1):
        try:
            with desk.engine.begin() as connection:
                if desk.outbox.mark_sent(delivery, channel.scheme, now=desk.clock(), connection=connection):
                    desk.record(sent_entry(delivery, channel.scheme, desk.actor), connection=connection)
        except sa.exc.OperationalError:
            if attempt == rule.attempts:
                raise
            time.sleep(rule.delay_before(attempt + 1))
        else:
            return


def _give_up(channel: Channel, delivery: Delivery, desk: Desk) -> Delivery:
    """Record that a channel did not take the notice, and go on to the next."""
    following = replace(delivery, position=delivery.position + 1, attempt=0, failed=(*delivery.failed, channel.scheme))
    desk.record(sent_entry(following, channel.scheme, desk.actor, delivered=False))
    return following


def _is_down(channel: Channel, delivery: Delivery, desk: Desk) -> bool:
    if channel.scheme == FILE:
        return False
    name = _name(channel, delivery)
    return desk.outbox.is_down(name, after=desk.breaker_failures, reset_s=desk.breaker_reset_s, now=desk.clock())


def _note_failure(channel: Channel, delivery: Delivery, desk: Desk) -> None:
    """Count a failure; the one that opens the breaker is told to the operator, once."""
    now, name = desk.clock(), _name(channel, delivery)
    if desk.outbox.note_failure(name, reset_s=desk.breaker_reset_s, now=now) != desk.breaker_failures:
        return
    with desk.engine.begin() as connection:
        new = desk.store.raise_((channel_cause(name, at=now),), desk.policy, now=now, connection=connection)
        desk.record(*raised_entries(new, desk.actor), connection=connection)


def _name(channel: Channel, delivery: Delivery) -> str:
    return f"{delivery.role} {delivery.position + 1} {channel.scheme}"


def _age_s(delivery: Delivery, desk: Desk) -> float:
    return (desk.clock() - datetime.fromisoformat(delivery.queued_at)).total_seconds()
