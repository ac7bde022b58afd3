"""run_failure_sensor: every run that failed is told, also one that died without a word.

Belongs here: the sensor. Not here: finding processes that are gone (orchestration/run_health.py), what is told
(orchestration/deaths.py), or asking for the studies again (intake.py).
Concept: https://docs.dagster.io/guides/automate/run-status-sensors
"""

import dagster as dg

from cardio_dagster.orchestration.deaths import death_of, tell_death
from cardio_dagster.orchestration.resources import Stores


@dg.run_failure_sensor(
    name="run_failure_sensor",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="Records runs that failed or died, and raises a notice; a run of a study that ended in ERROR is told by its release.",
)
def run_failure_sensor(context: dg.RunFailureSensorContext, stores: Stores) -> None:
    """Tell of one failed run."""
    died = death_of(context.dagster_run, list(context.get_step_failure_events()), context.failure_event.message)
    if died is not None:
        tell_death(died, stores)
