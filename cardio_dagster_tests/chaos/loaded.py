"""A whole cluster with a gateway, two workers that are killed in turn, and a Redis that is restarted once.

Belongs here: starting it, hurting it, and what its databases and logs tell of it. Not here: what must hold (checks.py).
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest import mock

import sqlalchemy as sa

from cardio_dagster.gateway.backend import Backend
from cardio_dagster.orchestration.runs import IN_PROGRESS
from cardio_dagster.orchestration.sight import Sight
from cardio_dagster.serve.services import WORKER_PROCESSES
from cardio_dagster.serve.site import free_port
from cardio_dagster.serve.worker_sets import queue_sets
from cardio_dagster.settings import Settings
from cardio_dagster.stores.access import Role
from cardio_dagster_tests.chaos.bench import Bench
from cardio_dagster_tests.chaos.site import Site
from cardio_dagster_tests.cluster.harness import Cluster, wait_until

WORKERS = {f"worker-{number}": ",".join(queues) for number, queues in enumerate(queue_sets(2), start=1)}
_TOLD = {"lost": "%the process of the run is gone%", "sent_again": "%The broker has lost the task of this run%"}
_LEFT_ALONE = "left alone:"


@dataclass
class Loaded:
    """A running cluster, its installation, its gateway's address, and what was done to it."""

    cluster: Cluster
    site: Site
    url: str
    kills: Counter[str] = field(default_factory=Counter)
    restarts: int = 0

    def keys(self) -> tuple[str, str]:
        """Make the keys of a submitter and a reader."""
        backend = Backend.of(self.site.settings)
        backend.prepare()
        submitter, reader = (backend.access.add(role.value, role, days=1) for role in (Role.SUBMITTER, Role.READER))
        return submitter, reader

    def is_whole(self) -> bool:
        """Return whether both workers live: those that take tasks now, not those that were killed a moment ago."""
        seen = Sight(self.cluster.redis.url).workers(fresh=True)
        pids = {worker.pid for worker in seen.living} if seen else set()
        return pids >= {self.cluster.processes[name].pid for name in WORKERS}

    def kill_next(self) -> None:
        """SIGKILL a worker, each in its turn, and start it again.

        Twice with all its processes, as a lost machine, then twice alone: its processes end the study that they work on.
        """
        total = self.kills.total()
        name = sorted(WORKERS)[total % len(WORKERS)]
        if total // len(WORKERS) % 2:
            self.cluster.processes[name].kill()
        else:
            self.cluster.kill_tree(name)
        self.cluster.processes[name].start()
        self.kills[name] += 1

    def restart_redis(self, away_s: float) -> None:
        """Kill Redis and start it again, empty."""
        self.cluster.redis.restart(away_s=away_s)
        self.restarts += 1

    def runs_at_work(self) -> int:
        """Return how many runs have not ended."""
        return self._count("select count(*) from runs where status in :words", [s.value for s in IN_PROGRESS])

    def told(self) -> dict[str, int]:
        """Return how many runs there were, died with their worker, were sent again, and were delivered once more in vain."""
        found = {"runs": self._count("select count(*) from runs")}
        for name, like in _TOLD.items():
            found[name] = self._count("select count(distinct run_id) from event_logs where event like :words", like)
        logs = (self.cluster.folder / f"{name}.log" for name in WORKERS)
        return {**found, "left_alone": sum(log.read_text(errors="replace").count(_LEFT_ALONE) for log in logs)}

    def _count(self, query: str, words: object = None) -> int:
        text = sa.text(query)
        if isinstance(words, list):
            text = text.bindparams(sa.bindparam("words", expanding=True))
        engine = sa.create_engine(self.cluster.dagster_url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return int(connection.scalar(text, {} if words is None else {"words": words}) or 0)


@contextmanager
def loaded_cluster(bench: Bench) -> Iterator[Loaded]:
    """Start everything below the bench's folder, with the queues and processes that `cardio up` gives two workers; end it afterwards."""
    assert bench.server is not None
    cluster = Cluster(bench.folder / "cluster", bench.server.database(), kept=False)
    settings = Settings(_env_file=None, data_dir=cluster.data_dir, database_url=cluster.database_url)
    site = Site(cluster.folder, settings, cluster.home)
    own = {n: value for n, value in cluster.environment().items() if n.startswith(("CARDIO_", "DAGSTER_"))}
    with mock.patch.dict(os.environ, own):
        try:
            yield _started(cluster, site)
        finally:
            cluster.stop()
            site.close()


def _started(cluster: Cluster, site: Site) -> Loaded:
    site.stores  # noqa: B018  (makes the tables and the site's key before the services ask for them)
    cluster.start()
    url = cluster.start_gateway(free_port(0))
    for name, queues in WORKERS.items():
        cluster.start_worker(name, queues, WORKER_PROCESSES)
    wait_until(lambda: cluster.workers() == tuple(WORKERS), "both workers live", 300)
    return Loaded(cluster, site, url)
