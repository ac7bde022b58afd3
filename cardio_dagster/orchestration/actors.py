"""Who asked for a run: the actor of every record that the run leaves.

Belongs here: reading Dagster's tags. Not here: what is recorded (recording.py).
"""

import dagster as dg

from cardio_dagster.audit_record import Actor, ActorKind

PERSON_TAG = "cardio/person"
UNNAMED = "unnamed"  # the open-source UI and `dg launch` know no users


def actor_of(run: dg.DagsterRun) -> Actor:
    """Return the sensor, schedule or backfill that asked for a run, else the person, by name where a tag says it."""
    tags = run.tags
    if name := tags.get("dagster/sensor_name"):
        return Actor(ActorKind.SENSOR, name)
    if name := tags.get("dagster/schedule_name"):
        return Actor(ActorKind.SCHEDULE, name)
    if name := tags.get("dagster/backfill"):
        return Actor(ActorKind.BACKFILL, name)
    return Actor(ActorKind.PERSON, tags.get(PERSON_TAG, UNNAMED))
