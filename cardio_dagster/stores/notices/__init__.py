"""Notices: what people must be told, kept until somebody has acknowledged it.

Belongs here: the words (words.py), the tables, raising and answering (store.py) and the outbox of what must be sent
(outbox.py). Not here: what is worth a notice, its text, or the channels (escalation/).
"""

from cardio_dagster.stores.notices.outbox import Delivery, Outbox
from cardio_dagster.stores.notices.store import NoticeStore
from cardio_dagster.stores.notices.words import (
    Audience,
    Cause,
    Channel,
    Notice,
    NoticeState,
    Policy,
    Told,
    Waiting,
    stamp,
)

__all__ = [
    "Audience",
    "Cause",
    "Channel",
    "Delivery",
    "Notice",
    "NoticeState",
    "NoticeStore",
    "Outbox",
    "Policy",
    "Told",
    "Waiting",
    "stamp",
]
