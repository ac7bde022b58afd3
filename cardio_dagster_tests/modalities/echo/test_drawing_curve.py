"""The volume curve: marks at the beats, gaps shown as gaps, R waves at their time."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.echo.clip import RWaves
from cardio_dagster.modalities.echo.drawing.axes import Axes, ticks
from cardio_dagster.modalities.echo.drawing.curve import draw_curve
from cardio_dagster.reporting.drawing import inline
from cardio_dagster_tests.modalities.echo.drawing_samples import beating
from cardio_dagster_tests.modalities.echo.test_drawing_frames import SVG, words


def elements(svg: str, tag: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter(f"{SVG}{tag}"))


def test_every_beat_has_its_ejection_fraction_and_its_marks():
    function = beating()
    figure = draw_curve(function)
    said = words(figure.svg)
    assert len(function.beats) == 3
    for beat in function.beats:
        assert f"EF {beat.ef_pct:.0f} %" in said
        assert f"{beat.ef_pct:.0f} %" in figure.description
    assert len([c for c in elements(figure.svg, "circle") if c.attrib["r"] == "4.5"]) == 3
    assert len([r for r in elements(figure.svg, "rect") if r.attrib["width"] == "8"]) == 3
    assert "LV volume (mL)" in said
    assert "time (s)" in said


def test_the_marks_lie_on_the_curve_at_the_beats_times():
    function = beating()
    circles = [c for c in elements(draw_curve(function).svg, "circle") if c.attrib["r"] == "4.5"]
    x = [float(c.attrib["cx"]) for c in circles]
    expected = np.diff([beat.ed for beat in function.beats]) * (468 - 44) / 35
    np.testing.assert_allclose(np.diff(x), expected, atol=0.2)


def test_frames_left_out_are_a_grey_ground_without_dots():
    whole, gappy = draw_curve(beating()).svg, draw_curve(beating(missing=(15, 16, 17, 30))).svg
    assert "left out" not in words(whole)
    assert "grey: left out" in words(gappy)
    grounds = [r for r in elements(gappy, "rect") if float(r.attrib["height"]) > 100]
    widths = [float(r.attrib["width"]) * 35 / (468 - 44) for r in grounds]
    np.testing.assert_allclose(widths, [3, 1], atol=0.05)  # frames
    dots = [c for c in elements(gappy, "circle") if c.attrib["r"] == "1.5"]
    assert len(dots) == 36 - 4


def test_r_waves_stand_at_their_time_and_only_within_the_clip():
    times = RWaves(np.array([-0.4, 0.1, 0.9, 1.7, 7.0]), "the test", None)
    svg = draw_curve(beating(r_waves=times)).svg
    (marks,) = (p.attrib["d"] for p in elements(svg, "path") if p.attrib.get("stroke") == "#8a63c9")
    x = [float(at) for at in re.findall(r"M([\d.]+) ", marks)]
    np.testing.assert_allclose(x, [44 + t * 15 / 35 * (468 - 44) for t in (0.1, 0.9, 1.7)], atol=0.1)
    assert words(svg).split(" | ").count("R") == 3


def test_without_a_frame_rate_frames_are_counted_and_r_waves_have_no_place():
    times = RWaves(np.array([0.1]), "the test", None)
    said = words(draw_curve(beating(rate_hz=None, r_waves=times)).svg)
    assert "frame (rate unknown)" in said
    assert "R" not in said.split(" | ")


def test_without_a_spacing_volumes_are_shares():
    figure = draw_curve(beating(mm=None))
    assert "LV volume (% of largest)" in words(figure.svg)
    assert "the file states no pixel spacing" in figure.description


@pytest.mark.parametrize("kind", [{"frames": 1}, {"trusted": False}], ids=["still", "untrusted"])
def test_where_there_is_no_curve_there_is_no_figure(kind):
    assert draw_curve(beating(**kind)) is None


def test_a_clip_without_a_beat_has_a_curve_and_says_so():
    function = beating(frames=8, period=24)
    figure = draw_curve(function)
    assert function.beat is None
    assert function.no_beat_reason in figure.description
    assert "EF" not in words(figure.svg)


def test_many_beats_do_not_write_over_each_other():
    svg = draw_curve(beating(frames=120, period=6, rate_hz=10.0)).svg
    fractions = [
        t for t in elements(svg, "text") if re.fullmatch(r"(EF )?\d+( %)?", t.text or "") and float(t.attrib["y"]) < 40
    ]
    x = sorted(float(t.attrib["x"]) for t in fractions)
    assert x
    assert min(np.diff(x), default=99) >= 24 or len(x) == 1
    assert len([t for t in elements(svg, "text") if t.text == "ED"]) == 1


def test_the_drawing_passes_the_reports_door_and_is_small():
    svg = draw_curve(beating(missing=(3, 4))).svg
    assert inline(svg, "figure-1", label="x")
    assert len(svg) < 20_000
    assert "nan" not in svg.lower()


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e5), st.integers(2, 8))
def test_ticks_are_few_round_and_inside(low, span, about):
    values = ticks(low, low + span, about)
    assert len(values) <= about + 1
    assert all(low - 1e-6 * (1 + abs(low) + span) <= v <= low + span + 1e-6 * (1 + abs(low) + span) for v in values)


def test_axes_put_edges_on_edges_and_a_lone_value_in_the_middle():
    axes = Axes((10, 20, 110, 220), 0, 5, 0, 50)
    assert (axes.x(0), axes.x(5), axes.y(0), axes.y(50)) == (10, 110, 220, 20)
    assert Axes((10, 20, 110, 220), 3, 3, 0, 0).x(3) == 60
    assert axes.points(np.array([0.0, 1.0]), np.array([np.nan, 50.0])) == [(30.0, 20.0)]
