"""cohort: every decided study as one table, its check, its job and its daily schedule.

Belongs here: the asset. Not here: making the tables (orchestration/cohort.py) or what stands in them (reporting/cohort/).
Concept: https://docs.dagster.io/guides/build/assets
"""

from typing import Any

import dagster as dg

from cardio_dagster.orchestration.cohort import COHORT_FILES, Cohort, make_cohort
from cardio_dagster.orchestration.cohort_faults import table_faults
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.reporting.cohort.dictionary import VERSION, columns

NAME, SOUND = "cohort", "table_is_sound"


@dg.asset(
    name=NAME,
    group_name="cohort",
    code_version=VERSION,
    deps=["release"],
    check_specs=[
        dg.AssetCheckSpec(
            SOUND,
            asset=NAME,
            description="Every column is there, no study twice, every value plausible, every report readable, SQL as Parquet.",
        )
    ],
    kinds={"python", "parquet", "sql"},
    description="Measurements, findings, scores and gate verdicts of every decided study: Parquet, SQL, CSV, dictionary, page.",
)
def cohort(stores: Stores) -> dg.MaterializeResult:
    """Write the tables anew from the decisions and the reports that stand."""
    made = make_cohort(stores)
    return dg.MaterializeResult(
        metadata=_metadata(made),
        data_version=dg.DataVersion(made.tables.sha256),
        check_results=[_check(made)],
    )


def _metadata(made: Cohort) -> dict[str, Any]:
    share = made.summary.degraded_share
    return {
        "dagster/row_count": made.tables.rows,
        "columns": len(columns()),
        "measured": made.summary.measured,
        "reports_unread": made.tables.unread,
        **({} if share is None else {"degraded_share": round(share, 4)}),
        "sha256": made.tables.sha256,
        **{name.replace(".", "_"): dg.MetadataValue.path(str(made.folder / name)) for name in COHORT_FILES},
        "overview": dg.MetadataValue.md(_overview(made)),
    }


def _overview(made: Cohort) -> str:
    rows = [f"| {s.label} | {s.of} | {s.count} |" for s in made.summary.degraded]
    told = ", ".join(f"{s.count} {s.label}" for s in made.summary.statuses)
    return "\n".join(
        [f"{made.summary.studies} studies: {told}", "", "| coverage | studies | degraded |", "|---|---|---|", *rows]
    )


def _check(made: Cohort) -> dg.AssetCheckResult:
    faults = table_faults(made)
    return dg.AssetCheckResult(
        passed=not faults,
        asset_key=NAME,
        check_name=SOUND,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"faults": faults},
    )


cohort_job = dg.define_asset_job(
    "cohort_job",
    selection=dg.AssetSelection.assets(NAME),
    description="Make the cohort tables anew.",
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "3600"},
)

cohort_schedule = dg.ScheduleDefinition(
    name="cohort_daily",
    job=cohort_job,
    cron_schedule="15 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night, when little else runs.",
)
