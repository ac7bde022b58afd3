"""VALIDATION, PREPROCESSING and ANALYSIS: graph-backed assets that fan out over the modalities.

Each is a fan of one task a modality, a branch op a task, and a barrier that joins them.
Concept: https://docs.dagster.io/guides/build/assets/graph-backed-assets
"""

from typing import Any

import dagster as dg

from cardio_dagster.defs.gates import gate_result, gate_spec
from cardio_dagster.defs.partitions import studies
from cardio_dagster.orchestration.events import CHECK_NAME, STAGES, UPSTREAM
from cardio_dagster.orchestration.fan_out import barrier_op, branch_op, tasks_op
from cardio_dagster.pipeline.versions import code_version


def _fan_out_asset(stage: str, description: str) -> dg.AssetsDefinition:
    state = STAGES[stage]
    check_output = f"{stage}_{CHECK_NAME}"
    tasks, branch = tasks_op(stage, state), branch_op(stage, state)
    barrier = barrier_op(stage, state, check_output, gate_result)

    @dg.graph_asset(
        name=stage,
        description=description,
        ins={"dossier": dg.AssetIn(UPSTREAM[stage])},
        partitions_def=studies,
        group_name="study",
        check_specs=[gate_spec(stage)],
        code_version=code_version(state),
        kinds={"python", "parquet"},
    )
    def stage_asset(dossier: Any) -> dict[str, Any]:
        joined = barrier(dossier=dossier, heads=tasks(dossier).map(branch).collect())
        return {"result": joined.result, check_output: getattr(joined, check_output)}

    return stage_asset


validation = _fan_out_asset(
    "validation", "Every recording read and checked against its format and its possible ranges."
)
preprocessing = _fan_out_asset(
    "preprocessing", "Signals filtered, frames normalised, values in one set of units; quality judged."
)
analysis = _fan_out_asset("analysis", "What was found measured: intervals, rhythm, volumes, ejection fraction, values.")
