"""Recent: what the last hour brought, for a process that did not watch it.

Belongs here: one read of the ledger by its index of times, and the last notices. Not here: counters (tail.py).
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.audit_contents import ErrorMet, ReportClosed
from cardio_dagster.audit_record import Kind
from cardio_dagster.stores.ledger import tables
from cardio_dagster.stores.notices import Notice
from cardio_dagster.stores.notices.tables import notices, to_notice
from cardio_dagster.watch.moments import text_of
from cardio_dagster.watch.tail import known_code

HOUR = timedelta(hours=1)
MOST = 20_000  # records of an hour that are looked at, the newest
_KINDS = (Kind.REPORT_CLOSED, Kind.ERROR_MET, Kind.RUN_DIED)
_SINCE = (
    sa.select(tables.ledger.c.kind, tables.contents.c.content)
    .join(tables.contents, tables.contents.c.seq == tables.ledger.c.seq)
    .where(tables.ledger.c.at >= sa.bindparam("since"), tables.ledger.c.kind.in_([k.value for k in _KINDS]))
    .order_by(tables.ledger.c.at.desc())
    .limit(MOST)
)
_LAST = sa.select(notices).order_by(notices.c.raised_at.desc()).limit(5)


@dataclass(slots=True)
class Recent:
    """Reports by status, failures by code, runs that died, and the last notices, the newest first."""

    closed: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    runs_died: int = 0
    notices: tuple[Notice, ...] = ()


def recent(connection: Connection, at: datetime) -> Recent:
    """Return what happened in the hour before `at`; raises what the database raises."""
    found = Recent(notices=tuple(to_notice(row) for row in connection.execute(_LAST)))
    for row in connection.execute(_SINCE, {"since": text_of(at - HOUR)}):
        if row.kind == Kind.RUN_DIED:
            found.runs_died += 1
        elif row.kind == Kind.ERROR_MET:
            found.codes[known_code(msgspec.json.decode(row.content, type=ErrorMet).code)] += 1
        else:
            closed = msgspec.json.decode(row.content, type=ReportClosed)
            found.closed[closed.status] += closed.version == 1
    return found
