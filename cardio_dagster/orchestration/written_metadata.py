"""Metadata of the written part: what was verified, how good it is, and how its tiers ran.

Belongs here: what the asset `report` shows of it. Not here: the other metadata (events.py) or the tiers (evidence/).
"""

from pathlib import Path
from typing import Any

import dagster as dg
import msgspec

from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.reporting.execution import Execution
from cardio_dagster.statement import TaskStatus, TierRun


def written_metadata(dossier: Dossier) -> dict[str, Any]:
    """Return what a data engineer watches: faults, quality, cost, and for each tier its time, failures and speed-up.

    Tiers and cost are read from execution.json, because they differ from run to run and are no part of the dossier;
    a report that stands from an earlier run has none of this run's, and an execution.json that is not there tells nothing.
    """
    written = dossier.written
    metadata: dict[str, Any] = {}
    if written is not None and written.verification is not None:
        metadata |= {"statements": len(written.statements), "unverified": len(written.verification.faults)}
        if written.quality is not None and written.quality.score_pct is not None:
            metadata["quality_pct"] = written.quality.score_pct
    path = Path(dossier.report_path or "") / "execution.json"
    if path.is_file():
        execution = msgspec.json.decode(path.read_bytes(), type=Execution)
        metadata |= {f"parallel_{run.tier}": dg.MetadataValue.json(_told(run)) for run in execution.tiers}
        if execution.cost is not None:
            metadata |= {"cpu_s": execution.cost.cpu_s, "bytes_stored": execution.cost.bytes_stored}
    return metadata


def _told(run: TierRun) -> dict[str, Any]:
    failed = [task for task in run.tasks if task.status in (TaskStatus.FAILED, TaskStatus.TIMED_OUT)]
    return {
        "parallel": run.parallel,
        "duration_ms": run.duration_ms,
        "total_tasks": len(run.tasks),
        "successful_tasks": sum(task.status is TaskStatus.DONE for task in run.tasks),
        "failed_tasks": len(failed),
        "speedup_vs_sequential": run.speedup_vs_sequential,
        "tasks": {task.name: f"{task.status.value}, {task.duration_ms:g} ms" for task in run.tasks},
    }
