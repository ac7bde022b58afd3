"""Dagster's storage with its connections kept, on a real PostgreSQL: shared by instances, not by a forked child."""

import os

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.test_utils import instance_for_test

from cardio_dagster.orchestration.pooled_storage import POOL_SIZE

STORAGE = {"module": "cardio_dagster.orchestration.pooled_storage", "class": "PooledPostgresStorage"}


@pytest.fixture
def instance(postgres_url):
    config = {**STORAGE, "config": {"postgres_url": postgres_url}}
    with instance_for_test(overrides={"storage": {"custom": config}}) as made:
        yield made


def backends(url) -> set[int]:
    """Return the processes that PostgreSQL has for this database, but for the one that is asked."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        words = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        return set(connection.scalars(sa.text(words)))


def work(instance) -> int:
    """Do what touches runs, events and ticks."""
    run = instance.create_run_for_job(dg.GraphDefinition("nothing").to_job())
    instance.report_engine_event("said", run)
    instance.all_instigator_state()
    return len(instance.all_logs(run.run_id))


def test_instances_of_a_process_share_connections_that_are_kept(instance, postgres_url):
    assert work(instance) == 1
    kept = backends(postgres_url)
    assert 1 <= len(kept) <= POOL_SIZE
    with dg.DagsterInstance.from_ref(instance.get_ref()) as other:
        assert work(other) == 1
    assert work(instance) == 1
    assert backends(postgres_url) == kept


def test_a_forked_child_has_connections_of_its_own(instance, postgres_url):
    work(instance)
    kept = backends(postgres_url)
    child = os.fork()
    if not child:
        os._exit(0 if work(instance) == 1 and backends(postgres_url) - kept else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert work(instance) == 1
    assert kept <= backends(postgres_url)


def test_connections_that_died_are_replaced(instance, postgres_url):
    work(instance)
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        words = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        connection.execute(sa.text(words))
    assert work(instance) == 1
