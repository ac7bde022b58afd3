"""The profile `server` with everything it brings, for real: started, used, two of its services killed, ended."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from cardio_dagster.demo.studies import drop, ecg_only
from cardio_dagster.serve.site import bound, free_port, read_site
from cardio_dagster.serve.state import running, survivors
from cardio_dagster_tests.serve.fakes import wait_until

PORTS = ("UI", "UI_READONLY", "CODE", "GATEWAY", "DICOM")
PATIENCE_S = 150.0
HEALTH = "{instance{daemonHealth{allDaemonStatuses{daemonType required healthy lastHeartbeatTime}}}}"
LAUNCH = (
    'mutation{launchRun(executionParams:{mode:"default",selector:{repositoryLocationName:"cardio_dagster",'
    'repositoryName:"__repository__",jobName:"__ASSET_JOB"}}){__typename}}'
)
RELOAD = "mutation{reloadWorkspace{__typename}}"


def cardio(call: str, environment: dict[str, str]) -> subprocess.CompletedProcess:
    code = f"import sys; from cardio_dagster.commands import up; sys.exit(up.{call})"
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def served(open_folder):
    """Start the profile in a folder of its own; yield its site and environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARDIO_")}
    environment |= {f"CARDIO_{name}_PORT": str(free_port(0)) for name in PORTS}
    environment |= {"CARDIO_DATA_DIR": str(open_folder / "data"), "CARDIO_QUIET_WINDOW_S": "1", "CARDIO_THREADS": "1"}
    done = cardio("run_up(profile='server', embedded=True, detach=True)", environment)
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        yield read_site(open_folder / "data" / "run" / "site.json"), environment
    finally:
        cardio("run_down()", environment)


def ask(port: int, query: str) -> dict | None:
    """Return what the UI answers; None while its database is away."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", json.dumps({"query": query}).encode())
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())["data"]
    except (urllib.error.URLError, OSError):
        return None


def daemons_beat_since(site, moment: float) -> bool:
    answer = ask(site.readonly_port, HEALTH)
    statuses = answer["instance"]["daemonHealth"]["allDaemonStatuses"] if answer else []
    needed = [s for s in statuses if s["required"]]
    return bool(needed) and all(s["healthy"] and s["lastHeartbeatTime"] > moment for s in needed)


def release(site, name: str, seed: int) -> None:
    """Drop a study and wait until one more report is released."""
    before = released(site)
    draft = site.data_dir / "draft"
    drop(lambda folder: ecg_only(folder, seed=seed), draft, name)
    (draft / name).replace(site.data_dir / "landing" / name)
    wait_until(lambda: released(site) > before, f"the report of {name}", PATIENCE_S)


def released(site) -> int:
    lines = (site.run_dir / "environment").read_text().splitlines()
    told = dict(shlex.split(line)[1].split("=", 1) for line in lines)
    with closing(psycopg2.connect(told["CARDIO_DATABASE_URL"])) as session, session.cursor() as cursor:
        cursor.execute("select count(*) from releases where state = 9")
        return cursor.fetchone()[0]


def kill(site, name: str) -> None:
    pid = running(site.data_dir)["pids"][name]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: running(site.data_dir)["pids"][name] not in (None, pid), f"{name} started again", 60)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_server_starts_works_heals_and_ends(served, record_property):
    site, environment = served
    release(site, "first", 1)
    assert daemons_beat_since(site, 0.0)
    assert ask(site.ui_port, RELOAD)["reloadWorkspace"]["__typename"] == "Workspace"
    for change, field in ((LAUNCH, "launchRun"), (RELOAD, "reloadWorkspace")):
        assert ask(site.readonly_port, change)[field]["__typename"] == "UnauthorizedError"
    assert_gateway_answers(site)

    killed = time.time()
    kill(site, "daemon")
    kill(site, "postgres")
    wait_until(lambda: daemons_beat_since(site, killed + 1), "every daemon beats again", PATIENCE_S)
    record_property("healed_after_s", round(time.time() - killed, 1))
    release(site, "second", 2)
    status = cardio("run_status()", environment)
    assert status.returncode == 0, status.stdout
    state = running(site.data_dir)
    assert state["restarts"]["daemon"] >= 1
    assert state["restarts"]["postgres"] == 1

    assert cardio("run_down()", environment).returncode == 0
    assert_nothing_is_left(site)
    assert cardio("run_status()", environment).returncode == 3


def assert_gateway_answers(site) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{site.gateway_port}/openapi.json", timeout=30) as answer:
        assert answer.status == 200


def assert_nothing_is_left(site) -> None:
    assert survivors(site.data_dir) == []
    named = [p for p in psutil.process_iter(["cmdline"]) if str(site.data_dir) in " ".join(p.info["cmdline"] or [])]
    assert named == []
    assert not [path for path in Path(site.data_dir).rglob("*") if path.is_socket()]
    assert not (site.embedded_dir / "postgres" / "cluster" / "postmaster.pid").exists()
    assert not (site.run_dir / "environment").exists()
    assert all(bound(port) == port for port in site.ports().values())
