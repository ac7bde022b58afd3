"""escalation_sensor: from the outbox to people.

Belongs here: the sensor. Not here: causes, channels, deadlines (escalation/) or raising (releasing a report does that).
Concept: https://docs.dagster.io/guides/automate/sensors
"""

import dagster as dg

from cardio_dagster.orchestration.escalating import escalate
from cardio_dagster.orchestration.resources import Stores


@dg.sensor(
    name="escalation_sensor",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="Sends notices of critical findings and failures, and passes on what nobody acknowledged in time.",
)
def escalation_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> dg.SkipReason:
    """Send what is due and pass on what is overdue; asks for no run."""
    tally = escalate(stores)
    if tally.sent or tally.postponed or tally.passed_on:
        context.log.info(f"notices sent {tally.sent}, to be tried again {tally.postponed}, passed on {tally.passed_on}")
    return dg.SkipReason(f"notices sent: {tally.sent}, passed on: {tally.passed_on}")
