"""Backfill: closed studies made anew, side by side.

Belongs here: making a chunk anew, through the bulk door or beside what stands. Not here: which studies (staleness.py), what
becomes of a report beside one that stands (proposals.py), the job (defs/backfill.py).

An error response that nobody confirmed goes through the bulk door and is replaced, as after any other run. A report that was
released, held or decided on by a person stays what it is, with its checkpoints, results and events: the study is made
anew in a scratch folder.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dagster as dg

from cardio_dagster.audit_record import Actor
from cardio_dagster.orchestration.bulk import record_or_give_back, work_order
from cardio_dagster.orchestration.pool import Finished, WorkerPool
from cardio_dagster.orchestration.proposals import Remade, Told, is_decided, keep_beside
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.staleness import StaleStudy, in_force
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import ReleaseStatus
from cardio_dagster.pipeline.worker import WorkOrder
from cardio_dagster.stores.basis import BasisStore
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.reports import ReportStore


def remake_chunk(
    context: dg.OpExecutionContext, chunk: tuple[StaleStudy, ...], stores: Stores, actor: Actor
) -> list[Told]:
    """Make a chunk of studies anew, side by side, and return what became of each.

    A study that was re-opened meanwhile, that nobody knows any more, or whose worker failed is given back: the next backfill
    finds it again.
    """
    wanted = {study.study_id: study for study in chunk}
    with _scratch(stores) as folder, WorkerPool(stores.threads) as pool:
        orders = [order for study in chunk if (order := _order(study, stores, folder)) is not None]
        told = [_settle(context, done, wanted[done.order.study.study_id], stores, actor) for done in pool.run(orders)]
    missing = set(wanted) - {t.study_id for t in told}
    return [*told, *(Told(study_id, Remade.GIVEN_BACK) for study_id in sorted(missing))]


def is_replaceable(study: StaleStudy, stores: Stores) -> bool:
    """Return whether an error response stands that no person decided on."""
    return study.status == ReleaseStatus.ERROR.value and not is_decided(study, stores)


@contextmanager
def _scratch(stores: Stores) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".backfill-", dir=stores.store_dir) as folder:
        yield Path(folder)


def _order(study: StaleStudy, stores: Stores, folder: Path) -> WorkOrder | None:
    try:
        order = work_order(study.study_id, stores)
    except LookupError:
        return None
    if order.study.revision != study.revision:
        return None
    if is_replaceable(study, stores):
        return order
    return replace(order, checkpoint_url=str(folder / "checkpoints"), reports=ReportStore(folder / "reports"))


def _settle(context: dg.OpExecutionContext, done: Finished, study: StaleStudy, stores: Stores, actor: Actor) -> Told:
    if done.order.checkpoint_url == stores.checkpoint_url:  # as it was decided before the work
        closed = record_or_give_back(context, done, stores)
        told = Told(study.study_id, Remade.GIVEN_BACK if closed is None else Remade.REPLACED)
    elif done.passed is None:
        context.log.error(f"{study.study_id} is given back undone: {done.why}")
        told = Told(study.study_id, Remade.GIVEN_BACK)
    else:
        told = keep_beside(done.passed[State.FORMATTING], study, stores, actor)
    if told.remade is not Remade.GIVEN_BACK:
        _mark(study, stores)
    return told


def _mark(study: StaleStudy, stores: Stores) -> None:
    now = in_force(stores)
    parts = {name: now[name] for name in study.parts if name in now}
    BasisStore(connect(stores.database_url)).mark(study.study_id, study.revision, parts)
