"""PostgreSQL stopped and started again in mid-run, as in a power cut.

Belongs here: the outage. Not here: the server (postgres.py).
"""

import contextlib

import sqlalchemy as sa
from dagster_postgres.utils import DagsterPostgresException

from cardio_dagster_tests.chaos.bench import POSTGRES, Bench, Experiment, Seen
from cardio_dagster_tests.chaos.checks import faults_of
from cardio_dagster_tests.chaos.site import Site
from cardio_dagster_tests.chaos.worker import Worker


def stop_postgres(bench: Bench, repetitions: int) -> Seen:
    """Stop the server at a random moment of a run, let the daemon tick against it, start it and finish."""
    assert bench.server is not None
    survived = ticks = 0
    with bench.site() as site:
        site.drop(bench.study(1), "peace")
        (peace,) = site.finish()
        whole_s = sum(peace.durations_s().values())
        for number in range(repetitions):
            site.drop(bench.study(2 + number), f"outage-{number}")
            (run,) = site.until_asked()
            worker = site.launch(run)
            worker.listen(bench.rng.uniform(0.05, whole_s))
            bench.server.stop()
            down_s = bench.rng.uniform(0.2, 3.0)
            ticks += _ticks_in_vain(site, worker, down_s)
            bench.server.start()
            worker.join()
            survived += worker.texts("end") == ["PIPELINE_SUCCESS"]
            site.finish()
        faults = faults_of(site, expect=1 + repetitions)
    return Seen(repetitions, faults, f"{survived} runs went on by themselves, {ticks} ticks met the outage")


def _ticks_in_vain(site: Site, worker: Worker, seconds: float) -> int:
    """Tick once while the server is away; return whether it failed as a tick may: with the driver's error, nothing else."""
    failed = 0
    with contextlib.suppress(sa.exc.OperationalError, sa.exc.InterfaceError, DagsterPostgresException):
        failed = 1
        site.tick()
        failed = 0
    worker.listen(seconds)
    return failed


POSTGRES_AWAY = Experiment(
    "postgres-stopped",
    "PostgreSQL stopped (immediate) and started again in mid-run",
    "The run retries or dies; its study is asked for again and ends once, from its checkpoints; ticks fail and go on; "
    "the ledger verifies.",
    stop_postgres,
    20,
    (POSTGRES,),
)
