"""new_study_sensor: from the landing zone to runs.

Belongs here: the sensor. Not here: what makes a study complete or hostile (intake/), which
runs are due (orchestration/requests.py).
Concept: https://docs.dagster.io/guides/automate/sensors
"""

import math
from functools import partial

import dagster as dg

from cardio_dagster.defs.bulk import bulk
from cardio_dagster.defs.jobs import study_job
from cardio_dagster.defs.partitions import studies
from cardio_dagster.errors import dependency_of
from cardio_dagster.orchestration.aging import attend_queue
from cardio_dagster.orchestration.breaker import Down, breakers_of
from cardio_dagster.orchestration.intake import close_exhausted, scan_landing
from cardio_dagster.orchestration.outages import record_move
from cardio_dagster.orchestration.queues import PRIORITY_TAG, tags_of
from cardio_dagster.orchestration.requests import Plan, plan_requests
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.run_health import end_dead_runs
from cardio_dagster.orchestration.runs import MAX_RUNTIME_TAG, max_runtime_s


@dg.sensor(
    name="new_study_sensor",
    jobs=[study_job, bulk],
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=2,
    description="Takes complete studies from data/landing, registers them and asks for their runs.",
)
def new_study_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> dg.SensorResult | dg.SkipReason:
    """Register what is complete within the tick's budget, then ask for every run that is due.

    Nothing is taken or asked for while something that all studies need is down; what is dropped meanwhile waits.
    """
    breakers = breakers_of(stores)
    try:
        down = breakers.look()
        return _skipped(context, down) if down else _tick(context, stores)
    except Exception as error:
        dependency = dependency_of(error)
        if dependency is None:
            raise
        breakers.trip(dependency, type(error).__name__)
        return _skipped(context, breakers.down())
    finally:
        breakers.tell(partial(record_move, stores=stores))


def _skipped(context: dg.SensorEvaluationContext, down: Down | None) -> dg.SkipReason:
    context.log.warning(str(down))
    return dg.SkipReason(str(down))


def _tick(context: dg.SensorEvaluationContext, stores: Stores) -> dg.SensorResult:
    scanned = scan_landing(stores, context.cursor)
    dead = end_dead_runs(context.instance)
    attend_queue(context.instance)
    trip = partial(breakers_of(stores).trip, why="a run gave it up")
    plan = plan_requests(context.instance, stores, tripped=trip)
    closed = close_exhausted(plan.exhausted, stores)
    requests = _run_requests(plan, stores)
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


def _run_requests(plan: Plan, stores: Stores) -> list[dg.RunRequest]:
    single = [
        dg.RunRequest(
            run_key=key,
            job_name=study_job.name,
            partition_key=row.study.study_id,
            tags={
                PRIORITY_TAG: row.study.priority.value,
                **tags_of(row.study.priority, study_job.name),
                MAX_RUNTIME_TAG: _max_runtime_s(stores),
            },
        )
        for key, row in plan.single
    ]
    flood = [
        dg.RunRequest(
            run_key=key,
            job_name=bulk.name,
            run_config=dg.RunConfig({"plan_chunks": {"config": {"study_ids": [row.study.study_id for row in rows]}}}),
            tags={
                PRIORITY_TAG: rows[0].study.priority.value,  # of all of them
                **tags_of(rows[0].study.priority, bulk.name),
                MAX_RUNTIME_TAG: _max_runtime_s(stores, rounds=math.ceil(len(rows) / stores.threads)),
            },
        )
        for key, rows in plan.bulk
    ]
    return single + flood


def _max_runtime_s(stores: Stores, *, rounds: int = 1) -> str:
    return max_runtime_s(stores.study_deadline_s, stores.decision_deadline_s, rounds=rounds)
