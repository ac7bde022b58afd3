"""Pruning: old runs leave Dagster's own database, with the ledger proven whole before and after.

Belongs here: which runs may go, and the proof. Not here: the set of partitions (archiving.py), our own stores, or ticks, which
Dagster ages out by itself (`retention:` in dagster.yaml).

Deleting a run takes its log, its materializations and their tags with it: the asset catalogue then calls the partition
missing, and every version that Dagster compares is gone. What stays are the evaluations of asset checks. So the runs of
every study in the set of partitions, or open, stay whatever their age, and so does the newest run of each job that is of
no study; reports are held against the ledger alone (staleness.py), which no pruning touches.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from cardio_dagster.audit_contents import AccessMade
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.orchestration.archiving import PARTITIONS
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.runs import studies_of
from cardio_dagster.stores.database import connect, reading
from cardio_dagster.stores.ledger import LedgerError, LedgerProof, verify_ledger
from cardio_dagster.stores.study_tables import studies

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one round did. `freed_bytes` is of the files below the instance's folder; None where its database is a server."""

    runs: int
    kept: int  # as old, but needed
    freed_bytes: int | None
    records: int  # of the ledger, before the round's own
    head_hash: str | None


def prune_runs(
    instance: dg.DagsterInstance, stores: Stores, actor: Actor, *, days: float, now: datetime | None = None
) -> Pruned:
    """Delete ended runs created more than `days` ago that nothing needs, and return the counts.

    The ledger is verified first and last and the round recorded in it. Raises LedgerError, with nothing deleted, where it is
    not whole; and where it is not afterwards, or no longer holds what it held.
    """
    before = _proven(stores)
    size = _size_bytes(instance)
    old = list(_old_runs(instance, (now or datetime.now(UTC)) - timedelta(days=days)))
    needed = _needed(instance, stores, old)
    going = [run.run_id for run in old if run.run_id not in needed]
    for run_id in going:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    after_size = _size_bytes(instance)
    after = _proven(stores)
    if after.records < before.records or after.ledger_id != before.ledger_id:
        raise LedgerError("the audit ledger is shorter than before the pruning; restore the database from the backup")
    freed = None if size is None or after_size is None else size - after_size
    pruned = Pruned(len(going), len(old) - len(going), freed, before.records, before.head_hash)
    stores.ledger().append(Entry(Kind.ACCESS_MADE, actor, _told(pruned, after)))
    return pruned


def _told(pruned: Pruned, after: LedgerProof) -> AccessMade:
    outcome = (
        f"{pruned.runs} runs deleted, {pruned.kept} kept; ledger whole before ({pruned.records} records, "
        f"{pruned.head_hash}) and after ({after.records} records, {after.head_hash})"
    )
    return AccessMade("prune", "dagster runs", outcome)


def _proven(stores: Stores) -> LedgerProof:
    proof = verify_ledger(connect(stores.database_url), stores.site_key(), anchor_dir=Path(stores.anchor_dir))
    if not proof.is_whole:
        raise LedgerError(
            f"the audit ledger has {len(proof.faults)} faults; run `cardio audit verify` before any pruning"
        )
    return proof


def _old_runs(instance: dg.DagsterInstance, limit: datetime) -> Iterator[dg.DagsterRun]:
    """Yield the ended runs created before `limit`, the newest first."""
    chosen = dg.RunsFilter(statuses=list(FINISHED_STATUSES), created_before=limit)
    cursor = None
    while runs := instance.get_runs(chosen, cursor=cursor, limit=_PAGE):
        yield from runs
        cursor = runs[-1].run_id


def _needed(instance: dg.DagsterInstance, stores: Stores, old: list[dg.DagsterRun]) -> set[str]:
    """Return the runs that carry a study of the set of partitions or an open one, and the newest of each job of no study."""
    held = set(instance.get_dynamic_partitions(PARTITIONS)) | _open_studies(stores)
    needed = {run.run_id for run in old if studies_of(run) & held}
    for job in {run.job_name for run in old if not studies_of(run)}:
        newest = instance.get_runs(dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1)
        needed |= {run.run_id for run in newest}
    return needed


def _open_studies(stores: Stores) -> set[str]:
    with reading(connect(stores.database_url)) as connection:
        query = sa.select(studies.c.study_id).where(studies.c.finished_at.is_(None))
        return {row.study_id for row in connection.execute(query)}


def _size_bytes(instance: dg.DagsterInstance) -> int | None:
    """Return the bytes below the instance's folder; None for an instance without one, or with a server for a database."""
    from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

    if not isinstance(instance.event_log_storage, SqliteEventLogStorage):
        return None
    return sum(p.stat().st_size for p in Path(instance.root_directory).rglob("*") if p.is_file())
