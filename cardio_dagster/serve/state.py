"""What is known of a supervisor from outside: its state file, whether it lives, what outlived it.

Belongs here: reading and writing run/services.json, the lock that admits one supervisor a data folder, and
ending processes that carry its mark. Not here: starting anything (supervisor.py).
"""

import fcntl
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psutil

from cardio_dagster.serve.connections import MARK
from cardio_dagster.serve.site import Site

STOP_PATIENCE_S = 15.0
STARTING, UP, STOPPING, FAILED = "starting", "up", "stopping", "failed"


def state_file(data_dir: Path) -> Path:
    """Return the file that says which services run for this data folder."""
    return data_dir / "run" / "services.json"


def tell(
    site: Site, *, phase: str, failure: str | None, processes: Mapping[str, tuple[int | None, int]]
) -> dict[str, Any]:
    """Write the state of this supervisor in one step, so that a reader never sees half of it, and return it.

    `processes`: of each service its pid, None while it waits for its next start, and how often it was started again.
    """
    state = {
        "supervisor": os.getpid(),
        "supervisor_began": psutil.Process().create_time(),
        "phase": phase,
        "failure": failure,
        "profile": site.profile.value,
        "ui": site.ui_url,
        "reports": site.report_url,
        "urls": site.urls(),
        "pids": {name: pid for name, (pid, _) in processes.items()},
        "restarts": {name: restarts for name, (_, restarts) in processes.items()},
    }
    draft = site.run_dir / ".services.json"
    draft.write_text(json.dumps(state))
    draft.replace(state_file(site.data_dir))
    return state


def running(data_dir: Path) -> dict[str, Any] | None:
    """Return the state of the supervisor of this data folder, or None if none lives.

    A state file that a killed supervisor left behind counts as none: its pid is gone or belongs to another
    process, which began at another time.
    """
    try:
        state: dict[str, Any] = json.loads(state_file(data_dir).read_text())
        process = psutil.Process(int(state["supervisor"]))
        same = process.create_time() == state["supervisor_began"] and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return state if same else None


def lock(data_dir: Path) -> IO[str] | None:
    """Take the lock of this data folder and return the open file that holds it; None if another process has it.

    The kernel gives it back when the holder ends, however it ends: there is no stale lock.
    """
    file = (data_dir / "run" / "supervisor.lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def survivors(data_dir: Path) -> list[psutil.Process]:
    """Return the processes that a supervisor of this data folder started, or that these started, and that still live."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == str(data_dir) and process.pid != os.getpid():
                found.append(process)
    return found


def end_survivors(data_dir: Path, *, patience_s: float = STOP_PATIENCE_S) -> list[str]:
    """End what outlived a supervisor, kindly and then for good; return the names of what was ended.

    The embedded PostgreSQL comes last, when its clients are gone, and by its own signal for a fast, clean end.
    """
    left = survivors(data_dir)
    names = sorted(_name(process) for process in left)
    servers = [process for process in left if _name(process).startswith("postgres ")]
    for group, number in (([p for p in left if p not in servers], signal.SIGTERM), (servers, signal.SIGINT)):
        for process in group:
            with suppress(psutil.Error):
                process.send_signal(number)
        _, alive = psutil.wait_procs(group, timeout=patience_s)
        for process in alive:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(alive, timeout=patience_s)
    return names


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return f"{process.name()} ({process.pid})"
    return f"process {process.pid}"
