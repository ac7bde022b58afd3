"""Runs whose process is gone: kill -9, a reboot, a code server that died with its runs.

Belongs here: finding such runs and ending them. Not here: asking for their studies again (requests.py).

The default launcher has no health check, so Dagster itself leaves such a run STARTED until
`max_runtime`. Only the default launcher's runs are looked at: they live on the machine (and
in the container) of the code server, which is where the sensor runs.
"""

import dagster as dg
import psutil
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

GONE = "the process of the run is gone; its studies are asked for again"
_TOLERANCE_S = 2.0  # between the clocks of the kernel and of the event log


def end_dead_runs(instance: dg.DagsterInstance) -> int:
    """Report every started run without a living process as failed; return how many."""
    if not isinstance(instance.run_launcher, DefaultRunLauncher):
        return 0
    started = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]))
    dead = [run for run in started if _is_dead(instance, run.run_id)]
    for run in dead:
        instance.report_run_failed(run, GONE)
    return len(dead)


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
