"""A Redis of the session's own, emptied before each test; an instance of Dagster that uses it."""

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.instance.types import InstanceType
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import TemporaryLocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage

from cardio_dagster.orchestration import sight
from cardio_dagster.orchestration.run_coordinator import StudyRunCoordinator
from cardio_dagster.orchestration.run_launcher import StudyRunLauncher
from cardio_dagster.settings import cluster_settings
from cardio_dagster.stores import workers
from cardio_dagster_tests.cluster.harness import RedisServer

pytest.importorskip("celery", reason="install the extra `cluster`")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"), kept=False).start()
    yield server
    server.stop()


@pytest.fixture
def broker(redis_server, monkeypatch) -> Iterator[RedisServer]:
    """The Redis, empty, and taken for one that has run for long."""
    redis_server.client().flushall()
    monkeypatch.setattr(workers, "SETTLED_AFTER_S", 0)
    monkeypatch.setattr(sight, "KEPT_S", 0.0)
    yield redis_server
    sight.sight_of.cache_clear()


@pytest.fixture
def choose(monkeypatch):
    """Set variables of the cluster for one test."""

    def set_them(**chosen: object) -> None:
        for name, value in chosen.items():
            monkeypatch.setenv(f"CARDIO_{name.upper()}", str(value))
        cluster_settings.cache_clear()

    cluster_settings.cache_clear()
    yield set_them
    monkeypatch.undo()
    cluster_settings.cache_clear()


@pytest.fixture
def instance(broker) -> Iterator[dg.DagsterInstance]:
    """An instance in memory with the launcher and the coordinator of deploy/cluster/dagster.yaml."""
    yield from _instance_on(broker.url)


def _instance_on(url: str) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance(
        instance_type=InstanceType.EPHEMERAL,
        local_artifact_storage=TemporaryLocalArtifactStorage(),
        run_storage=InMemoryRunStorage(),
        event_storage=InMemoryEventLogStorage(),
        compute_log_manager=NoOpComputeLogManager(),
        run_coordinator=StudyRunCoordinator(url, max_concurrent_runs=-1),
        run_launcher=StudyRunLauncher(url),
        settings={"run_monitoring": {"enabled": True}},
    ) as instance:
        yield instance
