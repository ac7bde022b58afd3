"""PostgreSQL and the disk go away and come back: the quick form."""

import pytest

from cardio_dagster_tests.chaos.experiments.clock import set_clock_back
from cardio_dagster_tests.chaos.experiments.daemon import stop_daemon
from cardio_dagster_tests.chaos.experiments.disk_full import fill_database, fill_store
from cardio_dagster_tests.chaos.experiments.outages import stop_postgres
from cardio_dagster_tests.chaos.experiments.restore import restore

pytestmark = pytest.mark.timeout(900)  # real processes, on a machine that may be busy


def check(seen):
    if seen.skipped:
        pytest.skip(seen.skipped)
    assert seen.faults == ()


@pytest.mark.slow
def test_a_study_survives_postgresql_stopped_in_mid_run(on_postgres):
    check(stop_postgres(on_postgres, 1))


@pytest.mark.slow
def test_studies_end_after_a_full_store_was_freed(on_sqlite):
    seen = fill_store(on_sqlite, 2)
    check(seen)
    assert not seen.figures.endswith("0 of 2 runs failed"), "the disk was never full"


@pytest.mark.slow
def test_studies_end_after_a_full_database_was_freed(bench):
    seen = fill_database(bench, 2)
    check(seen)
    assert not seen.figures.endswith("0 of 2 runs failed"), "the database was never full"


@pytest.mark.slow
def test_a_clock_set_back_by_a_day_stops_nothing(on_sqlite):
    check(set_clock_back(on_sqlite, 1))


@pytest.mark.slow
def test_everything_comes_back_from_a_backup(bench):
    check(restore(bench, 1))


@pytest.mark.slow
def test_another_daemon_takes_over(on_sqlite):
    check(stop_daemon(on_sqlite, 1))
