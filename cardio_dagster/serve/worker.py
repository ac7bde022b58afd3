"""A worker of the cluster: `cardio worker --queue stat,urgent --concurrency 4`.

Belongs here: its command line, checked, and becoming Celery's process. Not here: what that does (orchestration/worker_app.py).
It replaces this process, so that its pid and its signals are the supervisor's: SIGTERM lets its studies end first.
"""

import argparse
import os
import socket
import sys
from collections.abc import Sequence

from cardio_dagster.errors import SettingsError
from cardio_dagster.serve.worker_sets import niceness
from cardio_dagster.settings import cluster_settings, require_valid_settings
from cardio_dagster.settings.urls import REDIS_FORM

QUEUES = ("stat", "urgent", "routine", "notifications", "evaluation", "backfill")  # as orchestration/queues.py has them
_APP = "cardio_dagster.orchestration.worker_app"


def command(queues: Sequence[str], processes: int, *, name: str | None = None, level: str = "INFO") -> list[str]:
    """Return Celery's command line; raises SettingsError for a queue that does not exist or no process.

    Gossip and mingle are left out: workers need not know each other, and mingle costs a second at the start.
    """
    unknown = [q for q in queues if q not in QUEUES]
    if unknown or not queues:
        raise SettingsError(f"no such queue: {', '.join(unknown) or 'none named'}; choose from {', '.join(QUEUES)}")
    if processes < 1:
        raise SettingsError("a worker needs a process at least; use --concurrency 1 or more")
    node = f"{name or f'worker-{os.getpid()}'}@{socket.gethostname()}"
    chosen = [
        f"--queues={','.join(q for q in QUEUES if q in queues)}",
        f"--concurrency={processes}",
        f"--hostname={node}",
    ]
    fixed = ["--pool=prefork", "-O", "fair", "--without-gossip", "--without-mingle", "--task-events"]
    return [sys.executable, "-m", "celery", "-A", _APP, "worker", *chosen, *fixed, f"--loglevel={level}"]


def become(queues: Sequence[str], processes: int, *, name: str | None = None, level: str = "INFO") -> None:
    """Replace this process by the worker, as nice as its queues allow; raises SettingsError with the cure where no broker is set."""
    line = command(queues, processes, name=name, level=level)
    require_valid_settings()
    if cluster_settings().broker_url is None:
        raise SettingsError(f"CARDIO_BROKER_URL is not set; set it to {REDIS_FORM}")
    os.nice(niceness(queues))
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process a study; and threads made before a fork are lost in it
    os.execv(sys.executable, line)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and become the worker; ends with the cure where it is wrong."""
    parser = argparse.ArgumentParser(prog="cardio worker", description="Work on the studies of some queues.")
    parser.add_argument("--queue", default=",".join(QUEUES), help="queues with commas between; all if left out")
    parser.add_argument("--concurrency", type=int, default=os.cpu_count() or 1, help="studies at once, a process each")
    parser.add_argument("--name", help="its name in Flower and in the runs' tags")
    parser.add_argument("--loglevel", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    chosen = parser.parse_args(arguments)
    queues = [q.strip() for q in chosen.queue.split(",") if q.strip()]
    try:
        become(queues, chosen.concurrency, name=chosen.name, level=chosen.loglevel)
    except SettingsError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
