"""ledger_anchor: the signed end of each day of the audit ledger, its job and its daily schedule.

Belongs here: the asset. Not here: which days (orchestration/anchoring.py) or what an anchor says (stores/ledger/).
Concept: https://docs.dagster.io/guides/build/assets
"""

from typing import Any

import dagster as dg

from cardio_dagster.orchestration.anchoring import anchor_all
from cardio_dagster.orchestration.resources import Stores

NAME = "ledger_anchor"


@dg.asset(
    name=NAME,
    group_name="audit",
    code_version="1",
    kinds={"python", "json"},
    description="The last record of each day, signed, in a folder that is best on another machine: what it shows cannot be set back.",
)
def ledger_anchor(stores: Stores) -> dg.MaterializeResult:
    """Anchor every day since the last anchor, up to yesterday."""
    made = anchor_all(stores)
    metadata: dict[str, Any] = {"anchored_days": len(made), "folder": dg.MetadataValue.path(stores.anchor_dir)}
    if made:
        metadata |= {"last_day": made[-1].day, "last_seq": made[-1].last_seq, "root_hash": made[-1].root_hash}
    return dg.MaterializeResult(metadata=metadata)


anchor_job = dg.define_asset_job(
    "anchor_job",
    selection=dg.AssetSelection.assets(NAME),
    description="Anchor the audit ledger up to yesterday.",
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "600"},
)

anchor_schedule = dg.ScheduleDefinition(
    name="anchor_daily",
    job=anchor_job,
    cron_schedule="10 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Soon after midnight UTC, the end of the ledger's day.",
)
