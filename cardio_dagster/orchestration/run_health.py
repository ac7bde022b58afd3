"""Runs whose process is gone (kill -9, a reboot, a code server that died with its runs), and what other runs died of.

Belongs here: finding such runs and ending them, telling a dependency that was down from a fault of the study. Not here: asking for their studies again (requests.py).

The default launcher has no health check, so Dagster itself leaves such a run STARTED until
`max_runtime`. Its runs live on the machine (and in the container) of the code server, which is
where the sensor runs: their process is looked up. Those of a cluster are of lost_runs.py.
"""

from collections.abc import Callable

import dagster as dg
import psutil
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

from cardio_dagster.errors import dependency_named
from cardio_dagster.orchestration.lost_runs import GONE, LOST_WITH_TAG, look_after
from cardio_dagster.orchestration.retrying import DEPENDENCY, DEPENDENCY_TAG

__all__ = ["GONE", "dependency_of_run", "end_dead_runs"]
# STARTING too: a process announces itself before it starts its run, and may be killed between the two
_BEGUN = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
_TOLERANCE_S = 2.0  # between the clocks of the kernel and of the event log


def end_dead_runs(instance: dg.DagsterInstance) -> int:
    """Report every begun run without a living process as failed; return how many."""
    launcher = instance.run_launcher
    if isinstance(launcher, DefaultRunLauncher):
        return _end_dead_processes(instance, lambda _: True)
    is_remote: Callable[[dg.DagsterRun], bool] | None = getattr(launcher, "is_remote", None)
    if is_remote is None:
        return 0
    return look_after(instance, launcher) + _end_dead_processes(instance, lambda run: not is_remote(run))


def _end_dead_processes(instance: dg.DagsterInstance, is_here: Callable[[dg.DagsterRun], bool]) -> int:
    started = instance.get_runs(dg.RunsFilter(statuses=_BEGUN))
    dead = [run for run in started if is_here(run) and _is_dead(instance, run.run_id)]
    for run in dead:
        instance.report_run_failed(run, GONE)
    return len(dead)


def dependency_of_run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """Return what all studies need and this run died of; None where it died of something else, or without a word.

    By the metadata that `by_taxonomy` leaves, the tag that the bulk job leaves, and, for a failure outside of a stage's
    code (an IO manager's), by the class of the exception.
    """
    for tag in (DEPENDENCY_TAG, LOST_WITH_TAG):
        if tag in run.tags:
            return str(run.tags[tag])
    failures = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    found = (_dependency_of_step(entry.get_dagster_event().step_failure_data) for entry in failures)
    return next((name for name in found if name), None)


def _dependency_of_step(failed: StepFailureData) -> str | None:
    noted = failed.user_failure_data.metadata.get(DEPENDENCY) if failed.user_failure_data else None
    if noted is not None:
        return str(noted.value)
    error = failed.error
    while error is not None:
        name = dependency_named(error.cls_name or "", error.message)
        if name is not None:
            return name
        error = error.cause
    return None


def _is_dead(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Return whether the process that announced the run no longer lives; a run that announced none is left alone."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        metadata = entry.get_dagster_event().engine_event_data.metadata
        if "pid" in metadata:
            return not _lives(int(str(metadata["pid"].value)), since=entry.timestamp)
    return False


def _lives(pid: int, *, since: float) -> bool:
    """Return whether the process with this id existed at `since` already; ids are given out again after a reboot."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and float(process.create_time()) <= since + _TOLERANCE_S
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
