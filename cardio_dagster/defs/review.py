"""review_sensor and its job: a study that a person decided on goes on to its release.

Belongs here: the sensor and the job. Not here: which runs are needed (orchestration/reviewing.py) or deciding (review/).
Concept: https://docs.dagster.io/guides/automate/sensors
"""

import dagster as dg

from cardio_dagster.defs.partitions import studies
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.reviewing import REVIEW_TAG, plan_reviews, tell_stuck

review_job = dg.define_asset_job(
    "review_release",
    selection=dg.AssetSelection.assets("release"),
    description="The release of one study after a person decided on its report.",
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "600"},
)


@dg.sensor(
    name="review_sensor",
    job=review_job,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="Asks for the release of each study whose report a person decided on.",
)
def review_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> dg.SensorResult | dg.SkipReason:
    """Ask for a run of `release` for every decision whose version is not written yet."""
    plan = plan_reviews(context.instance, stores)
    for study_id, _ in plan.given_up:
        context.log.error(
            f"{study_id}: no run could write what was decided; look at its last run, then materialize release"
        )
    for study_id, revision in plan.unreadable:
        context.log.error(
            f"{study_id}: a decision on revision {revision} cannot be read; run `cardio audit verify`, then restore the database"
        )
    tell_stuck(plan, stores)
    if not plan.wanted:
        stuck = len(plan.given_up) + len(plan.unreadable)
        return dg.SkipReason(f"decisions that cannot be carried out: {stuck}" if stuck else "no decision waits")
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=w.run_key, partition_key=w.study_id, tags={REVIEW_TAG: w.review_key, "dagster/priority": "5"}
            )
            for w in plan.wanted
        ],
        # a study that left the window of partitions long ago comes back for its release
        dynamic_partitions_requests=[studies.build_add_request([w.study_id for w in plan.wanted])],
    )
