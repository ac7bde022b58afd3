"""Acknowledging a notice: by whom, in which role, once.

Belongs here: finding the notice, refusing what cannot be, and the record. Not here: what is printed (commands/notices.py).
"""

from datetime import datetime

import sqlalchemy as sa

from cardio_dagster.errors import CardioError
from cardio_dagster.escalation.entries import acknowledged_entries
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.notices import Notice, NoticeStore, Policy

_MIN_ID = 6
_LONGEST_NAME = 80


class NoticeError(CardioError, LookupError):
    """There is no such notice, or no such role; the message says what to give instead."""


def find(store: NoticeStore, notice_id: str) -> Notice:
    """Return the notice with this id or a beginning of it, six characters or more; raises NoticeError otherwise."""
    given = notice_id.strip()
    if len(given) < _MIN_ID or not given.isalnum():
        raise NoticeError(f"a notice's id has 16 letters and digits, give at least the first {_MIN_ID}")
    found = store.get(given)
    if not found:
        raise NoticeError("there is no notice with this id; `cardio notices` lists the open ones")
    if len(found) > 1:
        raise NoticeError(f"several notices begin so; give more of the id: {', '.join(n.notice_id for n in found)}")
    return found[0]


def acknowledge(
    engine: sa.Engine, ledger: Ledger, policy: Policy, notice_id: str, *, by: str, role: str, now: datetime
) -> tuple[Notice, int]:
    """Note that a person takes care of a notice, and record it; return the notice as it stands and how many it answered.

    The count is 0, and nothing changes, if somebody had acknowledged it before. Raises NoticeError for an unknown
    notice, a role to which the policy sends no notice of this audience, or a name that is empty, too long or not printable.
    """
    store = NoticeStore(engine)
    found = find(store, notice_id)
    if not by.strip() or len(by) > _LONGEST_NAME or not by.isprintable():
        raise NoticeError(f"name the person who takes care of it, in at most {_LONGEST_NAME} printable characters")
    roles = policy.chains[found.audience]
    if role not in roles:
        raise NoticeError(f"this notice is {found.audience.value}: its roles are {', '.join(roles)}")
    with engine.begin() as connection:
        changed = store.acknowledge(found.notice_id, by=by.strip(), role=role, now=now, connection=connection)
        if changed:
            ledger.append(*acknowledged_entries(changed, by=by.strip(), role=role), connection=connection)
    return store.get(found.notice_id)[0], len(changed)
