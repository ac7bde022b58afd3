"""A task delivered twice is done once; a task with nothing to do does nothing."""

import os
import signal

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._utils.interrupts import raise_interrupts_as

from cardio_dagster.orchestration.run_task import work_on
from cardio_dagster_tests.cluster.runs import queued, reloaded, started, starting


@pytest.fixture
def deliver(instance, broker):
    begun = []

    def once(run_id, begin=None):
        return work_on(run_id, instance, broker.client(), "w@host life", begin=begin or (lambda i, _: begun.append(i)))

    once.begun = begun
    return once


def test_a_run_that_starts_is_worked_on_and_says_by_whom(instance, deliver):
    run = starting(instance)
    assert deliver(run.run_id) == "done"
    assert deliver.begun == [run.run_id]
    assert reloaded(instance, run).tags["cardio/worker"] == "w@host life"


@pytest.mark.parametrize("state", ["SUCCESS", "FAILURE", "CANCELED", "CANCELING", "STARTED", "QUEUED"])
def test_a_run_in_any_other_state_is_left_alone(instance, deliver, state):
    run = {
        "STARTED": lambda: started(instance, "other"),
        "QUEUED": lambda: queued(instance),
    }.get(state, lambda: starting(instance))()
    tell = {
        "SUCCESS": lambda: instance.report_dagster_event(
            dg.DagsterEvent(event_type_value="PIPELINE_SUCCESS", job_name="study"), run_id=run.run_id
        ),
        "FAILURE": lambda: instance.report_run_failed(run),
        "CANCELED": lambda: instance.report_run_canceled(run),
        "CANCELING": lambda: instance.report_run_canceling(run),
    }
    tell.get(state, lambda: None)()
    assert reloaded(instance, run).status.value == state
    assert deliver(run.run_id).startswith("left alone")
    assert deliver.begun == []


def test_an_unknown_run_is_left_alone(deliver):
    assert deliver("no such run") == "unknown"


def test_twice_within_the_moment_before_it_is_started_is_begun_once(instance, broker, deliver):
    run = starting(instance)
    said = [deliver(run.run_id) for _ in range(3)]
    assert said == ["done", *["left alone: another worker has just begun it"] * 2]
    assert deliver.begun == [run.run_id]
    assert 0 < broker.client().ttl(f"cardio:claim:{run.run_id}") <= 10  # a worker that dies here holds up nobody


def test_a_broker_that_is_away_stops_no_run(instance, broker, deliver):
    run = starting(instance)
    broker.stop()
    try:
        assert deliver(run.run_id) == "done"
    finally:
        broker.start()


def test_sigterm_interrupts_the_run_and_not_the_process(instance, deliver):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    interrupted = []

    def begin(run_id, _):
        try:
            with raise_interrupts_as(DagsterExecutionInterruptedError):  # as Dagster does around a step
                os.kill(os.getpid(), signal.SIGTERM)
                signal.sigtimedwait([], 1)
        except DagsterExecutionInterruptedError:
            interrupted.append(run_id)

    run = starting(instance)
    assert deliver(run.run_id, begin) == "done"
    assert interrupted == [run.run_id]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
