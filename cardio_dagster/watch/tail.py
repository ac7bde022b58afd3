"""Tail: what happened since the last look, counted from the ledger.

Belongs here: reading new records by seq, which costs what is new and not what was ever recorded. Not here: names of metrics
(metrics.py) or the state of things (counts.py).

Counters begin at 0 in each process, as Prometheus expects; what happened while nobody looked is counted at the next look.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.audit_contents import ErrorMet, NoticeTold, ReportClosed
from cardio_dagster.audit_record import Kind
from cardio_dagster.errors import CODES
from cardio_dagster.stores.ledger import tables
from cardio_dagster.stores.report_paths import path_of
from cardio_dagster.stores.results import releases

MOST = 2000  # records of one look; the next goes on behind them
MOST_FILES = 200
_READ = (Kind.STAGE_PASSED, Kind.ERROR_MET, Kind.REPORT_CLOSED, Kind.RUN_DIED, Kind.STUDY_RECEIVED, Kind.NOTICE_RAISED)
_NEW = (
    sa.select(*(tables.ledger.c[n] for n in ("seq", "kind", "study_id", "revision")), tables.contents.c.content)
    .outerjoin(tables.contents, tables.contents.c.seq == tables.ledger.c.seq)
    .where(tables.ledger.c.seq > sa.bindparam("behind"), tables.ledger.c.seq <= sa.bindparam("up_to"))
    .order_by(tables.ledger.c.seq)
)
_END = sa.select(tables.head.c.seq)
_FOLDER = sa.select(releases.c.report_path).where(
    releases.c.study_id == sa.bindparam("study_id"), releases.c.revision == sa.bindparam("revision")
)
OTHER = "other"


class Task(msgspec.Struct):
    """One task of a tier, as execution.json tells it."""

    status: str


class Tier(msgspec.Struct):
    """One tier, as execution.json tells it."""

    tier: str
    duration_ms: float
    tasks: list[Task]
    speedup_vs_sequential: float | None = None


class Pipeline(msgspec.Struct):
    """The part of execution.json on retries and time."""

    retries_performed: int
    total_time_ms: float


class Execution(msgspec.Struct):
    """What is read of execution.json; its other fields are skipped."""

    pipeline_execution: Pipeline
    stage_timings: dict[str, float]
    tiers: list[Tier] = []


@dataclass(slots=True)
class News:
    """What one look found: counts by label, and the executions of studies that ended."""

    received: int = 0
    closed: Counter[str] = field(default_factory=Counter)  # by status of version 1
    errors: Counter[str] = field(default_factory=Counter)  # by code
    notices: Counter[str] = field(default_factory=Counter)  # by impact
    runs_died: int = 0
    records: int = 0
    executions: list[Execution] = field(default_factory=list)


@dataclass(slots=True)
class Tail:
    """Where the last look ended; None before the first, which begins at the end of the ledger. Reports lie below `reports`."""

    reports: Path
    seq: int | None = None

    def look(self, connection: Connection) -> News:
        """Return what was recorded since the last look, at most MOST records."""
        end = connection.scalar(_END) or 0
        if self.seq is None or self.seq > end:  # the first look, or a database that was set back
            self.seq = end
        up_to = min(end, self.seq + MOST)
        news = News(records=up_to - self.seq)
        for row in connection.execute(_NEW, {"behind": self.seq, "up_to": up_to}).all():
            if row.kind in _READ and row.content is not None:
                _count(connection, row, news, self.reports)
        self.seq = up_to
        return news


def _count(connection: Connection, row: Any, news: News, reports: Path) -> None:
    kind = Kind(row.kind)
    if kind is Kind.STUDY_RECEIVED:
        news.received += 1
    elif kind is Kind.RUN_DIED:
        news.runs_died += 1
    elif kind is Kind.ERROR_MET:
        news.errors[known_code(msgspec.json.decode(row.content, type=ErrorMet).code)] += 1
    elif kind is Kind.NOTICE_RAISED:
        news.notices[msgspec.json.decode(row.content, type=NoticeTold).impact] += 1
    elif kind is Kind.REPORT_CLOSED:
        closed = msgspec.json.decode(row.content, type=ReportClosed)
        if closed.version == 1:
            news.closed[closed.status] += 1
            _add_execution(connection, row, news, reports)


def known_code(code: str) -> str:
    """Return a code of the catalogue, or `other`, so that no metric grows without bound."""
    return code if code in CODES else OTHER


def _add_execution(connection: Connection, row: Any, news: News, reports: Path) -> None:
    if len(news.executions) >= MOST_FILES:
        return
    folder = connection.scalar(_FOLDER, {"study_id": row.study_id, "revision": row.revision})
    try:
        content = (path_of(folder or "", reports) / "execution.json").read_bytes()
        news.executions.append(msgspec.json.decode(content, type=Execution))
    except (OSError, msgspec.MsgspecError):  # purged after its retention, or on another machine's disk
        return
