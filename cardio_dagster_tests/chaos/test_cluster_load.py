"""A cluster under load: the quick form, and what counts as a fault."""

import math

import pytest

from cardio_dagster_tests.chaos.bench import SQLITE, Bench
from cardio_dagster_tests.chaos.experiments.cluster_load import (
    FULL,
    latencies,
    load_cluster,
    sendings_of,
    ward_faults,
)
from cardio_dagster_tests.chaos.wards import Sending, percentile


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_cluster_loses_no_study_while_its_workers_are_killed(on_postgres):
    seen = load_cluster(on_postgres, 12)
    assert seen.faults == ()
    assert int(seen.figures.split()[0]) >= 1, "nothing was killed"


@pytest.fixture
def sendings(tmp_path):
    found = sendings_of(Bench(tmp_path, SQLITE, None, quick=True), 40, 2.0)
    for sending in found:
        sending.accepted_s, sending.result_s = sending.due_s, sending.due_s + sending.number
        sending.state, sending.study_id = "released", f"s-{sending.number}"
    return found


def test_studies_differ_and_come_in_their_shares_one_after_the_other(sendings):
    words = [s.priority for s in sendings]
    assert {p: words.count(p) for p in words} == {"stat": 4, "urgent": 8, "backfill": 2, "routine": 26}
    assert len({s.files for s in sendings}) == len(sendings)
    moments = [s.due_s for s in sendings]
    assert moments == sorted(moments)
    assert 10 < moments[-1] < 40  # 40 studies at two a second


def test_a_missing_a_wrong_and_a_late_result_are_faults(sendings):
    for sending in sendings:
        sending.result_s = sending.accepted_s + 1.0
    assert list(ward_faults(sendings, FULL)) == []
    first, second, *_ = (s for s in sendings if s.priority == "stat")
    first.result_s = None
    assert list(ward_faults(sendings, FULL)) == ["1 results never came", "STAT p95 is inf s"]
    first.result_s = first.accepted_s + 15.0
    assert list(ward_faults(sendings, FULL)) == ["STAT p95 is 15.0 s"]
    first.result_s, second.study_id, second.state = first.accepted_s, first.study_id, "error"
    assert list(ward_faults(sendings, FULL)) == ["results are {'released': 39, 'error': 1}", "two jobs have one study"]


def test_latencies_are_told_by_priority(sendings):
    assert "backfill (2)" in latencies(sendings)
    assert Sending(0, "stat", 0.0, ()).latency_s == math.inf


@pytest.mark.parametrize(("share", "expected"), [(0.5, 10), (0.95, 19), (1.0, 20), (0.01, 1)])
def test_percentile_is_the_nearest_rank(share, expected):
    assert (
        percentile(range(20, 0, -1), share) == expected
    )  # NIST/SEMATECH e-Handbook, 7.2.6.2 has interpolation; this has none


def test_percentile_of_nothing_is_no_number():
    assert math.isnan(percentile([], 0.95))
