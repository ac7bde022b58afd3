"""Which runs to ask for: first requests, lost requests, runs that died.

Belongs here: the decision for each open study, from the registry and Dagster's runs. Not
here: finding new studies (intake/), runs whose process is gone (run_health.py) or the sensor
itself (defs/intake.py).

The registry is the truth: a study is open until its release is recorded. So it does not
matter where a daemon, a run or a tick was killed; the next tick sees what is still open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.stores.study_tables import StudyRow
from cardio_dagster.study import Priority

# NOT_STARTED is left out: such a run waits for its submission, and only asking again under its key brings that.
IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
RUN_KEY_TAG = "dagster/run_key"
PARTITION_TAG = "dagster/partition"
DAGSTER_PRIORITY = {Priority.STAT: 10, Priority.URGENT: 5, Priority.ROUTINE: 0, Priority.BACKFILL: -10}
LOST_AFTER_S = 30.0
BULK_CHUNK = 200

Single = tuple[str, StudyRow]
Chunk = tuple[str, tuple[StudyRow, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one tick asks for: single runs, bulk runs, and studies whose attempts are used up."""

    single: tuple[Single, ...]
    bulk: tuple[Chunk, ...]
    exhausted: tuple[StudyRow, ...]


def plan_requests(instance: dg.DagsterInstance, stores: Stores) -> Plan:
    """Decide for every open study and mark in the registry what is asked for.

    A study that any living run works on waits, whoever launched that run and for whichever
    revision. A request that became no run is repeated under its key and costs no attempt.
    A study whose run died is asked for again until its attempts are used up. STAT and
    single drops go to a run each, a flood to the bulk job.
    """
    # Runs before studies: a run closes its study before it ends, so what ended meanwhile is closed already.
    busy = _studies_at_work(instance)
    registry = stores.registry()
    fresh = [row for row in registry.pending(requested=False) if row.study.study_id not in busy]
    asked = [row for row in registry.pending(requested=True) if row.study.study_id not in busy]
    lost, died = _lost_or_died(instance, asked)
    again_single, again_bulk = _repeat(stores, lost)
    due = [row for row in [*fresh, *died] if row.attempt < stores.max_attempts or _is_uncounted(row)]
    exhausted = tuple(row for row in died if row.attempt >= stores.max_attempts)
    single, bulk = _request(stores, due)
    return Plan((*again_single, *single), (*again_bulk, *bulk), exhausted)


def _studies_at_work(instance: dg.DagsterInstance) -> frozenset[str]:
    """Return the studies of all runs in progress, through either door, the sensor's or a person's."""
    busy: set[str] = set()
    for run in instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS)):
        if PARTITION_TAG in run.tags:
            busy.add(run.tags[PARTITION_TAG])
        config: Any = run.run_config
        for name in ("ops", "plan_chunks", "config"):
            config = config.get(name, {})
        busy.update(config.get("study_ids", ()))
    return frozenset(busy)


def _lost_or_died(instance: dg.DagsterInstance, rows: Iterable[StudyRow]) -> tuple[list[StudyRow], list[StudyRow]]:
    """Return the studies whose request became no run, and those whose run ended without closing them."""
    ended: dict[str, bool] = {}
    lost, died = [], []
    for row in rows:
        key = row.run_key or ""
        if key not in ended:
            runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: key}), limit=1)
            ended[key] = bool(runs) and runs[0].is_finished
        if ended[key]:
            died.append(row)
        elif _age_s(row) >= LOST_AFTER_S:
            lost.append(row)
    return lost, died


def _age_s(row: StudyRow) -> float:
    """Return the time since the request; a clock that was set back counts as long ago."""
    if row.requested_at is None:
        return 0.0
    return abs((datetime.now(UTC) - datetime.fromisoformat(row.requested_at)).total_seconds())


def _repeat(stores: Stores, rows: list[StudyRow]) -> tuple[list[Single], list[Chunk]]:
    """Ask once more under the same keys: Dagster makes one run of a key, however often it is asked for."""
    by_key: dict[str, list[StudyRow]] = {}
    for row in rows:
        key, door = row.run_key or "", row.door or ""
        if stores.registry().mark_requested(row.study.study_id, key, door, revision=row.study.revision):
            by_key.setdefault(key, []).append(row)
    single = [(key, row) for key, rows in by_key.items() for row in rows if row.door == "single"]
    bulk = [(key, tuple(rows)) for key, rows in by_key.items() if rows[0].door == "bulk"]
    return single, bulk


def _request(stores: Stores, due: list[StudyRow]) -> tuple[list[Single], list[Chunk]]:
    urgent = [row for row in due if row.study.priority in (Priority.STAT, Priority.URGENT)]
    routine = [row for row in due if row not in urgent]
    if len(routine) <= stores.flood_threshold:
        urgent, routine = [*urgent, *routine], []
    single = [(key, row) for row in urgent if (key := _mark(stores, row))]
    chunks = [tuple(routine[i : i + BULK_CHUNK]) for i in range(0, len(routine), BULK_CHUNK)]
    return single, [marked for chunk in chunks if (marked := _mark_bulk(stores, chunk))]


def _mark(stores: Stores, row: StudyRow) -> str | None:
    study, attempt = row.study, _next_attempt(stores, row)
    key = f"{study.study_id}:r{study.revision}:a{attempt}"
    if attempt is None or not stores.registry().mark_requested(study.study_id, key, "single", revision=study.revision):
        return None
    return key


def _mark_bulk(stores: Stores, rows: tuple[StudyRow, ...]) -> Chunk | None:
    registry = stores.registry()
    counted = [(row, attempt) for row in rows if (attempt := _next_attempt(stores, row))]
    if not counted:
        return None
    (first, attempt), *_ = counted
    key = f"bulk:{first.study.study_id}:r{first.study.revision}:a{attempt}:n{len(counted)}"
    asked = [r for r, _ in counted if registry.mark_requested(r.study.study_id, key, "bulk", revision=r.study.revision)]
    return (key, tuple(asked)) if asked else None


def _next_attempt(stores: Stores, row: StudyRow) -> int | None:
    """Count one more attempt and return its number; None if another tick was quicker."""
    if _is_uncounted(row):
        return row.attempt
    attempt = stores.registry().next_attempt(row.study.study_id)
    return attempt if attempt == row.attempt + 1 else None


def _is_uncounted(row: StudyRow) -> bool:
    """Return whether a tick died after it had counted an attempt and before it asked for the run."""
    return row.attempt > 0 and row.run_key is None
