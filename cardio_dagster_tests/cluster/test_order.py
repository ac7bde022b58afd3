"""The order in which a real worker takes tasks from a real Redis: STAT first, none passed over for ever."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardio_dagster.orchestration.broker import celery_app, queue_lengths, send
from cardio_dagster.orchestration.queue_order import PASSED_OVER
from cardio_dagster.serve.worker import command
from cardio_dagster_tests.cluster.harness import ROOT, Process, RedisServer, wait_until
from cardio_dagster_tests.cluster.sleeping_app import GATE

SERVED = ("stat", "urgent", "routine", "backfill")


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    """A worker with one process on a Redis of its own; yields the server and the app that sends."""
    folder = tmp_path_factory.mktemp("order")
    server = RedisServer(folder / "redis", kept=False).start()
    line = command(SERVED, 1, name="order", level="WARNING")
    line[line.index("-A") + 1] = "cardio_dagster_tests.cluster.sleeping_app"
    environment = {**os.environ, "CARDIO_BROKER_URL": server.url, "PYTHONPATH": str(ROOT)}
    process = Process("order", line, environment, folder / "order.log").start()
    app = celery_app(server.url)
    send(app, "first:0", "stat")
    wait_until(lambda: server.client().llen("started"), "the worker takes its first task", 90)
    yield server, app
    process.stop()
    server.stop()


def started_in_order(worker, arrivals):
    """Queue the arrivals while the worker is busy and return their queues in the order of their starts."""
    server, app = worker
    client = server.client()
    client.delete("started", "open")
    send(app, GATE, "routine")
    wait_until(lambda: client.llen("started") == 1, "the worker is busy")
    for number, queue in enumerate(arrivals):
        send(app, f"{queue}-{number}:0", queue)
    assert client.llen("started") == 1
    client.rpush("open", 1)
    wait_until(lambda: client.llen("started") == len(arrivals) + 1, "all are done")
    assert not any(queue_lengths(client).values())
    return [name.decode().split("-")[0] for name in client.lrange("started", 1, -1)]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(SERVED), min_size=4, max_size=30))
def test_stat_before_all_and_the_rest_by_urgency(worker, arrivals):
    order = started_in_order(worker, arrivals)
    assert sorted(order) == sorted(arrivals)  # each once
    stat = arrivals.count("stat")
    assert order[:stat] == ["stat"] * stat


def test_a_backfill_does_not_starve_under_urgent_studies_without_end(worker):
    order = started_in_order(worker, ["backfill", "routine", *["urgent"] * (3 * PASSED_OVER)])
    assert order.index("routine") <= PASSED_OVER + 1
    assert order.index("backfill") <= PASSED_OVER + 2


def test_stat_that_comes_in_the_middle_is_next(worker):
    server, app = worker
    client = server.client()
    client.delete("started")
    for number in range(6):
        send(app, f"backfill-{number}:120", "backfill")
    wait_until(lambda: client.llen("started") >= 2, "the backfill goes on")
    send(app, "stat-0:0", "stat")
    before = client.llen("started")
    wait_until(lambda: client.llen("started") == 7, "all are done")
    names = [name.decode().split(":")[0] for name in client.lrange("started", 0, -1)]
    assert names.index("stat-0") <= before + 1  # at most one was being fetched
