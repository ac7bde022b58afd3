"""Runs whose process is gone are ended; those that live are left alone."""

import os
import subprocess
import sys
import time
import uuid

import dagster as dg
import psutil
import pytest
from dagster._core.events import EngineEventData
from dagster._core.test_utils import create_run_for_test

from cardio_dagster.orchestration.run_health import end_dead_runs


@pytest.fixture
def instance(tmp_path):
    with dg.instance_for_test(
        temp_dir=str(tmp_path),
        overrides={"run_launcher": {"module": "dagster", "class": "DefaultRunLauncher"}},
    ) as instance:
        yield instance


def started(instance, pid=None, status=dg.DagsterRunStatus.STARTED):
    run = create_run_for_test(instance, job_name="study", run_id=str(uuid.uuid4()), status=status)
    if pid is not None:
        instance.report_engine_event("Started process for run", run, EngineEventData.in_process(pid))
    return run


def status(instance, run):
    return instance.get_run_by_id(run.run_id).status


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid


@pytest.mark.parametrize("begun", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_a_run_whose_process_is_gone_is_ended(instance, begun):
    run = started(instance, ended_process(), begun)
    assert end_dead_runs(instance) == 1
    assert status(instance, run) is dg.DagsterRunStatus.FAILURE
    assert end_dead_runs(instance) == 0


def test_a_killed_process_that_nobody_waited_for_counts_as_gone(instance):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    run = started(instance, process.pid)
    assert end_dead_runs(instance) == 0
    process.kill()
    deadline = time.monotonic() + 10
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert end_dead_runs(instance) == 1
    assert status(instance, run) is dg.DagsterRunStatus.FAILURE
    process.wait()


def test_a_living_run_and_one_that_named_no_process_are_left_alone(instance):
    runs = [started(instance, os.getpid()), started(instance)]
    assert end_dead_runs(instance) == 0
    assert {status(instance, run) for run in runs} == {dg.DagsterRunStatus.STARTED}


def test_a_process_id_given_out_again_after_a_reboot_is_another_process(instance, monkeypatch):
    run = started(instance, os.getpid())
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: time.time() + 60)
    assert end_dead_runs(instance) == 1
    assert status(instance, run) is dg.DagsterRunStatus.FAILURE


def test_runs_of_other_launchers_may_live_elsewhere(tmp_path):
    overrides = {"run_launcher": {"module": "dagster._core.test_utils", "class": "MockedRunLauncher"}}
    with dg.instance_for_test(temp_dir=str(tmp_path), overrides=overrides) as instance:
        run = started(instance, ended_process())
        assert end_dead_runs(instance) == 0
        assert status(instance, run) is dg.DagsterRunStatus.STARTED
