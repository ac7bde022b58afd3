"""What is promised of the supervisor, with small services in place of the real ones."""

import json
import os
import re
import signal
import subprocess

import psutil
import pytest

from cardio_dagster.commands.up import run_status
from cardio_dagster.errors import SettingsError
from cardio_dagster.serve.launching import stop, wait_until_up
from cardio_dagster.serve.service_process import ServiceProcess
from cardio_dagster.serve.services import Service
from cardio_dagster.serve.state import lock, running, state_file, survivors
from cardio_dagster_tests.serve.fakes import log, phase, shell, site_in, stays, supervise, wait_until


@pytest.fixture
def site(tmp_path):
    site = site_in(tmp_path)
    yield site
    stop(site.data_dir)


def test_what_dies_is_started_again_and_it_is_said(site):
    process = supervise(site, stays("one"), stays("two"))
    wait_until(lambda: phase(site) == "up", "up")
    before = running(site.data_dir)["pids"]
    os.kill(before["one"], signal.SIGKILL)
    now = wait_until(
        lambda: (p := running(site.data_dir)["pids"]) and p["one"] not in (None, before["one"]) and p, "again"
    )
    assert now["two"] == before["two"]
    assert running(site.data_dir)["restarts"] == {"one": 1, "two": 0}
    assert "one ended (signal SIGKILL); it is started again in 1 s" in log(site)
    process.terminate()
    assert process.wait(20) == 0
    assert not any(psutil.pid_exists(pid) for pid in now.values())
    assert not state_file(site.data_dir).exists()


def test_services_end_in_reverse_order_of_their_start(site, tmp_path):
    told = tmp_path / "told"
    words = [
        shell(name, f"trap 'echo {name} >> {told}; exit 0' TERM; while :; do sleep 0.05; done")
        for name in ("database", "code", "daemon")
    ]
    process = supervise(site, *words)
    wait_until(lambda: phase(site) == "up", "up")
    process.terminate()
    process.wait(20)
    assert told.read_text().split() == ["daemon", "code", "database"]


def test_a_task_that_fails_ends_the_start_and_its_log_is_told(site):
    failing = shell("tables", "echo no such role; exit 7", once=True)
    process = supervise(site, stays("database"), failing, stays("never"))
    assert process.wait(20) == 1
    state = json.loads(state_file(site.data_dir).read_text())
    assert state["phase"] == "failed"
    assert state["failure"] == "tables did not start: exit code 7\nno such role"
    assert survivors(site.data_dir) == []
    assert not (site.run_dir / "never.log").exists()


def test_who_waits_for_a_start_hears_why_it_failed(site):
    process = supervise(site, shell("tables", "echo no such role; exit 7", once=True))
    with pytest.raises(SettingsError, match=r"tables did not start: exit code 7\nno such role"):
        wait_until_up(site, process)


def test_who_waits_for_a_start_goes_on_when_all_answer(site):
    process = supervise(site, stays("code"))
    wait_until_up(site, process)
    assert phase(site) == "up"
    process.terminate()
    process.wait(20)


def test_status_tells_what_runs_what_does_not_and_what_was_left(site, clean_environment, capsys):
    clean_environment.setenv("CARDIO_DATA_DIR", str(site.data_dir))
    assert run_status() == 3
    process = supervise(site, stays("code"), stays("daemon"))
    wait_until_up(site, process)
    assert run_status() == 1  # nothing listens on the port that the code server should have
    told = capsys.readouterr().out
    assert re.search(r"code +\d+ +port 2: Connection refused", told)
    assert re.search(r"daemon +\d+ +yes", told)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert run_status() == 3
    assert "2 processes outlived it" in capsys.readouterr().out


def test_a_service_that_dies_while_it_starts_ends_the_start(site):
    process = supervise(site, shell("code", "exit 3", needed=True), stays("never"))
    assert process.wait(20) == 1
    assert not (site.run_dir / "never.log").exists()


