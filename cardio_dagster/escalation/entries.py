"""What the ledger keeps of a notice: raised, sent or refused by a channel, passed on, acknowledged.

Belongs here: making the entries. Not here: appending them, which the caller does last in its own transaction.
"""

from cardio_dagster.audit_contents import NoticeTold
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.escalation.words_of_codes import safe
from cardio_dagster.stores.notices import Delivery, Notice


def raised_entries(notices: tuple[Notice, ...], actor: Actor) -> tuple[Entry, ...]:
    """Return NOTICE_RAISED of each new notice; one that was joined to another says so by `delivered=False`."""
    return tuple(_entry(Kind.NOTICE_RAISED, n, actor, delivered=False if n.joined_to else None) for n in notices)


def sent_entry(delivery: Delivery, scheme: str, actor: Actor, *, delivered: bool = True) -> Entry:
    """Return NOTICE_SENT by a channel, or, with `delivered` False, given up on one."""
    notice, place = delivery.notice, "" if delivered else f":given-up-{len(delivery.failed)}"
    told = NoticeTold(
        notice.notice_id,
        notice.impact.value,
        safe(notice.causes[0].code),
        delivery.role,
        delivery.level,
        channel=scheme,
        due_at=notice.due_at,
        delivered=delivered,
    )
    key = f"{Kind.NOTICE_SENT.value}:{notice.notice_id}:{delivery.level}{place}"
    return Entry(Kind.NOTICE_SENT, actor, told, notice.study_id, notice.revision, key)


def passed_on_entry(notice: Notice, actor: Actor) -> Entry:
    """Return NOTICE_ESCALATED of a notice that went to the next role, or that nobody answered."""
    return _entry(Kind.NOTICE_ESCALATED, notice, actor)


def acknowledged_entries(notices: tuple[Notice, ...], *, by: str, role: str) -> tuple[Entry, ...]:
    """Return NOTICE_ACKNOWLEDGED by a person of each notice."""
    person = Actor(ActorKind.PERSON, by, role)
    return tuple(_entry(Kind.NOTICE_ACKNOWLEDGED, n, person) for n in notices)


def _entry(kind: Kind, notice: Notice, actor: Actor, *, delivered: bool | None = None) -> Entry:
    cause = safe(notice.causes[0].code)
    told = NoticeTold(
        notice.notice_id,
        notice.impact.value,
        cause,
        notice.role,
        notice.level,
        due_at=notice.due_at,
        delivered=delivered,
    )
    key = f"{kind.value}:{notice.notice_id}:{notice.level}:{notice.state.value}"
    return Entry(kind, actor, told, notice.study_id, notice.revision, key)
