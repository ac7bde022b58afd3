"""A supervisor in the background: start one, wait until its services answer, end it.

Belongs here: what a command does with a supervisor of another process. Not here: the supervisor itself.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil

from cardio_dagster.errors import SettingsError
from cardio_dagster.serve.site import Site
from cardio_dagster.serve.state import FAILED, UP, end_survivors, running, state_file

LONGEST_START_S, LONGEST_STOP_S = 600.0, 240.0


def launch(site: Site) -> "subprocess.Popen[bytes]":
    """Start a supervisor in a session of its own, so that it outlives its parent, and return its process."""
    site_file = site.write()
    command = [sys.executable, "-m", "cardio_dagster.serve.supervisor", str(site_file)]
    with (site.run_dir / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


def wait_until_up(site: Site, process: "subprocess.Popen[bytes]") -> None:
    """Wait until all services answer; raises SettingsError with the end of the log of the one that does not."""
    deadline = time.monotonic() + LONGEST_START_S
    while process.poll() is None and time.monotonic() < deadline:
        state = running(site.data_dir)
        if state is not None and state["phase"] == UP:
            return
        time.sleep(0.2)
    raise SettingsError(f"{_failure(site)}\nMore is in the logs in {site.run_dir}.")


def _failure(site: Site) -> str:
    try:
        state = json.loads(state_file(site.data_dir).read_text())
    except (OSError, ValueError):
        return "the services did not start"
    return str(state.get("failure")) if state.get("phase") == FAILED else "the services did not start in time"


def stop(data_dir: Path) -> bool:
    """End the supervisor of this data folder and all its services, also those of a killed one; False if none ran."""
    state = running(data_dir)
    if state is not None:
        supervisor = psutil.Process(int(state["supervisor"]))
        supervisor.terminate()
        _, alive = psutil.wait_procs([supervisor], timeout=LONGEST_STOP_S)
        for process in alive:
            process.kill()
    left = end_survivors(data_dir)
    for path in (state_file(data_dir), data_dir / "run" / "environment"):
        path.unlink(missing_ok=True)
    return state is not None or bool(left)