def test_a_killed_supervisor_leaves_nothing_that_the_next_trips_over(site):
    first = supervise(site, shell("code", "sleep 600 & exec sleep 601"))
    wait_until(lambda: phase(site) == "up", "up")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert running(site.data_dir) is None
    left = wait_until(lambda: (s := survivors(site.data_dir)) and len(s) == 2 and s, "service and its child live on")
    second = supervise(site, stays("code"))
    wait_until(lambda: phase(site) == "up", "up again")
    assert not any(process.is_running() for process in left)
    assert "which a killed supervisor had left" in log(site)
    assert len(survivors(site.data_dir)) == 1
    second.terminate()
    second.wait(20)


def test_down_ends_what_a_killed_supervisor_left(site):
    first = supervise(site, stays("code"))
    wait_until(lambda: phase(site) == "up", "up")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert stop(site.data_dir)
    assert survivors(site.data_dir) == []
    assert not stop(site.data_dir)


def test_one_data_folder_has_one_supervisor(site):
    first = supervise(site, stays("code"))
    wait_until(lambda: phase(site) == "up", "up")
    pid = running(site.data_dir)["pids"]["code"]
    assert supervise(site, stays("code")).wait(20) == 1
    assert running(site.data_dir)["pids"]["code"] == pid
    assert lock(site.data_dir) is None
    first.terminate()
    first.wait(20)
    held = lock(site.data_dir)
    assert held is not None
    held.close()


def test_a_state_file_of_another_boot_counts_as_none(site):
    site.run_dir.mkdir(parents=True)
    state = {"supervisor": os.getpid(), "supervisor_began": 1.0, "phase": "up"}
    state_file(site.data_dir).write_text(json.dumps(state))
    assert running(site.data_dir) is None
    state_file(site.data_dir).write_text("half a fi")
    assert running(site.data_dir) is None


def process_of(tmp_path, script, **more):
    service = Service("one", ("sh", "-c", script), patience_s=0.3, **more)
    return ServiceProcess(service, tmp_path, dict(os.environ))


def test_pauses_grow_and_a_steady_minute_forgives(tmp_path, monkeypatch):
    process = process_of(tmp_path, "exit 1")
    now = [1000.0]
    monkeypatch.setattr("cardio_dagster.serve.service_process.time.monotonic", lambda: now[0])
    process.start()
    assert [process.plan_restart() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    now[0] += 61
    assert process.plan_restart() == 1
    process.stop()


def test_who_does_not_end_in_its_patience_is_killed_with_all_it_started(tmp_path):
    process = process_of(tmp_path, "trap '' TERM; sleep 600 & echo $!; while :; do sleep 0.05; done")
    process.start()
    child = int(wait_until((tmp_path / "one.log").read_text, "its child"))
    pid = process.pid
    process.stop()
    assert not psutil.pid_exists(pid)
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie", "the child ended")


def test_a_task_that_hangs_is_ended(tmp_path):
    assert process_of(tmp_path, "exec sleep 600").run_once(0.2) == "not done within 0 s"
    assert process_of(tmp_path, "exit 0").run_once(5) is None


def test_a_large_log_is_laid_aside(tmp_path, monkeypatch):
    monkeypatch.setattr("cardio_dagster.serve.service_process.LARGEST_LOG_BYTES", 10)
    (tmp_path / "one.log").write_text("a long story")
    process = process_of(tmp_path, "echo new")
    process.run_once(5)
    assert (tmp_path / "one.log.1").read_text() == "a long story"
    assert process.last_words() == "new"


def test_a_terminal_s_ctrl_c_does_not_reach_the_services(tmp_path):
    process = process_of(tmp_path, "exec sleep 600")
    process.start()
    assert os.getpgid(process.pid) == process.pid != os.getpgid(0)
    process.stop()


def test_a_process_without_the_mark_is_left_alone(site):
    site.run_dir.mkdir(parents=True)
    other = subprocess.Popen(["sleep", "600"])
    try:
        assert survivors(site.data_dir) == []
        stop(site.data_dir)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
