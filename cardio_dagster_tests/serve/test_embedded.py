"""The embedded servers: what was acknowledged survives SIGKILL, nobody enters without the password."""

import os
import signal
import stat

import psycopg2
import pytest
import redis

from cardio_dagster.serve.connections import embedded_broker_url, embedded_database_url, environment, socket_dir
from cardio_dagster.serve.service_process import ServiceProcess
from cardio_dagster.serve.services import services
from cardio_dagster.serve.site import Profile, Site, free_port
from cardio_dagster_tests.serve.fakes import wait_until


@pytest.fixture
def site(clean_environment, open_folder):
    site = Site(open_folder / "data", 1, None, 2, profile=Profile.CLUSTER, embedded=True, broker_port=free_port(0))
    site.run_dir.mkdir(parents=True)
    return site


@pytest.fixture
def start(site):
    started = []

    def start(name: str) -> ServiceProcess:
        embedded_broker_url(site)
        service = next(s for s in services(site) if s.name == name)
        process = ServiceProcess(service, site.run_dir, environment(site))
        process.start()
        started.append(process)
        wait_until(lambda: service.probe.fault() is None, f"{name} answers")
        return process

    yield start
    for process in started:
        process.stop()


def test_redis_keeps_what_it_acknowledged_and_wants_its_password(site, start):
    process = start("redis")
    with redis.Redis.from_url(embedded_broker_url(site)) as server:
        server.lpush("stat", "a study")
    os.kill(process.pid, signal.SIGKILL)
    wait_until(process.ended, "it is dead")
    start("redis")
    with redis.Redis.from_url(embedded_broker_url(site)) as server:
        assert server.lrange("stat", 0, -1) == [b"a study"]
    with redis.Redis(port=site.broker_port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


@pytest.mark.slow
def test_postgres_comes_back_after_sigkill_with_what_it_committed(site, start):
    url = embedded_database_url(site, "postgres")
    process = start("postgres")
    session = psycopg2.connect(url)
    with session, session.cursor() as cursor:
        cursor.execute("create table kept (n int)")
        cursor.execute("insert into kept values (7)")
    session.close()
    os.kill(process.pid, signal.SIGKILL)
    wait_until(process.ended, "it is dead")
    assert (site.embedded_dir / "postgres" / "cluster" / "postmaster.pid").exists()
    again = start("postgres")
    session = psycopg2.connect(url)
    with session, session.cursor() as cursor:
        cursor.execute("select n from kept")
        assert cursor.fetchall() == [(7,)]
        cursor.execute("show listen_addresses")
        assert cursor.fetchall() == [("",)]
    again.stop()  # a client is still there: a fast end does not wait for it
    session.close()
    assert not list(socket_dir(site).iterdir())
    assert stat.S_IMODE(socket_dir(site).stat().st_mode) == 0o700
