"""What Dagster's own tables tell: when each daemon said last that it lives, and how its sensors tick.

Belongs here: three tables of Dagster 1.13 as far as they are read; a test holds them against Dagster itself. Not here: Dagster,
which would cost a second to import and would block where its storage does.

A process that is alive says nothing: one that hangs (a lock, a full pipe, SIGSTOP) writes no heartbeat, so its age decides.
"""

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.watch.limits import Limits
from cardio_dagster.watch.moments import age_s, span, text_of
from cardio_dagster.watch.words import Check, Level, ok, worse

# what deploy/*/dagster.yaml switches on; run_monitoring brings MONITORING
DAEMONS = ("ASSET", "BACKFILL", "MONITORING", "QUEUED_RUN_COORDINATOR", "SCHEDULER", "SENSOR")
_IS_ON = ("RUNNING", "DECLARED_IN_CODE")
heartbeats = sa.table(
    "daemon_heartbeats", sa.column("daemon_type"), sa.column("timestamp", sa.DateTime), sa.column("body")
)
instigators = sa.table(
    "instigators", *(sa.column(n) for n in ("selector_id", "status", "instigator_type", "instigator_body"))
)
ticks = sa.table(
    "job_ticks",
    sa.column("selector_id"),
    sa.column("status"),
    sa.column("timestamp", sa.DateTime),
    sa.column("tick_body"),
)
_ENDED = ("SUCCESS", "SKIPPED", "FAILURE")


def daemon_ages_s(connection: Connection, at: datetime) -> dict[str, float]:
    """Return how long ago each needed daemon said that it lives; one that never did is missing."""
    rows = connection.execute(sa.select(heartbeats.c.daemon_type, heartbeats.c.timestamp))
    return {row.daemon_type: age_s(row.timestamp, at) for row in rows if row.daemon_type in DAEMONS}


def daemon(connection: Connection, at: datetime, limits: Limits) -> Check:
    """Return whether every needed daemon spoke lately and without an error of its own."""
    rows = {row.daemon_type: row for row in connection.execute(sa.select(heartbeats))}
    missing = [name for name in DAEMONS if name not in rows]
    if missing:
        return worse("daemon", Level.DEAD, f"never heard of: {', '.join(missing)}")
    ages = {name: age_s(rows[name].timestamp, at) for name in DAEMONS}
    oldest = max(ages, key=lambda name: ages[name])
    since = text_of(rows[oldest].timestamp)
    silent = [name for name in DAEMONS if ages[name] >= limits.heartbeat.degraded]
    if silent:
        level = Level.DEAD if ages[oldest] >= limits.heartbeat.dead else Level.DEGRADED
        return worse("daemon", level, f"silent: {', '.join(silent)}, the longest for {span(ages[oldest])}", since)
    failing = [name for name in DAEMONS if _has_errors(rows[name].body)]
    if failing:
        return worse("daemon", Level.DEGRADED, f"meets errors: {', '.join(failing)}")
    return ok("daemon", f"all {len(DAEMONS)} spoke within {span(ages[oldest] + 1)}")


def sensors(connection: Connection, at: datetime, limits: Limits) -> Check:
    """Return whether every sensor that is on ticks in time, and none fails again and again; schedules must not fail."""
    known = connection.execute(sa.select(instigators)).all()
    if not known:
        return worse("sensors", Level.DEGRADED, "none has ticked yet")
    checks = [_instigator(connection, row, at, limits) for row in known]
    worst = max(checks, key=lambda c: c.level.rank)
    return worst if worst.level is not Level.OK else ok("sensors", f"{len(known)} sensors and schedules tick")


def _instigator(connection: Connection, row: sa.Row[Any], at: datetime, limits: Limits) -> Check:
    name = _name(row.instigator_body)
    if row.status not in _IS_ON:
        return worse("sensors", Level.DEGRADED, f"{name} is turned off")
    mine = ticks.c.selector_id == row.selector_id
    last = connection.execute(sa.select(ticks).where(mine).order_by(ticks.c.timestamp.desc()).limit(4)).all()
    if row.instigator_type == "SENSOR":
        late = _late(name, last, at, limits)
        if late is not None:
            return late
    ended = [tick.status for tick in last if tick.status in _ENDED]
    failed = next((n for n, status in enumerate(ended) if status != "FAILURE"), len(ended))
    if failed < limits.failing_ticks.degraded:
        return ok("sensors", name)
    level = Level.DEAD if failed >= limits.failing_ticks.dead else Level.DEGRADED
    return worse("sensors", level, f"the last ticks of {name} failed", text_of(last[failed - 1].timestamp))


def _late(name: str, last: Any, at: datetime, limits: Limits) -> Check | None:
    if not last:
        return worse("sensors", Level.DEGRADED, f"{name} has not ticked yet")
    age = age_s(last[0].timestamp, at)
    if age < limits.tick.degraded:
        return None
    level = Level.DEAD if age >= limits.tick.dead else Level.DEGRADED
    return worse("sensors", level, f"{name} ticked last {span(age)} ago", text_of(last[0].timestamp))


def _name(body: str) -> str:
    """Return the name of a sensor or schedule; its body names it below the origin, as Dagster has always done."""
    try:
        return str(msgspec.json.decode(body)["origin"]["job_name"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return "a sensor"


def _has_errors(body: str | None) -> bool:
    try:
        return bool(msgspec.json.decode(body or "{}").get("errors"))
    except (msgspec.MsgspecError, AttributeError):
        return False
