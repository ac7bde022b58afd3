"""The real services of `cardio demo`, and their daemon dead for a while in the middle of the work.

Belongs here: stopping the daemon's process. Not here: the services (serve/).
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from cardio_dagster.demo.studies import drop
from cardio_dagster.serve import services
from cardio_dagster.serve.supervisor import running, stop
from cardio_dagster_tests.chaos.bench import Bench, Experiment, Seen, stopwatch
from cardio_dagster_tests.chaos.checks import faults_of
from cardio_dagster_tests.chaos.site import Site

_PATIENCE_S = 240.0
# the supervisor itself, but for the file that names Dagster's storage
_START = (
    "import sys; from pathlib import Path; import cardio_dagster.serve.services as services; "
    "services._instance_file = lambda: Path(sys.argv[5]); "
    "from cardio_dagster.serve.supervisor import main; main(sys.argv[1:5])"
)


def stop_daemon(bench: Bench, repetitions: int) -> Seen:
    """Freeze the daemon in the middle, kill it after a while (its supervisor starts another), and wait for the end."""
    figures = []
    studies, dead_s = (4, 4.0) if bench.quick else (12, 20.0)
    faults: list[str] = []
    for _ in range(repetitions):
        with bench.site(quiet_window_s=2.0, threads=1) as site, stopwatch() as elapsed_s:
            place = _place(site)
            site.stores  # noqa: B018  (makes the tables, so that they can be looked into from the beginning)
            process = _start(site, place)
            try:
                faults += _with_services(bench, site, place, studies, dead_s)
            finally:
                stop(place.data_dir)
                process.wait(60)
            figures.append(f"{elapsed_s():.0f} s")
            site.home = place.dagster_home
            faults += faults_of(site, expect=studies)
    return Seen(repetitions, tuple(faults), f"{studies} studies, daemon dead for {dead_s:g} s; {', '.join(figures)}")


def _place(site: Site) -> services.Site:
    return services.Site(site.settings.data_dir, *(services.free_port(0) for _ in range(3)))


def _start(site: Site, place: services.Site) -> "subprocess.Popen[bytes]":
    """Start the supervisor with this installation's databases."""
    own = Path(__file__).parents[3] / "dagster.yaml"
    instance = site.root / "services.yaml"
    storage = site.storage()
    instance.write_text(
        own.read_text() + (f"\nstorage:\n  postgres:\n    postgres_url: '{storage}'\n" if storage else "")
    )
    environment = {
        **os.environ,
        "CARDIO_QUIET_WINDOW_S": "2",
        "CARDIO_THREADS": "1",
        "DAGSTER_HOME": str(place.dagster_home),
    }
    if site.settings.database_url:
        environment["CARDIO_DATABASE_URL"] = site.settings.database_url
    place.run_dir.mkdir(parents=True)
    ports = [str(port) for port in (place.ui_port, place.report_port, place.code_port)]
    command = [sys.executable, "-W", "ignore", "-c", _START, str(place.data_dir), *ports, str(instance)]
    with (site.root / "supervisor.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True)


def _with_services(bench: Bench, site: Site, place: services.Site, studies: int, dead_s: float) -> list[str]:
    if not _wait(lambda: "daemon" in _pids(place), 90):
        return ["the services did not start"]
    for number in range(studies):
        drop(bench.study(number + 1), site.root / "draft", f"study-{number}")
    for folder in sorted((site.root / "draft").iterdir()):
        folder.replace(site.settings.landing_dir / folder.name)
    if not _wait(lambda: len(site.releases()) >= 1, _PATIENCE_S):
        return ["no first report"]
    pid = _pids(place)["daemon"]
    os.kill(pid, signal.SIGSTOP)
    time.sleep(dead_s)
    os.kill(pid, signal.SIGKILL)
    if not _wait(lambda: len(site.releases()) >= studies, _PATIENCE_S):
        return [f"{len(site.releases())} reports after {_PATIENCE_S:g} s"]
    _wait(lambda: not _runs_at_work(place), 30)
    return []


def _pids(place: services.Site) -> dict[str, int]:
    state = running(place.data_dir)
    return dict(state["pids"]) if state else {}


def _runs_at_work(place: services.Site) -> bool:
    """Return whether the code server still has a run's process."""
    pid = _pids(place).get("code")
    return bool(pid and psutil.pid_exists(pid) and len(psutil.Process(pid).children(recursive=True)) > 1)


def _wait(condition, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.25)
    return True


DAEMON = Experiment(
    "daemon-dead",
    "The daemon dead for 20 s in the middle",
    "Another daemon takes over; every study ends, none twice, none lost.",
    stop_daemon,
    2,
)
