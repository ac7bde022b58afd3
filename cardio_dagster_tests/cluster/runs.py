"""Runs in a wished state, and workers that only say that they live."""

import os
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.runs.schema import RunsTable

from cardio_dagster.orchestration.queues import tags_of
from cardio_dagster.orchestration.run_coordinator import StudyRunCoordinator
from cardio_dagster.stores.workers import WorkerBeat, this_machine, write_beat


@dg.op
def nothing() -> None:
    """Do nothing."""


@dg.job(name="study")
def study() -> None:
    nothing()


@dg.job(name="bulk")
def bulk() -> None:
    nothing()


def queued(instance: dg.DagsterInstance, priority: str | None = "routine", job=study, **tags: str) -> dg.DagsterRun:
    """Make a run that waits in Dagster's queue, submitted as the daemon submits it."""
    asked = tags_of(priority, job.name) | {"cardio/priority": priority} if priority else {}
    origin = RemoteJobOrigin(
        repository_origin=RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("cardio_dagster"), "__repository__"),
        job_name=job.name,
    )
    run = instance.create_run_for_job(
        job, tags={**asked, **tags}, status=dg.DagsterRunStatus.NOT_STARTED, remote_job_origin=origin
    )
    assert isinstance(instance.run_coordinator, StudyRunCoordinator)
    return instance.run_coordinator.submit_run(SubmitRunContext(run, workspace=None))


def starting(instance: dg.DagsterInstance, priority: str = "routine", job=study) -> dg.DagsterRun:
    """Make a run that the daemon has taken from its queue."""
    run = queued(instance, priority, job)
    event = DagsterEvent(event_type_value=DagsterEventType.PIPELINE_STARTING.value, job_name=run.job_name)
    instance.report_dagster_event(event, run_id=run.run_id)
    return reloaded(instance, run)


def begin(instance: dg.DagsterInstance, run: dg.DagsterRun, life: str) -> dg.DagsterRun:
    """Let a worker begin a run."""
    instance.add_run_tags(run.run_id, {"cardio/worker": f"w@host {life}"})
    event = DagsterEvent(event_type_value=DagsterEventType.PIPELINE_START.value, job_name=run.job_name)
    instance.report_dagster_event(event, run_id=run.run_id)
    return reloaded(instance, run)


def started(instance: dg.DagsterInstance, life: str, **options) -> dg.DagsterRun:
    """Make a run that a worker has begun."""
    return begin(instance, starting(instance, **options), life)


def reloaded(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    return reloaded(instance, run).status.value


def said(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    """Return what the run's log says of its engine."""
    return [e.message for e in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)]


def backdate(instance: dg.DagsterInstance, run: dg.DagsterRun, seconds: float) -> None:
    """Let a run have been created, begun and changed so long ago."""
    moment = datetime.now(UTC) - timedelta(seconds=seconds)
    values = {"create_timestamp": moment, "update_timestamp": moment}
    if reloaded(instance, run).status is dg.DagsterRunStatus.STARTED:
        values["start_time"] = moment.timestamp()
    with instance.run_storage.connect() as connection:
        connection.execute(RunsTable.update().where(RunsTable.c.run_id == run.run_id).values(values))


def alive(
    client, life: str = "life", queues=("routine",), processes: int = 1, active=(), pid: int | None = None, **more
):
    """Say in the broker that a worker lives, and return what was said."""
    values = {"name": f"w-{life}@host", "machine": this_machine(), "started_at_s": 0.0, **more}
    beat = WorkerBeat(
        life=life, queues=tuple(queues), processes=processes, pid=pid or os.getpid(), active=tuple(active), **values
    )
    write_beat(client, beat)
    return beat
