"""trend_chart: true to time and value, and within its frame."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.reporting.pages.trend_chart import trend_chart
from cardio_dagster.statement import Trend, TrendPoint
from cardio_dagster_tests.reporting import samples


def trend(*points):
    start = datetime(2024, 1, 1, tzinfo=UTC)
    at = [(start + timedelta(days=days)).isoformat() for days, _ in points]
    made = (TrendPoint(f"st-{n}", when, value) for n, (when, (_, value)) in enumerate(zip(at, points, strict=True)))
    return Trend("x", "X", "%", tuple(made), "x fell")


def dots(chart):
    return [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in ET.fromstring(chart).iter("circle")]


def test_the_axis_is_true_to_time_and_a_higher_value_stands_higher():
    (x0, y0), (x1, y1), (x2, y2) = dots(trend_chart(trend((0, 50.0), (10, 60.0), (40, 40.0))))
    assert (x1 - x0) / (x2 - x0) == pytest.approx(0.25, abs=0.01)
    assert y1 < y0 < y2
    assert (y0 - y1) == pytest.approx(y2 - y0, abs=0.11)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9000), st.floats(-1e4, 1e4, allow_nan=False)), min_size=2, max_size=12))
def test_every_point_lies_within_the_frame(points):
    chart = trend_chart(trend(*sorted(points)))
    assert all(0 <= x <= 320 and 0 <= y <= 132 for x, y in dots(chart))
    assert len(dots(chart)) == len(points)


def test_a_rhythm_or_a_single_number_has_no_chart():
    assert trend_chart(samples.written().trends[1]) is None
    assert trend_chart(trend((0, 50.0), (3, None))) is None


def test_each_value_is_written_and_the_text_is_its_name():
    chart = trend_chart(samples.written().trends[0])
    assert re.findall(r">([\d.]+)</text>", chart) == ["58.1", "51.9", "44.6"]
    assert "fell by 13.5 points" in ET.fromstring(chart).attrib["aria-label"]


def test_hostile_words_stay_words():
    made = trend((0, 1.0), (1, 2.0))
    chart = trend_chart(Trend("x", '"><script>', "%", made.points, "<b>"))
    assert [e.tag for e in ET.fromstring(chart).iter() if e.tag in {"script", "b"}] == []
