"""Sending runs, not sending them where nobody works, and cancelling them; on a real Redis."""

from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.launcher import LaunchRunContext
from dagster._core.storage.tags import GRPC_INFO_TAG

from cardio_dagster.orchestration.broker import queue_lengths, send, waiting_runs
from cardio_dagster.orchestration.queues import QUEUES
from cardio_dagster_tests.cluster.runs import alive, reloaded, said, started, starting, status


class Local:
    """Stands in for Dagster's own launcher, which needs a code server."""

    def __init__(self):
        self.launched, self.terminated = [], []

    def launch_run(self, context):
        self.launched.append(context.dagster_run.run_id)

    def terminate(self, run_id):
        self.terminated.append(run_id)
        return True


@pytest.fixture
def local(instance, monkeypatch):
    stand_in = Local()
    monkeypatch.setattr(instance.run_launcher, "local", stand_in)
    return stand_in


def launch(instance, run):
    instance.run_launcher.launch_run(LaunchRunContext(run, workspace=SimpleNamespace()))


def lengths(broker):
    return {queue: n for queue, n in queue_lengths(broker.client()).items() if n}


@pytest.mark.parametrize("queue", QUEUES)
def test_a_task_goes_into_one_queue_and_no_other(instance, broker, queue):
    send(instance.run_launcher.celery, "some-run", queue)
    assert lengths(broker) == {queue: 1}
    assert waiting_runs(broker.client()) == {"some-run"}


def test_a_run_becomes_one_task_in_the_queue_of_its_priority(instance, broker, local):
    alive(broker.client(), queues=("stat", "routine"))
    run = starting(instance, "stat")
    launch(instance, run)
    assert lengths(broker) == {"stat": 1}
    assert waiting_runs(broker.client()) == {run.run_id}
    assert said(instance, run) == []
    assert local.launched == []


def test_without_a_worker_it_is_not_sent_and_says_for_what_it_waits(instance, broker, local, choose):
    run = starting(instance, "urgent")
    launch(instance, run)
    assert (lengths(broker), local.launched) == ({}, [])
    assert status(instance, run) == "QUEUED"
    assert said(instance, run)[0] == (
        "No worker serves the queue urgent; `cardio worker --queue urgent` starts one. The run is queued again."
    )


def test_or_is_run_beside_the_code_server(instance, broker, local, choose):
    choose(no_worker="local")
    alive(broker.client(), queues=("backfill",))
    run = starting(instance, "urgent")
    launch(instance, run)
    assert (lengths(broker), local.launched) == ({}, [run.run_id])
    assert "beside the code server" in said(instance, run)[0]


def test_a_worker_that_fell_silent_is_no_worker(instance, broker, local, choose):
    choose(no_worker="local")
    alive(broker.client(), queues=("urgent",), machine="another machine")
    broker.client().delete("cardio:worker:life")  # as it expires
    run = starting(instance, "urgent")
    launch(instance, run)
    assert local.launched == [run.run_id]


def test_a_worker_killed_on_this_machine_is_known_at_once(instance, broker, local, choose):
    choose(no_worker="local")
    alive(broker.client(), queues=("urgent",), pid=2**22 + 1)  # above pid_max: nobody's
    launch(instance, run := starting(instance, "urgent"))
    assert local.launched == [run.run_id]


def test_a_broker_that_is_away_puts_the_run_back_into_the_queue(instance, broker, local):
    run = starting(instance, "stat")
    alive(broker.client(), queues=("stat",))
    broker.stop()
    try:
        launch(instance, run)
    finally:
        broker.start()
    assert status(instance, run) == "QUEUED"
    assert "The run is queued again" in said(instance, run)[-1]


def test_a_cancelled_run_that_waits_is_ended_at_once(instance, broker):
    alive(broker.client())
    launch(instance, run := starting(instance))
    assert instance.run_launcher.terminate(run.run_id)
    assert status(instance, run) == "CANCELED"
    assert not instance.run_launcher.terminate(run.run_id)
    assert not instance.run_launcher.terminate("no such run")


def test_a_cancelled_run_that_is_worked_on_is_interrupted_by_its_worker(instance, broker, monkeypatch):
    run = started(instance, "life")
    alive(broker.client(), active=[run.run_id])
    told = []
    control = SimpleNamespace(revoke=lambda *a, **k: told.append((a, k)))
    monkeypatch.setattr(type(instance.run_launcher.celery), "control", control)
    assert instance.run_launcher.terminate(run.run_id)
    assert told == [((run.run_id,), {"terminate": True, "signal": "SIGTERM"})]
    assert status(instance, run) == "CANCELING"


def test_a_cancelled_run_beside_the_code_server_is_cancelled_there(instance, local):
    run = starting(instance)
    instance.add_run_tags(run.run_id, {GRPC_INFO_TAG: "{}"})
    assert instance.run_launcher.terminate(run.run_id)
    assert local.terminated == [run.run_id]
    assert reloaded(instance, run).status is dg.DagsterRunStatus.STARTING
