"""retention_survey: once a month, how much is past its retention.

Belongs here: the job and its schedule. Not here: counting (orchestration/retention.py), or removing anything, which a
person does with `cardio audit purge --yes`.
Concept: https://docs.dagster.io/guides/automate/schedules
"""

import dagster as dg

from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.retention import count_due


@dg.op(description="Count the studies past their retention, and what of them would go.")
def count_past_retention(context: dg.OpExecutionContext, stores: Stores) -> None:
    """Tell in the log and as metadata; `before` is the moment before which a study was closed."""
    found = count_due(stores)
    context.log.info(
        "%d studies closed before %s are due; `cardio audit purge` tells more", found.studies, found.before[:10]
    )
    counts = {name: getattr(found, name) for name in found.__dataclass_fields__}
    context.add_output_metadata(counts)


@dg.job(
    name="retention_survey",
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "3600"},
    description="Count what is past its retention; removes nothing.",
)
def retention_job() -> None:
    """Run the one op."""
    count_past_retention()


retention_schedule = dg.ScheduleDefinition(
    name="retention_monthly",
    job=retention_job,
    cron_schedule="30 4 1 * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the first of each month.",
)
