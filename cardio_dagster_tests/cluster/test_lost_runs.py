"""Runs whose worker is gone, tasks that the broker forgot; nobody is declared dead without need."""

import os

import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from cardio_dagster.orchestration.lost_runs import GONE
from cardio_dagster.orchestration.run_health import dependency_of_run, end_dead_runs
from cardio_dagster.stores import workers
from cardio_dagster.stores.workers import forget_beat, living_workers
from cardio_dagster_tests.cluster.runs import alive, backdate, reloaded, said, started, starting, status

NOBODY = 2**22 + 1  # above pid_max


@pytest.fixture
def waiting(instance, broker):
    return lambda: broker.client().llen("routine")


def test_a_run_of_a_living_worker_is_left_alone(instance, broker):
    run = started(instance, "life")
    backdate(instance, run, 3600)
    alive(broker.client(), active=[run.run_id])
    assert end_dead_runs(instance) == 0
    assert instance.run_launcher.check_run_worker_health(reloaded(instance, run)).status is WorkerStatus.RUNNING


def test_a_run_whose_worker_was_killed_ends_at_once_and_is_excused(instance, broker):
    run = started(instance, "life")
    alive(broker.client(), active=[run.run_id], pid=NOBODY)
    assert instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.FAILED
    assert dependency_of_run(instance, reloaded(instance, run)) == "worker"  # also where run monitoring was quicker
    assert end_dead_runs(instance) == 1
    assert status(instance, run) == "FAILURE"
    assert dependency_of_run(instance, reloaded(instance, run)) == "worker"
    assert end_dead_runs(instance) == 0


def test_a_run_whose_process_was_killed_ends_after_some_beats_and_counts(instance, broker):
    run = started(instance, "life")
    alive(broker.client())
    assert end_dead_runs(instance) == 0  # its worker may not have told of it yet
    backdate(instance, run, 20)
    assert end_dead_runs(instance) == 1
    assert dependency_of_run(instance, reloaded(instance, run)) is None


def test_a_process_that_is_gone_from_this_machine_is_known_at_once_even_by_a_new_broker(instance, broker, monkeypatch):
    monkeypatch.setattr(workers, "SETTLED_AFTER_S", 3600)
    lives, dead, elsewhere = (started(instance, "life") for _ in range(3))
    here = workers.this_machine()
    for run, process in ((lives, f"{here} {os.getpid()}"), (dead, f"{here} {NOBODY}"), (elsewhere, f"other {NOBODY}")):
        instance.add_run_tags(run.run_id, {"cardio/process": process})
    alive(broker.client(), active=[dead.run_id])  # said before it was killed
    assert end_dead_runs(instance) == 1
    assert [status(instance, r) for r in (lives, dead, elsewhere)] == ["STARTED", "FAILURE", "STARTED"]


def test_a_worker_of_the_same_name_that_was_started_anew_is_another(instance, broker):
    run = started(instance, "before")
    alive(broker.client(), life="after")
    assert end_dead_runs(instance) == 1
    assert status(instance, run) == "FAILURE"


def test_while_the_broker_is_away_or_new_nobody_is_declared_dead(instance, broker, monkeypatch):
    run = started(instance, "life")
    backdate(instance, run, 3600)
    monkeypatch.setattr(workers, "SETTLED_AFTER_S", 3600)
    assert end_dead_runs(instance) == 0
    monkeypatch.setattr(workers, "SETTLED_AFTER_S", 0)
    broker.stop()
    try:
        assert end_dead_runs(instance) == 0
        assert instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
    finally:
        broker.start()
    assert end_dead_runs(instance) == 1
    assert GONE in [e.message or "" for e in instance.all_logs(run.run_id)][-1]


def test_a_task_that_redis_forgot_is_sent_again_once(instance, broker, waiting):
    run = starting(instance)
    alive(broker.client())
    end_dead_runs(instance)
    assert waiting() == 0  # it may be on its way
    for _ in range(2):
        backdate(instance, run, 20)
        end_dead_runs(instance)
        assert waiting() == 1
    assert said(instance, run) == ["The broker has lost the task of this run: it is sent again."]


def test_a_task_that_lies_in_its_queue_or_with_a_worker_is_not(instance, broker, waiting):
    there, taken = starting(instance), starting(instance)
    instance.run_launcher.dispatch(there)
    for run in (there, taken):
        backdate(instance, run, 20)
    alive(broker.client(), active=[taken.run_id])
    end_dead_runs(instance)
    assert waiting() == 1


def test_a_cancelled_run_of_a_lost_worker_is_cancelled(instance, broker):
    run = started(instance, "life")
    instance.report_run_canceling(run)
    end_dead_runs(instance)
    assert status(instance, run) == "CANCELED"


def test_a_run_beside_the_code_server_is_judged_by_its_process(instance, broker):
    run = started(instance, "life")
    instance.add_run_tags(run.run_id, {GRPC_INFO_TAG: "{}"})
    backdate(instance, run, 3600)
    assert end_dead_runs(instance) == 0  # it has announced no process
    assert status(instance, run) == "STARTED"


def test_workers_are_known_by_their_beats(broker):
    client = broker.client()
    beat = alive(client, "a", queues=("stat", "urgent"), processes=3, active=["r1"])
    alive(client, "b", queues=("urgent",), processes=2, active=["r2"])
    alive(client, "gone", pid=NOBODY)
    seen = living_workers(client)
    assert {w.life for w in seen.living} == {"a", "b"}
    assert (seen.slots("urgent"), seen.slots("stat"), seen.slots("backfill")) == (5, 3, 0)
    assert seen.active == {"r1", "r2"}
    assert seen.of("a") == beat
    assert 0 < client.ttl("cardio:worker:a") <= workers.BEAT_LASTS_S
    forget_beat(client, "a")
    assert {w.life for w in living_workers(client).living} == {"b"}
