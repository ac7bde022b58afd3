"""The second door: a study of the bulk job told to Dagster as if its assets had run.

Belongs here: work orders, and the events and records of a finished study. Not here: the
ops (defs/bulk.py) or the work (pipeline/).
"""

import hashlib
from contextlib import suppress
from functools import partial
from pathlib import Path

import dagster as dg

from cardio_dagster.errors import dependency_of
from cardio_dagster.orchestration.breaker import breakers_of
from cardio_dagster.orchestration.events import (
    CHECK_NAME,
    STAGES,
    UPSTREAM,
    data_version,
    gate_summary,
    materialization_metadata,
)
from cardio_dagster.orchestration.nameless import nameless
from cardio_dagster.orchestration.pool import Finished
from cardio_dagster.orchestration.recording import Teller
from cardio_dagster.orchestration.releasing import release_study
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.retrying import DEPENDENCY_TAG, told
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.retry import tried, with_retry
from cardio_dagster.pipeline.versions import FAN_OUT_STATES, code_version
from cardio_dagster.pipeline.worker import WorkOrder


def work_order(study_id: str, stores: Stores) -> WorkOrder:
    """Return what a worker process needs to run the current revision of a study."""
    row = stores.row(study_id)
    return WorkOrder(
        study=row.study,
        problems=row.problems,
        input_dir=str(row.folder(Path(stores.store_dir))),
        checkpoint_url=stores.checkpoint_url,
        reports=stores.reports(row.study),
        options=stores.options(row.attempt),
        desk=stores.desk(),
    )


def record_or_give_back(context: dg.OpExecutionContext, finished: Finished, stores: Stores) -> Dossier | None:
    """Record a finished study; None for one that is given back undone, which the sensor asks for again.

    What all studies need and does not answer is left alone from then on: see `breakers_of`.
    """
    study_id, why, dependency = finished.order.study.study_id, finished.why, finished.dependency
    if finished.passed is not None:
        record = partial(record_study, context, finished.passed, stores)
        try:
            return with_retry(lambda attempt: tried(record, attempt=attempt, stage=State.COMPLETE.name))
        except Exception as error:  # it stays open, and the rest of the chunk goes on
            why, dependency = told(error), dependency_of(error)
    context.log.error(f"{study_id} is given back undone: {why}")
    if dependency is not None:
        _leave_alone(context, dependency, why, stores)
    return None


def _leave_alone(context: dg.OpExecutionContext, dependency: str, why: str, stores: Stores) -> None:
    breakers_of(stores).trip(dependency, why)
    with suppress(Exception):  # the tags may lie in the very database that is down
        context.instance.add_run_tags(context.run_id, {DEPENDENCY_TAG: dependency})


def record_study(context: dg.OpExecutionContext, passed: dict[State, Dossier], stores: Stores) -> Dossier:
    """Keep each stage's dossier, log its materialization and its gates, then release the study.

    The release comes last: a run that dies before leaves the study open, to be run again
    from its checkpoints.
    """
    teller = Teller.of(context, stores, door="bulk")
    teller.record_through(passed)
    for stage, state in STAGES.items():
        _keep(passed[state], stage, stores)
        context.log_event(_materialization(context.instance, passed, stage, stores))
        context.log_event(_check(passed[state], stage))  # type: ignore[arg-type]  # accepted, and documented for ops
    written = passed[State.FORMATTING]
    stores.keep_results(written)
    return release_study(written, teller)


def _keep(dossier: Dossier, stage: str, stores: Stores) -> None:
    study = dossier.study
    if STAGES[stage] in FAN_OUT_STATES:
        stores.checkpoints().save_record(study.study_id, f"{stage}/dossier", nameless(dossier, stores))
    else:
        kept = nameless(dossier, stores)
        stores.results().save_stage(study.study_id, study.revision, stage, dossier.state, kept)


def _materialization(
    instance: dg.DagsterInstance, passed: dict[State, Dossier], stage: str, stores: Stores
) -> dg.AssetMaterialization:
    dossier = passed[STAGES[stage]]
    tags = {
        "dagster/data_version": data_version(dossier, stage),
        "dagster/data_version_is_user_provided": "true",
        "dagster/code_version": code_version(STAGES[stage]),
    }
    if stage in UPSTREAM:
        upstream = UPSTREAM[stage]
        tags |= _provenance(instance, passed[STAGES[upstream]], upstream)
    return dg.AssetMaterialization(
        asset_key=stage,
        partition=dossier.study.study_id,
        metadata=materialization_metadata(dossier, stage, report_url=stores.report_url),
        tags=tags,
    )


def _provenance(instance: dg.DagsterInstance, dossier: Dossier, upstream: str) -> dict[str, str]:
    """Return the tags by which Dagster knows what a stage was made from; without the pointer it calls it stale.

    The version of a partitioned input is the hash over the versions of its partitions, here of one.
    """
    record = instance.get_latest_data_version_record(dg.AssetKey(upstream), partition_key=dossier.study.study_id)
    version = hashlib.sha256(data_version(dossier, upstream).encode()).hexdigest()
    return {
        f"dagster/input_data_version/{upstream}": version,
        f"dagster/input_event_pointer/{upstream}": str(record.storage_id) if record else "NULL",
    }


def _check(dossier: Dossier, stage: str) -> dg.AssetCheckEvaluation:
    summary = gate_summary(dossier, stage)
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(stage),
        check_name=CHECK_NAME,
        passed=summary.passed,
        metadata=summary.metadata,
        severity=dg.AssetCheckSeverity.ERROR if dossier.failed else dg.AssetCheckSeverity.WARN,
        partition=dossier.study.study_id,
    )
