"""maintenance: once a week, closed studies leave the set of partitions and old runs leave Dagster's database.

Belongs here: the ops, the job and its schedule. Not here: what may go (orchestration/archiving.py, pruning.py).
Concept: https://docs.dagster.io/guides/automate/schedules
"""

from dataclasses import asdict

import dagster as dg

from cardio_dagster.orchestration.actors import actor_of
from cardio_dagster.orchestration.archiving import Window, archive_closed
from cardio_dagster.orchestration.pruning import prune_runs
from cardio_dagster.orchestration.queues import BACKFILL, queue_tags
from cardio_dagster.orchestration.resources import Stores


@dg.op(out=dg.Out(dg.Nothing), description="Closed studies leave the set of partitions after CARDIO_WINDOW_DAYS.")
def archive_studies(context: dg.OpExecutionContext, stores: Stores) -> None:
    """Take out what is past the window; the figures are metadata."""
    done = archive_closed(context.instance, stores)
    context.add_output_metadata({**asdict(done), "after": done.after})


@dg.op(
    ins={"archived": dg.In(dg.Nothing)},
    out=dg.Out(dg.Nothing),
    description="Old runs that nothing needs are deleted; the ledger is verified before and after.",
)
def prune_dagster(context: dg.OpExecutionContext, stores: Stores) -> None:
    """Delete old runs of studies that left the set; the figures are metadata."""
    done = prune_runs(context.instance, stores, actor_of(context.run), days=Window.of(stores).days)
    context.add_output_metadata({name: value for name, value in asdict(done).items() if value is not None})


@dg.job(
    name="maintenance",
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "7200", **queue_tags(BACKFILL, "maintenance")},
    description="Archive closed studies, then prune Dagster's event log.",
)
def maintenance_job() -> None:
    """Run archive, then prune."""
    prune_dagster(archive_studies())


maintenance_schedule = dg.ScheduleDefinition(
    name="maintenance_weekly",
    job=maintenance_job,
    cron_schedule="30 5 * * 0",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On Sunday mornings, after everything of the night.",
)
