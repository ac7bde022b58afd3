"""Counts and groups on the closed parts of the page."""

from dataclasses import replace

from cardio_dagster.reporting.pages import overview
from cardio_dagster_tests.reporting import samples


def test_steps_are_counted_by_what_became_of_them():
    assert overview.counts_of_steps(samples.full()) == "7 done, 1 degraded"
    assert overview.counts_of_steps(samples.failed()) == "1 failed, 7 not reached"


def test_values_are_counted_and_none_is_lost():
    measurements = list(samples.full().measurements)
    assert overview.counts_of_measurements(measurements) == "11 values, 4 outside the range, 2 not measured"
    assert overview.counts_of_measurements(measurements[:1]) == "1 value"


def test_neighbours_refused_for_the_same_reason_stand_together():
    refused = samples.scores()[1]
    report = replace(
        samples.full(),
        scores=(samples.scores()[0], refused, replace(refused, label="B"), replace(refused, reason="age")),
    )
    groups = overview.refused_scores(report)
    assert [[s.label for s in g.scores] for g in groups] == [["SCORE2", "B"], ["SCORE2"]]
    assert [g.missing for g in groups] == [(), ("smoking",)]


def test_a_different_what_if_keeps_them_apart():
    refused = samples.scores()[1]
    report = replace(samples.full(), scores=(refused, replace(refused, interpretation="4 to 7 %")))
    assert len(overview.refused_scores(report)) == 2
