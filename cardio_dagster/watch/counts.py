"""Counts: the state of studies, notices and held reports, by queries that stay cheap.

Belongs here: what is open now, and how many ever ended how. Not here: judging it (checks/) or what happened since (tail.py).
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.outcome import State
from cardio_dagster.stores.ledger import tables
from cardio_dagster.stores.notices.tables import notices
from cardio_dagster.stores.notices.words import NoticeState
from cardio_dagster.stores.results import stage_records
from cardio_dagster.stores.review_queries import OPEN
from cardio_dagster.stores.study_tables import PRIORITY_RANK, studies
from cardio_dagster.watch.moments import age_s

_OF_RANK = {rank: priority.value for priority, rank in PRIORITY_RANK.items()}
_IS_OPEN = studies.c.finished_at.is_(None)
_REACHED = (
    sa.select(sa.func.max(stage_records.c.state))
    .where(stage_records.c.study_id == studies.c.study_id, stage_records.c.revision == studies.c.revision)
    .scalar_subquery()
)
# by the partial index of open studies: it costs what is open, not what was ever registered
_OPEN = sa.select(
    *(studies.c[n] for n in ("priority_rank", "received_at", "requested_at")), _REACHED.label("reached")
).where(_IS_OPEN)
_ENDED = sa.select(studies.c.final_state, sa.func.count()).where(~_IS_OPEN).group_by(studies.c.final_state)
_NOTICES = (
    sa.select(notices.c.impact, sa.func.count().label("n"))
    .where(notices.c.state == NoticeState.OPEN.value)
    .group_by(notices.c.impact)
)
_LEDGER = sa.select(tables.head.c.seq)


@dataclass(slots=True)
class Counts:
    """What there is now. `stages` counts open studies by the state that they reached; WAITING before a run was asked for."""

    stages: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)  # by final state
    open: dict[str, int] = field(default_factory=dict)  # by priority
    oldest_s: dict[str, float] = field(default_factory=dict)  # of the open ones, by priority
    notices: dict[str, int] = field(default_factory=dict)  # open, by impact
    held: int = 0
    held_oldest_s: float = 0.0
    ledger_records: int = 0


WAITING, STARTING = "WAITING", "STARTING"
KEPT_S = 60.0


@dataclass(slots=True)
class Counting:
    """Counts again and again. How many ever ended is counted once a minute: it is the only look that the archive makes dearer."""

    _ended: dict[str, int] = field(default_factory=dict)
    _until_s: float = 0.0

    def look(self, connection: Connection, at: datetime) -> Counts:
        """Return everything at once, from one connection; raises what the database raises."""
        found = Counts()
        for row in connection.execute(_OPEN):
            _add_open(found, row, at)
        found.ended = self._ended_studies(connection)
        found.notices = {row.impact: row.n for row in connection.execute(_NOTICES)}
        opened = [row.opened_at for row in connection.execute(OPEN)]
        found.held = len(opened)
        found.held_oldest_s = age_s(min(opened), at) if opened else 0.0
        found.ledger_records = connection.scalar(_LEDGER) or 0
        return found

    def _ended_studies(self, connection: Connection) -> dict[str, int]:
        if time.monotonic() >= self._until_s:
            self._ended = {state or "UNKNOWN": n for state, n in connection.execute(_ENDED)}
            self._until_s = time.monotonic() + KEPT_S
        return self._ended


def _add_open(found: Counts, row: sa.Row[Any], at: datetime) -> None:
    priority = _OF_RANK[row.priority_rank]
    found.open[priority] = found.open.get(priority, 0) + 1
    found.oldest_s[priority] = max(found.oldest_s.get(priority, 0.0), age_s(row.received_at, at))
    stage = _stage(row.reached, is_requested=row.requested_at is not None)
    found.stages[stage] = found.stages.get(stage, 0) + 1


def _stage(reached: int | None, *, is_requested: bool) -> str:
    if reached is not None:
        return State(reached).name
    return STARTING if is_requested else WAITING
