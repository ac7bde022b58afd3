"""Fifty studies dropped at once, the daemon killed with SIGKILL in the middle: fifty reports, none twice, none lost."""

import os
import signal
import sqlite3
import time
from contextlib import closing

import psutil
import pytest

from cardio_dagster.demo.studies import drop, ecg_only
from cardio_dagster.serve.services import Site, free_port
from cardio_dagster.serve.supervisor import launch, running, stop

N_STUDIES = 50
PATIENCE_S = 240


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path / "data", free_port(0), free_port(0), free_port(0))
    supervisor = launch(site)
    yield site
    stop(site.data_dir)
    supervisor.wait(30)


def releases(site):
    path = site.data_dir / "store" / "cardio.db"
    if not path.is_file():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        try:
            return database.execute("select study_id, revision, state, report_path from releases").fetchall()
        except sqlite3.OperationalError:
            return []


def wait_until(condition, what, patience_s=PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience_s} s: {what}"
        time.sleep(0.25)


def kill_daemon(site):
    pid = running(site.data_dir)["pids"]["daemon"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: running(site.data_dir)["pids"]["daemon"] != pid, "the daemon started again", 30)


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_fifty_studies_survive_the_daemon_killed_twice(site):
    draft = site.data_dir / "draft"
    for number in range(N_STUDIES):
        drop(lambda folder, seed=number: ecg_only(folder, seed=seed), draft, f"study-{number}")
    wait_until(lambda: running(site.data_dir) and "daemon" in running(site.data_dir)["pids"], "the daemon started", 90)
    landing = site.data_dir / "landing"
    for folder in sorted(draft.iterdir()):
        folder.replace(landing / folder.name)
    wait_until(lambda: len(list(landing.iterdir())) < N_STUDIES, "intake began")
    kill_daemon(site)
    wait_until(lambda: len(releases(site)) >= 5, "the first reports")
    assert len(releases(site)) < N_STUDIES, "too late to kill anything in the middle"
    kill_daemon(site)
    wait_until(lambda: len(releases(site)) >= N_STUDIES, "all reports")
    time.sleep(6)  # a tick more, in which a double would be asked for
    rows = releases(site)
    assert len(rows) == len({(study, revision) for study, revision, *_ in rows}) == N_STUDIES
    assert {state for _, _, state, _ in rows} == {9}
    reports = list((site.data_dir / "store" / "reports").glob("*/r*/report.html"))
    assert len(reports) == N_STUDIES
    assert not list(landing.iterdir())


@pytest.mark.slow
def test_stop_leaves_no_process(tmp_path):
    site = Site(tmp_path / "data", free_port(0), free_port(0), free_port(0))
    supervisor = launch(site)
    wait_until(lambda: running(site.data_dir) and len(running(site.data_dir)["pids"]) == 4, "all services started", 90)
    pids = [running(site.data_dir)["supervisor"], *running(site.data_dir)["pids"].values()]
    assert stop(site.data_dir)
    supervisor.wait(30)
    assert running(site.data_dir) is None
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert not stop(site.data_dir)
