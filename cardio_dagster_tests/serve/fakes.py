"""A real supervisor over small shell services, in a process of its own."""

import json
import subprocess
import sys
import time
from pathlib import Path

from cardio_dagster.serve.site import Site
from cardio_dagster.serve.state import running

# the supervisor itself, but for the table of services and the folders of Dagster
_START = """
import json, sys
import cardio_dagster.serve.supervisor as supervisor
from cardio_dagster.serve.services import Service
supervisor.prepare = lambda site: None
supervisor.services = lambda site: tuple(Service(**one) for one in json.loads(sys.argv[2]))
sys.exit(supervisor.main([sys.argv[1]]))
"""


def shell(name: str, script: str, **more: object) -> dict[str, object]:
    """Return a service that is a shell script."""
    return {"name": name, "command": ("sh", "-c", script), "patience_s": 3.0, **more}


def stays(name: str) -> dict[str, object]:
    """Return a service that stays until it is ended."""
    return shell(name, "exec sleep 600")


def site_in(folder: Path) -> Site:
    """Return a site whose data folder is new."""
    return Site(folder / "data", 1, None, 2)


def supervise(site: Site, *services: dict[str, object]) -> "subprocess.Popen[bytes]":
    """Start a supervisor over these services."""
    command = [sys.executable, "-W", "ignore", "-c", _START, str(site.write()), json.dumps(services)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until(condition, what: str, patience_s: float = 30.0):
    """Wait for a condition and return what it gave."""
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {patience_s} s: {what}"
        time.sleep(0.05)
    return found


def phase(site: Site) -> str | None:
    """Return the phase that the living supervisor tells."""
    state = running(site.data_dir)
    return state["phase"] if state else None


def log(site: Site) -> str:
    """Return what the supervisor said."""
    return (site.run_dir / "supervisor.log").read_text()
