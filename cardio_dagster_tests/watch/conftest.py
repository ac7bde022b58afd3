"""An installation without Dagster's processes, whose parts a test takes down one by one."""

import shutil
import socket
import sqlite3
import time
from contextlib import closing

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._daemon.types import DaemonHeartbeat
from dagster_shared.error import SerializableErrorInfo

from cardio_dagster.audit_contents import AccessMade
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.orchestration.queues import QUEUES
from cardio_dagster.settings import Settings, forget_settings
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.site_key import site_key
from cardio_dagster.watch.checks.dagsters import DAEMONS
from cardio_dagster.watch.place import place_of

ACCESS = Entry(Kind.ACCESS_MADE, Actor(ActorKind.CLI, "test"), AccessMade("look", "thing", "given"))
_EMPTIED = {"history/runs.db": ("daemon_heartbeats",), "schedules/schedules.db": ("instigators", "jobs", "job_ticks")}


@pytest.fixture(scope="session")
def dagster_home(tmp_path_factory):
    """Return the folder of an instance of Dagster on disk, and the instance; making one costs seconds."""
    folder = tmp_path_factory.mktemp("home")
    with dg.instance_for_test(temp_dir=str(folder)) as instance:
        beat(instance, "SENSOR")
        tick(instance, "x")
        yield folder, instance


@pytest.fixture
def home(dagster_home, monkeypatch):
    """Return Dagster's instance of the installation, without heartbeats and ticks."""
    folder, instance = dagster_home
    for name in ("CARDIO_BROKER_URL", "CARDIO_DAGSTER_DATABASE_URL", "CARDIO_CODE_SERVER"):
        monkeypatch.delenv(name, raising=False)
    for path, tables in _EMPTIED.items():
        with closing(sqlite3.connect(folder / path)) as connection:
            for table in tables:
                connection.execute(f"DELETE FROM {table}")
            connection.commit()
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    return instance


@pytest.fixture(scope="session")
def made_data(tmp_path_factory):
    """Return the data folder of an installation whose ledger has two records."""
    chosen = Settings(data_dir=tmp_path_factory.mktemp("made") / "data")
    _ledger(chosen).append(ACCESS)
    connect(chosen.database).dispose()
    return chosen.data_dir


@pytest.fixture
def settings(tmp_path, made_data):
    shutil.copytree(made_data, tmp_path / "data")
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def ledger(settings):
    return _ledger(settings)


def _ledger(settings):
    settings.store_dir.mkdir(parents=True, exist_ok=True)
    create_tables(connect(settings.database))
    return Ledger(connect(settings.database), site_key(settings.store_dir, None))


@pytest.fixture
def place(home, settings, ledger, monkeypatch):
    """Return a place in which everything that a local installation has is well."""
    for daemon in DAEMONS:
        beat(home, daemon)
    tick(home, "new_study_sensor", TickStatus.SKIPPED)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("CARDIO_CODE_SERVER", f"127.0.0.1:{listening.getsockname()[1]}")
        forget_settings()
        yield place_of(settings, queues=QUEUES)
    connect(settings.database).dispose()


def beat(instance, daemon, *, ago_s=0.0):
    """Write a heartbeat as Dagster's own daemons do."""
    instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - ago_s, daemon, "test", None))


def tick(instance, name, *statuses, ago_s=0.0, is_on=True):
    """Write ticks of a sensor, the oldest first, as Dagster's own daemon does."""
    location = GrpcServerCodeLocationOrigin(host="127.0.0.1", port=1, location_name="cardio_dagster")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)
    status = InstigatorStatus.DECLARED_IN_CODE if is_on else InstigatorStatus.STOPPED
    state = InstigatorState(origin, InstigatorType.SENSOR, status, SensorInstigatorData(min_interval=2))
    instance.add_instigator_state(state)
    for place, one in enumerate(statuses):
        at_s = time.time() - ago_s - (len(statuses) - place)
        error = SerializableErrorInfo("it failed", [], None) if one is TickStatus.FAILURE else None
        options = {"selector_id": state.selector_id, "error": error}
        options |= {"run_ids": ["r"]} if one is TickStatus.SUCCESS else {}
        instance.create_tick(TickData(origin.get_id(), name, InstigatorType.SENSOR, one, at_s, **options))
