"""The bulk job: a flood or a mass backfill through the same pipeline, many studies a run.

Belongs here: the ops of the job. Not here: the work (pipeline/), how it is told to Dagster
(orchestration/bulk.py). A partition-range run of the assets would share one data version over
all its partitions and could not leave a failed study out; this can.
Concept: https://docs.dagster.io/guides/build/ops/dynamic-graphs
"""

from collections.abc import Iterator

import dagster as dg

from cardio_dagster.orchestration.breaker import breakers_of
from cardio_dagster.orchestration.bulk import record_or_give_back, work_order
from cardio_dagster.orchestration.pool import WorkerPool
from cardio_dagster.orchestration.resources import Stores

OPS_CHUNK = 25


class BulkConfig(dg.Config):
    """Which studies to run."""

    study_ids: list[str]


@dg.op(out=dg.DynamicOut(list[str], io_manager_key="memory_io_manager"))
def plan_chunks(config: BulkConfig) -> Iterator[dg.DynamicOutput[list[str]]]:
    """Split the studies into chunks of one op each."""
    ids = config.study_ids
    for start in range(0, len(ids), OPS_CHUNK):
        yield dg.DynamicOutput(ids[start : start + OPS_CHUNK], mapping_key=f"from_{start}")


@dg.op(out=dg.Out(list[str], io_manager_key="memory_io_manager"))
def process_chunk(context: dg.OpExecutionContext, study_ids: list[str], stores: Stores) -> list[str]:
    """Run a chunk of studies side by side; return those that ended in ERROR or were given back undone.

    While something that all studies need is down, none is begun: the sensor asks for them again.
    """
    breakers = breakers_of(stores)
    if breakers.down() is not None and (down := breakers.look()) is not None:
        context.log.error(f"{len(study_ids)} studies are given back undone: {down}")
        return study_ids
    ended_badly = []
    orders = []
    for study_id in study_ids:
        try:
            orders.append(work_order(study_id, stores))
        except LookupError:
            context.log.error(f"{study_id} is not registered; drop its files again")
            ended_badly.append(study_id)
    with WorkerPool(stores.threads) as pool:
        for finished in pool.run(orders):
            study_id = finished.order.study.study_id
            closed = record_or_give_back(context, finished, stores)
            if closed is None or closed.failed:
                ended_badly.append(study_id)
            if (down := breakers.down()) is not None:
                context.log.error(f"the rest of {len(orders)} studies is given back undone: {down}")
                break
    return ended_badly


@dg.op(ins={"chunks": dg.In(list[list[str]])}, out=dg.Out(dg.Nothing))
def name_failures(context: dg.OpExecutionContext, chunks: list[list[str]]) -> None:
    """Name the studies that ended in ERROR; the run itself stays green."""
    failures = sorted(study_id for chunk in chunks for study_id in chunk)
    context.log.info(f"{len(failures)} studies ended in ERROR: {', '.join(failures) or 'none'}")


@dg.job(
    executor_def=dg.in_process_executor,
    description="Many studies in one run, each told to the asset catalogue as if it had run alone.",
)
def bulk() -> None:
    """Fan out over chunks of studies."""
    name_failures(plan_chunks().map(process_chunk).collect())
