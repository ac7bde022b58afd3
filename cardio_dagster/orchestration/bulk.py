"""The second door: a study of the bulk job told to Dagster as if its assets had run.

Belongs here: work orders, and the events and records of a finished study. Not here: the
ops (defs/bulk.py) or the work (pipeline/).
"""

from pathlib import Path

import dagster as dg

from cardio_dagster.orchestration.events import (
    CHECK_NAME,
    STAGES,
    UPSTREAM,
    data_version,
    gate_summary,
    materialization_metadata,
)
from cardio_dagster.orchestration.releasing import release_study
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.records import study_results
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
        report_dir=str(Path(stores.store_dir) / "reports"),
        options=stores.options(),
    )


def record_study(context: dg.OpExecutionContext, passed: dict[State, Dossier], stores: Stores) -> Dossier:
    """Keep each stage's dossier, log its materialization and its gates, then release the study.

    The release comes last: a run that dies before leaves the study open, to be run again
    from its checkpoints.
    """
    last = next(iter(reversed(passed.values())))
    for stage, state in STAGES.items():
        dossier = passed.get(state, last)
        _keep(dossier, stage, stores)
        context.log_event(_materialization(dossier, stage, stores))
        context.log_event(_check(dossier, stage))  # type: ignore[arg-type]  # accepted, and documented for ops
    stores.results().save(study_results(last))
    return release_study(last, stores)


def _keep(dossier: Dossier, stage: str, stores: Stores) -> None:
    study = dossier.study
    if STAGES[stage] in FAN_OUT_STATES:
        stores.checkpoints().save_record(study.study_id, f"{stage}/dossier", dossier)
    else:
        stores.results().save_stage(study.study_id, study.revision, stage, dossier.state, dossier)


def _materialization(dossier: Dossier, stage: str, stores: Stores) -> dg.AssetMaterialization:
    tags = {
        "dagster/data_version": data_version(dossier, stage),
        "dagster/data_version_is_user_provided": "true",
        "dagster/code_version": code_version(STAGES[stage]),
    }
    if stage in UPSTREAM:
        tags[f"dagster/input_data_version/{UPSTREAM[stage]}"] = data_version(dossier, UPSTREAM[stage])
    return dg.AssetMaterialization(
        asset_key=stage,
        partition=dossier.study.study_id,
        metadata=materialization_metadata(dossier, stage, report_url=stores.report_url),
        tags=tags,
    )


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
