"""Which runs to ask for: first requests, lost requests, runs that died.

Belongs here: the decision for each open study, from the registry and Dagster's runs. Not
here: finding new studies (intake/), what became of a run (runs.py, run_health.py) or the sensor
itself (defs/intake.py).

The registry is the truth: a study is open until its release is recorded. So it does not
matter where a daemon, a run or a tick was killed; the next tick sees what is still open.
"""

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from cardio_dagster.orchestration.lost_runs import WORKER
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.runs import Died, has_rested, lost_or_died, studies_at_work
from cardio_dagster.settings import cluster_settings
from cardio_dagster.stores.attempts import ExcusedAttempts
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.study_tables import StudyRow
from cardio_dagster.study import Priority

BULK_CHUNK, CLUSTER_CHUNK = 200, 25  # studies of a bulk run; on a cluster it is one task, and many workers share them

Tripped = Callable[[str], None]
Single = tuple[str, StudyRow]
Chunk = tuple[str, tuple[StudyRow, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one tick asks for: single runs, bulk runs, and studies whose attempts are used up."""

    single: tuple[Single, ...]
    bulk: tuple[Chunk, ...]
    exhausted: tuple[StudyRow, ...]


def plan_requests(instance: dg.DagsterInstance, stores: Stores, *, tripped: Tripped = lambda _: None) -> Plan:
    """Decide for every open study and mark in the registry what is asked for.

    A study that any living run works on waits, whoever launched that run and for whichever
    revision. A request that became no run is repeated under its key and costs no attempt.
    A study whose run died is asked for again after a while, until its attempts are used up; a run that died of
    something that all studies need does not count, `tripped` is called with its name, and this tick asks for nothing. STAT and
    single drops go to a run each, a flood to the bulk job.
    """
    # Runs before studies: a run closes its study before it ends, so what ended meanwhile is closed already.
    busy = studies_at_work(instance)
    registry = stores.registry()
    fresh = [row for row in registry.pending(requested=False) if row.study.study_id not in busy]
    asked = [row for row in registry.pending(requested=True) if row.study.study_id not in busy]
    lost, died = lost_or_died(instance, asked)
    newly: list[str] = []
    charged = {d.row.study.study_id: _charged(stores, d, newly) for d in died}
    if newly:
        for dependency in dict.fromkeys(newly):
            tripped(dependency)
        return Plan((), (), ())
    again_single, again_bulk = _repeat(stores, lost)
    left = [d for d in died if charged[d.row.study.study_id] < stores.max_attempts]
    exhausted = tuple(d.row for d in died if d not in left)
    rested = [d.row for d in left if has_rested(d, charged[d.row.study.study_id])]
    due = [row for row in fresh if row.attempt < stores.max_attempts or _is_uncounted(row)]
    single, bulk = _request(stores, [*due, *rested])
    return Plan((*again_single, *single), (*again_bulk, *bulk), exhausted)


def _charged(stores: Stores, died: Died, newly: list[str]) -> int:
    """Return how many attempts count against a study, after its last run was excused where it is to be."""
    study, row = died.row.study, died.row
    excuses = ExcusedAttempts(connect(stores.database_url))
    name, key = died.dependency, row.run_key or ""
    excused = name is not None and excuses.excuse(study.study_id, study.revision, key, name)
    if excused and name is not None and name != WORKER:  # a lost worker stops nobody: others take what it left
        newly.append(name)
    return row.attempt - excuses.count(study.study_id, study.revision)


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


def _chunk_size() -> int:
    chosen = cluster_settings()
    return chosen.bulk_chunk or (BULK_CHUNK if chosen.broker_url is None else CLUSTER_CHUNK)


def _request(stores: Stores, due: list[StudyRow]) -> tuple[list[Single], list[Chunk]]:
    urgent = [row for row in due if row.study.priority in (Priority.STAT, Priority.URGENT)]
    routine = [row for row in due if row not in urgent]
    if len(routine) <= stores.flood_threshold:
        urgent, routine = [*urgent, *routine], []
    single = [(key, row) for row in urgent if (key := _mark(stores, row))]
    chunks: list[tuple[StudyRow, ...]] = []
    size = _chunk_size()
    for priority in (Priority.ROUTINE, Priority.BACKFILL):  # they go into different queues
        some = [row for row in routine if row.study.priority is priority]
        chunks += [tuple(some[i : i + size]) for i in range(0, len(some), size)]
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
