"""Which runs to ask for: first requests, lost requests, runs that died.

Belongs here: the decision for each open study, from the registry and Dagster's runs. Not
here: finding new studies (intake/) or the sensor itself (defs/intake.py).

The registry is the truth: a study is open until its release is recorded. So it does not
matter where a daemon, a run or a tick was killed; the next tick sees what is still open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.stores.study_tables import StudyRow
from cardio_dagster.study import Priority

IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
RUN_KEY_TAG = "dagster/run_key"
DAGSTER_PRIORITY = {Priority.STAT: 10, Priority.URGENT: 5, Priority.ROUTINE: 0, Priority.BACKFILL: -10}
LOST_AFTER_S = 30.0
BULK_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What one tick asks for: single runs, bulk runs, and studies whose attempts are used up."""

    single: tuple[tuple[str, StudyRow], ...]
    bulk: tuple[tuple[str, tuple[StudyRow, ...]], ...]
    exhausted: tuple[StudyRow, ...]


def plan_requests(instance: dg.DagsterInstance, stores: Stores) -> Plan:
    """Decide for every open study and mark in the registry what is asked for.

    STAT and single drops go to a run each, a flood to the bulk job. A study whose run died
    is asked for again until its attempts are used up.
    """
    registry = stores.registry()
    due = [*registry.pending(requested=False), *_without_run(instance, registry.pending(requested=True))]
    exhausted = tuple(row for row in due if row.attempt >= stores.max_attempts)
    due = [row for row in due if row.attempt < stores.max_attempts]
    urgent = [row for row in due if row.study.priority in (Priority.STAT, Priority.URGENT)]
    routine = [row for row in due if row not in urgent]
    if len(routine) <= stores.flood_threshold:
        urgent, routine = [*urgent, *routine], []
    single = tuple((_mark(stores, row, "single"), row) for row in urgent)
    chunks = [tuple(routine[i : i + BULK_CHUNK]) for i in range(0, len(routine), BULK_CHUNK)]
    return Plan(single, tuple((_mark_bulk(stores, chunk), chunk) for chunk in chunks), exhausted)


def _mark(stores: Stores, row: StudyRow, door: str) -> str:
    registry = stores.registry()
    attempt = registry.next_attempt(row.study.study_id)
    key = f"{row.study.study_id}:r{row.study.revision}:a{attempt}"
    registry.mark_requested(row.study.study_id, key, door, revision=row.study.revision)
    return key


def _mark_bulk(stores: Stores, rows: tuple[StudyRow, ...]) -> str:
    registry = stores.registry()
    attempts = {row.study.study_id: registry.next_attempt(row.study.study_id) for row in rows}
    first = rows[0].study
    key = f"bulk:{first.study_id}:r{first.revision}:a{attempts[first.study_id]}:n{len(rows)}"
    for row in rows:
        registry.mark_requested(row.study.study_id, key, "bulk", revision=row.study.revision)
    return key


def _without_run(instance: dg.DagsterInstance, rows: Iterable[StudyRow]) -> list[StudyRow]:
    """Return the requested studies whose run ended without closing them, or never came to be."""
    living: dict[str, bool] = {}
    orphans = []
    for row in rows:
        key = row.run_key or ""
        if key not in living:
            living[key] = _is_living(instance, key, row)
        if not living[key]:
            orphans.append(row)
    return orphans


def _is_living(instance: dg.DagsterInstance, run_key: str, row: StudyRow) -> bool:
    runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: run_key}), limit=1)
    if runs:
        return runs[0].status in IN_PROGRESS
    requested = datetime.fromisoformat(row.requested_at) if row.requested_at else datetime.now(UTC)
    return abs((datetime.now(UTC) - requested).total_seconds()) < LOST_AFTER_S
