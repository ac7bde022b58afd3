"""How many runs may leave Dagster's queue, by the workers that live; and in which order they leave."""

import dagster as dg
import pytest
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.orchestration.aging import MOVED_TAG, WAITING_TAG, attend_queue
from cardio_dagster.orchestration.queues import QUEUES
from cardio_dagster.orchestration.run_coordinator import NO_LIMIT, limits
from cardio_dagster.stores.workers import WorkerBeat, Workers
from cardio_dagster_tests.cluster.runs import alive, backdate, bulk, queued, reloaded, said


def worker(*queues, processes=2, life="a"):
    return WorkerBeat(life, f"{life}@host", queues, processes, "machine", 1, 0.0)


def dequeued(instance):
    """Return the runs that the daemon would take from its queue now, in its order."""
    daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)
    config = instance.get_concurrency_config()
    return [r.run_id for r in daemon._get_runs_to_dequeue(instance, config, fixed_iteration_time=None)]


def test_a_queue_that_nobody_serves_gets_nothing_or_what_runs_locally():
    seen = Workers((worker("stat", "urgent"),), settled=True)
    assert limits(seen, local_runs=0).by_queue["backfill"] == 0
    assert limits(seen, local_runs=3).by_queue["backfill"] == 3
    assert limits(seen, local_runs=0).by_queue["stat"] == NO_LIMIT
    assert limits(None, local_runs=0).by_queue == dict.fromkeys(QUEUES, 0)


def test_long_runs_leave_a_process_free_where_they_could_fill_those_that_serve_stat():
    alone = limits(Workers((worker(*QUEUES),), settled=True), local_runs=0)
    assert alone.long == 1
    apart = limits(Workers((worker("stat", "urgent"), worker("routine", "backfill", life="b")), True), local_runs=0)
    assert apart.long == 2
    kept = limits(Workers((worker("stat", "urgent"), worker(*QUEUES, processes=4, life="b")), True), local_runs=0)
    assert kept.long == 3  # the one that is kept may be dead just now


@given(
    processes=st.lists(st.integers(1, 8), min_size=1, max_size=5),
    queues=st.sets(st.sampled_from(QUEUES), min_size=1),
    kept=st.booleans(),
)
def test_long_runs_never_fill_what_serves_stat(processes, queues, kept):
    """Of workers that are all alike, or of which one is kept for STAT."""
    living = [worker(*sorted(queues), processes=n, life=str(i)) for i, n in enumerate(processes)]
    living += [worker("stat", life="kept")] if kept else []
    allowed = limits(Workers(tuple(living), settled=True), local_runs=0)
    for_stat = sum(w.processes for w in living if "stat" in w.queues)
    can_be_filled = sum(processes) if queues & {"routine", "backfill", "evaluation"} else 0
    filled_at_most = min(allowed.long, can_be_filled)
    assert not for_stat or kept or filled_at_most < for_stat or for_stat == 1
    assert allowed.long >= 1
    for queue, limit in allowed.by_queue.items():
        assert (limit > 0) == any(queue in w.queues for w in living)


def test_stat_leaves_first_and_a_full_queue_holds_back_no_other(instance, broker):
    alive(broker.client(), queues=("stat", "backfill", "routine"), processes=1)
    old = [queued(instance, "backfill").run_id for _ in range(4)]
    routine = queued(instance, "routine").run_id
    stat = queued(instance, "stat").run_id
    urgent = queued(instance, "urgent").run_id
    assert dequeued(instance) == [stat, routine, *old[:2]]
    assert urgent not in dequeued(instance)


def test_without_a_broker_nothing_leaves(instance, broker, choose):
    queued(instance, "stat")
    assert dequeued(instance) == []
    choose(no_worker="local", local_runs=1)
    queued(instance, "stat")
    assert len(dequeued(instance)) == 1


def test_a_run_of_the_ui_is_given_a_queue(instance):
    run = queued(instance, None, **{"dagster/backfill": "b"})
    assert reloaded(instance, run).tags["dagster-celery/queue"] == "backfill"
    assert run.status is dg.DagsterRunStatus.QUEUED


@pytest.mark.parametrize(
    ("waited_s", "moves", "queue"), [(50, 0, "backfill"), (110, 1, "routine"), (210, 2, "urgent"), (5000, 2, "urgent")]
)
def test_what_waits_too_long_moves_up_one_queue_after_the_other(instance, waited_s, moves, queue):
    run = queued(instance, "backfill")
    backdate(instance, run, waited_s)
    for _ in range(5):
        attend_queue(instance, aging_s=100.0)
        backdate(instance, run, waited_s)
    found = reloaded(instance, run)
    assert found.tags["dagster-celery/queue"] == queue
    assert int(found.tags.get(MOVED_TAG, "0")) == moves
    assert len([m for m in said(instance, run) if "moved up" in m]) == moves


def test_an_old_backfill_leaves_before_a_new_routine_run_once_it_moved_up(instance, broker):
    alive(broker.client(), queues=("routine",), processes=1)
    old = queued(instance, "backfill", bulk)
    backdate(instance, old, 700)
    new = [queued(instance, "routine").run_id for _ in range(3)]
    assert dequeued(instance) == new[:2]
    attend_queue(instance, aging_s=600.0)
    assert dequeued(instance) == [old.run_id, new[0]]


def test_a_run_that_waits_for_a_worker_says_so_once(instance, broker):
    run = queued(instance, "urgent")
    for _ in range(3):
        attend_queue(instance)
    assert reloaded(instance, run).tags[WAITING_TAG] == "no worker serves the queue urgent"
    assert said(instance, run) == ["Waiting: no worker serves the queue urgent."]
    alive(broker.client(), queues=("urgent",))
    attend_queue(instance)
    assert reloaded(instance, run).tags[WAITING_TAG] == "a worker has come"
