"""Runs that failed, with or without a last word: told to the ledger, once each.

Belongs here: which studies such a run leaves behind, and why it ended, in words without a path or a name. Not here:
finding processes that are gone (run_health.py), asking for the studies again (requests.py).
"""

from typing import Any

import dagster as dg

from cardio_dagster.audit_contents import RunDied
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.escalation.machine import run_cause
from cardio_dagster.orchestration.escalating import raise_notices
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.run_health import GONE
from cardio_dagster.orchestration.runs import studies_of
from cardio_dagster.stores.database import connect

WATCHER = Actor(ActorKind.SENSOR, "run_failure_sensor")
_STUDY_ENDED = "release"  # the step that ends a run red because its study ended in ERROR: data, and closed already


def death_of(run: dg.DagsterRun, failures: list[dg.DagsterEvent], message: str | None) -> RunDied | None:
    """Return what is to be told of a failed run; None for one that ended red because its study ended in ERROR.

    `failures` are its step failures, none where it died without a word.
    """
    steps = sorted({str(event.step_key) for event in failures})
    if steps == [_STUDY_ENDED]:
        return None
    if steps:
        why = f"steps failed: {', '.join(steps)} ({', '.join(sorted({_class_of(e) for e in failures}))})"
    else:
        why = GONE if message and GONE in message else "the run ended without a step of its own having failed"
    return RunDied(run.run_id, run.job_name, tuple(sorted(studies_of(run))), why)


def tell_death(died: RunDied, stores: Stores) -> None:
    """Record a run that died and raise its notice, in one transaction, once."""
    study_id = died.studies[0] if len(died.studies) == 1 else None
    entry = Entry(Kind.RUN_DIED, WATCHER, died, study_id, None, f"run-died:{died.run_id}")
    with connect(stores.database_url).begin() as connection:
        raised = raise_notices([run_cause(died)], stores, WATCHER, connection=connection)
        stores.ledger().append(entry, *raised, connection=connection)


def _class_of(event: dg.DagsterEvent) -> str:
    """Return the failure class that `by_taxonomy` noted, else the name of the exception's class."""
    data: Any = event.step_failure_data
    user = getattr(data, "user_failure_data", None)
    if user is not None and "failure_class" in user.metadata:
        return str(user.metadata["failure_class"].value)
    return str(data.error.cls_name) if data.error is not None else "unknown"
