"""A real cluster with real studies: workers killed, Redis restarted, runs cancelled, Flower beside it."""

import json
import signal
import sys
import time
import urllib.request

import pytest

from cardio_dagster.demo.studies import ecg_only, fibrillation
from cardio_dagster.outcome import State
from cardio_dagster.serve.site import free_port
from cardio_dagster_tests.cluster.harness import HOST, Cluster, wait_until
from cardio_dagster_tests.defs.installation import clinical

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PATIENCE_S = 480
REST = "urgent,routine,backfill,notifications,evaluation"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, postgres_server):
    """One cluster for all; its Redis forgets everything when it is restarted."""
    running = Cluster(tmp_path_factory.mktemp("cluster") / "c", postgres_server, kept=False).start()
    running.start_worker("express", "stat,urgent", 1)
    running.start_worker("rest", REST, 1)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            if name.startswith(("CARDIO_", "DAGSTER_")):
                patch.setenv(name, value)
        wait_until(lambda: running.workers() == ("express", "rest"), "both workers live", PATIENCE_S)
        yield running
    running.stop()


@pytest.fixture(scope="module")
def instance(cluster):
    with cluster.instance() as found:
        yield found


def put(cluster, write, name):
    cluster.put(write, name)


def released(cluster, count):
    """Wait for so many releases in all; each study has one."""
    wait_until(lambda: len(cluster.releases()) >= count, f"{count} releases", PATIENCE_S)
    found = cluster.releases()
    assert len(found) == len({(s, r) for s, r, _ in found}) == count
    assert {state for _, _, state in found} == {State.COMPLETE.value}
    return found


def runs_of(instance):
    return {r.run_id: r for r in instance.get_runs()}


def begun(instance, known, worker):
    """Wait for a new run that a worker has begun, and return it."""

    def find():
        new = [r for i, r in runs_of(instance).items() if i not in known and r.status.value == "STARTED"]
        return next((r for r in new if r.tags.get("cardio/worker", "").startswith(worker)), None)

    return wait_until(find, f"a run begun by {worker}", PATIENCE_S)


def test_studies_of_all_priorities_are_released_by_the_workers_of_their_queues(cluster, instance):
    for number, priority in enumerate(["backfill", "routine", "urgent", "stat"]):
        put(cluster, clinical(50 + number, priority), f"mixed-{number}")
    released(cluster, 4)
    by_priority = {r.tags["cardio/priority"]: r.tags for r in instance.get_runs()}
    assert {p: t["dagster-celery/queue"] for p, t in by_priority.items()} == {p: p for p in by_priority}
    assert by_priority["stat"]["cardio/worker"].startswith("express@")
    assert by_priority["backfill"]["cardio/worker"].startswith("rest@")


def test_a_flood_is_shared_in_chunks(cluster, instance):
    before = len(cluster.releases())
    known = runs_of(instance)
    for number in range(12):
        put(cluster, clinical(20 + number, "routine"), f"flood-{number}")
    released(cluster, before + 12)
    fresh = lambda: [r for i, r in runs_of(instance).items() if i not in known]  # noqa: E731
    new = wait_until(lambda: all(r.is_finished for r in fresh()) and fresh(), "its runs end")
    assert "bulk" in {r.job_name for r in new}
    assert all(r.status.value == "SUCCESS" and r.tags["cardio/worker"].startswith("rest@") for r in new)


def killed_in_mid_run(cluster, instance):
    """Kill the worker while it is at a study; return the run and the seconds until it was found dead."""
    for seed in range(7, 12):  # on a slow machine a run may have ended before it was seen to begin
        known = runs_of(instance)
        put(cluster, lambda folder, n=seed: fibrillation(folder, seed=n), f"killed-{seed}")
        run = begun(instance, known, "rest")
        cluster.processes["rest"].kill(signal.SIGKILL)
        killed_s = time.monotonic()
        try:
            wait_until(lambda i=run.run_id: instance.get_run_by_id(i).is_finished, "the run is failed", 60)
            took_s = time.monotonic() - killed_s
        finally:
            cluster.start_worker("rest", REST, 1)
        if instance.get_run_by_id(run.run_id).status.value != "SUCCESS":
            return instance.get_run_by_id(run.run_id), took_s, seed - 6
    raise AssertionError("every run had ended before its worker was killed")


def test_a_killed_worker_costs_seconds_and_no_attempt(cluster, instance):
    before = len(cluster.releases())
    run, took_s, studies = killed_in_mid_run(cluster, instance)
    assert took_s < 30
    assert run.tags["cardio/lost_with"] == "worker"
    released(cluster, before + studies)


def test_a_redis_that_forgets_loses_no_study(cluster, instance):
    before = len(cluster.releases())
    for number in range(6):
        put(cluster, lambda folder, n=number: ecg_only(folder, seed=100 + n), f"forgotten-{number}")
    wait_until(lambda: any(r.status.value == "STARTED" for r in instance.get_runs()), "work has begun", PATIENCE_S)
    cluster.redis.restart(away_s=2)
    released(cluster, before + 6)
    assert cluster.workers() == ("express", "rest")


def test_a_cancelled_run_ends_and_its_worker_goes_on(cluster, instance):
    before = len(cluster.releases())
    known = runs_of(instance)
    put(cluster, lambda folder: ecg_only(folder, seed=300), "cancelled")
    run = begun(instance, known, "rest")
    assert instance.run_coordinator.cancel_run(run.run_id)  # as the UI's button does
    ended = wait_until(
        lambda: (r := instance.get_run_by_id(run.run_id)).is_finished and r, "the cancelled run ends", PATIENCE_S
    )
    assert ended.status.value == "CANCELED"
    released(cluster, before + 1)  # the study is open, so it is asked for again
    again = next(r for i, r in runs_of(instance).items() if i not in {*known, run.run_id})
    assert again.tags["cardio/worker"] == ended.tags["cardio/worker"]


def test_flower_lists_the_workers(cluster):
    port = free_port(0)
    cluster.chosen["FLOWER_UNAUTHENTICATED_API"] = "true"
    flower = cluster._start("flower", (sys.executable, "-m", "cardio_dagster.serve.flower", str(port)))

    def listed():
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/api/workers?refresh=1", timeout=5) as answer:
                return {name.split("@")[0] for name in json.load(answer)}
        except OSError:
            return set()

    wait_until(lambda: listed() == {"express", "rest"}, "Flower lists both workers", PATIENCE_S)
    flower.stop()
