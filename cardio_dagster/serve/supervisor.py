"""Keep the services alive: start them, start again what dies, stop them in order.

Belongs here: processes and signals. Not here: which services (services.py).
Run as `python -m cardio_dagster.serve.supervisor DATA_DIR UI_PORT REPORT_PORT CODE_PORT`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import psutil

from cardio_dagster.serve.services import Service, Site, prepare, services

STOP_PATIENCE_S = 15.0
RESTART_PAUSE_S = 1.0


class Supervisor:
    """The running services of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._running: dict[Service, subprocess.Popen[bytes]] = {}
        self._stopping = False

    def run(self) -> None:
        """Start everything and stay until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        prepare(self._site)
        command = [sys.executable, "-m", "cardio_dagster.orchestration.prepare_instance"]
        subprocess.run(command, env=self._site.environment(), check=True)
        for service in services(self._site):
            self._start(service)
        while not self._stopping:
            time.sleep(RESTART_PAUSE_S)
            for service, process in list(self._running.items()):
                if process.poll() is not None and not self._stopping:
                    self._start(service)
        self._stop()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start(self, service: Service) -> None:
        with (self._site.run_dir / f"{service.name}.log").open("ab") as log:
            self._running[service] = subprocess.Popen(
                service.command, stdout=log, stderr=subprocess.STDOUT, env=self._site.environment()
            )
        pids = {s.name: p.pid for s, p in self._running.items()}
        state = {"supervisor": os.getpid(), "ui": self._site.ui_url, "reports": self._site.report_url, "pids": pids}
        draft = self._site.run_dir / ".services.json"
        draft.write_text(json.dumps(state))
        draft.replace(state_file(self._site.data_dir))

    def _stop(self) -> None:
        for process in reversed(self._running.values()):
            process.terminate()
        _wait_or_kill([p.pid for p in self._running.values()])
        state_file(self._site.data_dir).unlink(missing_ok=True)


def state_file(data_dir: Path) -> Path:
    """Return the file that says which services run for this data folder."""
    return data_dir / "run" / "services.json"


def running(data_dir: Path) -> dict[str, object] | None:
    """Return the state of the supervisor of this data folder, or None if none lives."""
    try:
        state: dict[str, object] = json.loads(state_file(data_dir).read_text())
        process = psutil.Process(int(str(state["supervisor"])))
        alive = "cardio_dagster.serve.supervisor" in " ".join(process.cmdline())
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return state if alive else None


def launch(site: Site) -> subprocess.Popen[bytes]:
    """Start a supervisor in a session of its own, so that it outlives its parent, and return its process."""
    site.run_dir.mkdir(parents=True, exist_ok=True)
    ports = [str(p) for p in (site.ui_port, site.report_port, site.code_port)]
    command = [sys.executable, "-m", "cardio_dagster.serve.supervisor", str(site.data_dir), *ports]
    with (site.run_dir / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


def stop(data_dir: Path) -> bool:
    """End the supervisor of this data folder and its services; return False if none ran."""
    state = running(data_dir)
    if state is None:
        return False
    supervisor = int(str(state["supervisor"]))
    os.kill(supervisor, signal.SIGTERM)
    _wait_or_kill([supervisor], patience_s=2 * STOP_PATIENCE_S)
    return True


def _wait_or_kill(pids: list[int], *, patience_s: float = STOP_PATIENCE_S) -> None:
    processes = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    children = [child for p in processes for child in p.children(recursive=True)]
    _, alive = psutil.wait_procs(processes, timeout=patience_s)
    for process in [*alive, *(c for c in children if c.is_running())]:
        process.kill()


def main(arguments: list[str]) -> None:
    """Run the supervisor of the site that the arguments name."""
    data_dir, ui, reports, code = arguments
    Supervisor(Site(Path(data_dir), int(ui), int(reports), int(code))).run()


if __name__ == "__main__":
    main(sys.argv[1:])
