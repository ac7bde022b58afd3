"""The tables of notices and of their outbox.

Belongs here: columns, indexes and the conversion of a row to a Notice. Not here: queries (store.py, outbox.py).
"""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from cardio_dagster.outcome import Impact
from cardio_dagster.stores.database import metadata
from cardio_dagster.stores.notices.words import Audience, Notice, NoticeState, Told

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("notice_id", sa.String(16), primary_key=True),
    sa.Column("study_id", sa.String(64), index=True),
    sa.Column("revision", sa.Integer),
    sa.Column("priority", sa.String(16)),
    sa.Column("subject", sa.String(64)),
    sa.Column("audience", sa.String(16), nullable=False),
    sa.Column("impact", sa.String(16), nullable=False),
    sa.Column("impact_rank", sa.Integer, nullable=False),
    sa.Column("code", sa.String(64), nullable=False),  # the gravest cause
    sa.Column("causes", sa.Text, nullable=False),  # JSON
    sa.Column("raised_at", sa.String(40), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("role", sa.String(64), nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("due_at", sa.String(40)),
    sa.Column("due_after_s", sa.Float),  # how long the present level has: due_at is never further away than this
    sa.Column("joined_to", sa.String(16), index=True),
    sa.Column("answered_at", sa.String(40)),
    sa.Column("answered_by", sa.String(128)),
    sa.Column("answered_role", sa.String(64)),
)
_IS_OPEN = notices.c.state == NoticeState.OPEN.value
sa.Index("ix_notices_open", notices.c.due_at, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)
sa.Index("ix_notices_code", notices.c.code, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)

causes = sa.Table(  # what has been told, so that it is told once
    "notice_causes",
    metadata,
    sa.Column("notice_id", sa.String(16), sa.ForeignKey("notices.notice_id"), primary_key=True),
    sa.Column("code", sa.String(64), primary_key=True),
    sa.Column("audience", sa.String(16), nullable=False),
    sa.Column("impact_rank", sa.Integer, nullable=False),
    sa.Column("study_id", sa.String(64)),
    sa.Column("revision", sa.Integer),
    sa.Column("subject", sa.String(64)),
    sa.Column("occasion", sa.String(64)),
)
sa.Index("ix_notice_causes_study", causes.c.study_id, causes.c.revision)
sa.Index("ix_notice_causes_subject", causes.c.subject, causes.c.code)

deliveries = sa.Table(  # the outbox: one row for each time that a role is to be told
    "notice_deliveries",
    metadata,
    sa.Column("notice_id", sa.String(16), sa.ForeignKey("notices.notice_id"), primary_key=True),
    sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("role", sa.String(64), nullable=False),
    sa.Column("impact_rank", sa.Integer, nullable=False),
    sa.Column("queued_at", sa.String(40), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # of the channel that is tried now
    sa.Column("attempt", sa.Integer, nullable=False),  # failed ones on this channel
    sa.Column("failed", sa.Text, nullable=False),  # JSON: schemes of the channels given up
    sa.Column("next_try_at", sa.String(40), nullable=False),
    sa.Column("claim", sa.String(32)),
    sa.Column("claimed_until", sa.String(40)),
    sa.Column("done_at", sa.String(40)),  # sent, or no longer wanted
    sa.Column("scheme", sa.String(32)),  # of the channel that took it
)
_IS_DUE = deliveries.c.done_at.is_(None)
sa.Index("ix_deliveries_due", deliveries.c.next_try_at, sqlite_where=_IS_DUE, postgresql_where=_IS_DUE)

channels = sa.Table(  # those that fail; one that works has no row
    "notice_channels",
    metadata,
    sa.Column("channel", sa.String(128), primary_key=True),  # role, position and scheme
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.Column("retry_at", sa.String(40), nullable=False),
)


def insert_once(connection: Connection, table: sa.Table, values: dict[str, Any]) -> bool:
    """Insert a row; return False, with nothing changed, if its key stands already."""
    chosen = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return connection.execute(chosen(table).values(values).on_conflict_do_nothing()).rowcount == 1


def to_notice(row: sa.Row[Any]) -> Notice:
    """Convert a row of `notices`."""
    values = {str(name): value for name, value in row._mapping.items()}
    for extra in ("impact_rank", "code", "due_after_s"):
        del values[extra]
    return Notice(
        **{
            **values,
            "audience": Audience(row.audience),
            "impact": Impact(row.impact),
            "state": NoticeState(row.state),
            "causes": msgspec.json.decode(row.causes, type=tuple[Told, ...]),
        }
    )
