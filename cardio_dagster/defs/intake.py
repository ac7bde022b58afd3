"""new_study_sensor: from the landing zone to runs.

Belongs here: the sensor. Not here: what makes a study complete or hostile (intake/), which
runs are due (orchestration/requests.py).
Concept: https://docs.dagster.io/guides/automate/sensors
"""

import dagster as dg

from cardio_dagster.defs.bulk import bulk
from cardio_dagster.defs.jobs import study_job
from cardio_dagster.defs.partitions import studies
from cardio_dagster.orchestration.intake import close_exhausted, scan_landing
from cardio_dagster.orchestration.requests import DAGSTER_PRIORITY, Plan, plan_requests
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.run_health import end_dead_runs


@dg.sensor(
    name="new_study_sensor",
    jobs=[study_job, bulk],
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=2,
    description="Takes complete studies from data/landing, registers them and asks for their runs.",
)
def new_study_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> dg.SensorResult | dg.SkipReason:
    """Register what is complete within the tick's budget, then ask for every run that is due."""
    scanned = scan_landing(stores, context.cursor)
    dead = end_dead_runs(context.instance)
    plan = plan_requests(context.instance, stores)
    closed = close_exhausted(plan.exhausted, stores)
    requests = _run_requests(plan)
    context.log.info(
        f"accepted {len(scanned.accepted)}, quarantined {len(scanned.quarantined)}, waiting {scanned.waiting}, "
        f"runs asked for {len(requests)}, runs found dead {dead}, given up {closed}"
    )
    keys = [row.study.study_id for _, row in plan.single]
    keys += [row.study.study_id for _, rows in plan.bulk for row in rows]
    return dg.SensorResult(
        run_requests=requests,
        cursor=scanned.cursor,
        dynamic_partitions_requests=[studies.build_add_request(sorted(set(keys)))] if keys else [],
    )


def _run_requests(plan: Plan) -> list[dg.RunRequest]:
    single = [
        dg.RunRequest(
            run_key=key,
            job_name=study_job.name,
            partition_key=row.study.study_id,
            tags={
                "cardio/priority": row.study.priority.value,
                "dagster/priority": str(DAGSTER_PRIORITY[row.study.priority]),
            },
        )
        for key, row in plan.single
    ]
    flood = [
        dg.RunRequest(
            run_key=key,
            job_name=bulk.name,
            run_config=dg.RunConfig({"plan_chunks": {"config": {"study_ids": [row.study.study_id for row in rows]}}}),
            tags={"cardio/priority": "routine", "dagster/priority": "-1"},
        )
        for key, rows in plan.bulk
    ]
    return single + flood
