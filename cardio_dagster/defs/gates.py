"""Asset checks: the quality gates of each stage, one evaluation a study.

Belongs here: the check specs. Not here: the gates themselves (modalities/) or where they are
evaluated (the last op of each stage, so that a check costs no step of its own).
"""

import warnings

import dagster as dg

from cardio_dagster.defs.partitions import studies
from cardio_dagster.orchestration.events import CHECK_NAME, gate_summary
from cardio_dagster.pipeline.dossier import Dossier


def gate_spec(stage: str) -> dg.AssetCheckSpec:
    """Return the spec of the stage's check; it blocks nothing, because a study's failure is data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)  # partitioned checks, pinned with the release line
        return dg.AssetCheckSpec(
            CHECK_NAME,
            asset=stage,
            description=f"Every gate of {stage} passed and no modality failed in it.",
            partitions_def=studies,
        )


def gate_result(dossier: Dossier, stage: str) -> dg.AssetCheckResult:
    """Return the evaluation of the stage's gates for one study."""
    summary = gate_summary(dossier, stage)
    return dg.AssetCheckResult(
        passed=summary.passed,
        asset_key=stage,
        check_name=CHECK_NAME,
        metadata=summary.metadata,
        severity=dg.AssetCheckSeverity.ERROR if dossier.failed else dg.AssetCheckSeverity.WARN,
    )
