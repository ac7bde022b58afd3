"""The graph of a stage that fans out over modalities: tasks, branches, barrier.

Belongs here: the ops that validation, preprocessing and analysis share. Not here: the assets
(defs/stages/fan_out.py) or the work (pipeline/).
"""

from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from cardio_dagster.orchestration.events import data_version, materialization_metadata
from cardio_dagster.orchestration.io_managers import IS_BRANCH
from cardio_dagster.orchestration.recording import Teller
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.retrying import OUTSIDE_POLICY, by_taxonomy, timed
from cardio_dagster.orchestration.types import DossierType
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.barrier import join
from cardio_dagster.pipeline.branch_stage import run_branch
from cardio_dagster.pipeline.branch_task import BranchTask
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.stores.checkpoints import BranchHead, BranchResult

CheckOf = Callable[[Dossier, str], dg.AssetCheckResult]
IO = "parquet_io_manager"


def tasks_op(stage: str, state: State) -> dg.OpDefinition:
    """Return the op that fans a dossier out over its living modalities; none for a study in ERROR."""

    @dg.op(
        name=f"{stage}_tasks",
        ins={"dossier": dg.In(DossierType)},
        out=dg.DynamicOut(BranchTask, io_manager_key=IO),
        retry_policy=OUTSIDE_POLICY,
    )
    def tasks(dossier: Dossier) -> Iterator[Any]:
        for modality in () if dossier.failed else dossier.alive():
            yield dg.DynamicOutput(BranchTask(dossier.study, state, modality), mapping_key=modality)

    return tasks


def branch_op(stage: str, state: State) -> dg.OpDefinition:
    """Return the op that carries one modality through the state."""

    @dg.op(
        name=f"{stage}_branch",
        ins={"task": dg.In(BranchTask)},
        out=dg.Out(BranchResult, io_manager_key=IO, metadata={IS_BRANCH: True}),
        retry_policy=OUTSIDE_POLICY,
    )
    def branch(context: dg.OpExecutionContext, task: BranchTask, stores: Stores) -> BranchResult:  # type: ignore[type-arg]  # Dagster needs the plain class
        attempt = context.retry_number + 1
        with by_taxonomy(attempt):
            place = timed(context, stores.workplace(task.study))
            return run_branch(task, place, attempt=attempt)

    return branch


def barrier_op(stage: str, state: State, check_output: str, check: CheckOf) -> dg.OpDefinition:
    """Return the op that joins the branches, materializes the asset and evaluates its gates."""

    @dg.op(
        name=f"{stage}_barrier",
        ins={"dossier": dg.In(DossierType), "heads": dg.In(list[BranchHead])},
        out={"result": dg.Out(DossierType, io_manager_key=IO), check_output: dg.Out(dg.Nothing)},
        retry_policy=OUTSIDE_POLICY,
    )
    def barrier(
        context: dg.OpExecutionContext, dossier: Dossier, heads: list[BranchHead], stores: Stores
    ) -> Iterator[Any]:
        with by_taxonomy(context.retry_number + 1):
            joined = join(dossier, state, heads)
            Teller.of(context, stores, door="study").record(dossier, joined, stage)
        yield dg.Output(
            joined,
            "result",
            metadata=materialization_metadata(joined, stage, report_url=stores.report_url),
            data_version=dg.DataVersion(data_version(joined, stage)),
        )
        yield check(joined, stage)

    return barrier
