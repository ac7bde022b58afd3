"""The same study twice, a slow writer, a marker too early, and a flood with hostile drops: the quick form."""

import pytest

from cardio_dagster_tests.chaos.experiments.deliveries import deliver_twice, mark_too_early, write_slowly
from cardio_dagster_tests.chaos.experiments.flood import flood
from cardio_dagster_tests.chaos.hostile import HOSTILE

pytestmark = pytest.mark.timeout(900)  # real processes, on a machine that may be busy


@pytest.mark.slow
def test_a_study_delivered_three_times_is_reported_once(bench):
    assert deliver_twice(bench, 1).faults == ()


@pytest.mark.slow
def test_nothing_is_taken_while_it_is_written(on_sqlite):
    assert write_slowly(on_sqlite, 1).faults == ()


@pytest.mark.slow
def test_a_marker_that_came_too_early_spoils_nothing(on_sqlite):
    assert mark_too_early(on_sqlite, 1).faults == ()


@pytest.mark.slow
def test_a_flood_with_hostile_studies_ends_as_a_whole(bench):
    assert flood(bench, 60).faults == ()


def test_every_hostile_kind_is_another():
    writers = [write for write, _ in HOSTILE.values()]
    assert len(set(writers)) == len(HOSTILE) >= 7
