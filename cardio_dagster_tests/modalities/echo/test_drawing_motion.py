"""The picture of wall motion: a colour, a number and a word for each segment."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from cardio_dagster.modalities.echo.drawing.motion import draw_motion
from cardio_dagster.modalities.echo.drawing.palette import SCORE_WORDS, SCORES, UNSCORED
from cardio_dagster.modalities.echo.motion.assess import assess_motion
from cardio_dagster.modalities.echo.motion.segments import SEGMENTS
from cardio_dagster.reporting.drawing import inline
from cardio_dagster_tests.modalities.echo.drawing_samples import beating
from cardio_dagster_tests.modalities.echo.test_drawing_frames import SVG, numbers, words


@pytest.fixture(scope="module")
def function():
    return beating()


@pytest.fixture(scope="module")
def motion(function):
    found = assess_motion(function)
    scored = {3: 1, 9: 2, 14: 3, 16: 4, 12: 1}  # and two without a score
    curve = 30 * np.sin(np.linspace(0, np.pi, len(found.frames)))
    segments = tuple(
        replace(s, score=scored.get(s.number), reason=None if s.number in scored else "its wall was not seen",
                excursion_pct=30.0 if s.number in scored else None, curve=curve if s.number in scored else np.empty(0))
        for s in found.segments
    )  # fmt: skip
    return replace(found, segments=segments, wall_motion_score_index=2.2)


def bands(svg: str) -> list[ET.Element]:
    return [p for p in ET.fromstring(svg).iter(f"{SVG}path") if p.attrib.get("fill", "none").startswith("#")]


def test_each_segment_has_its_colour_number_and_word(motion, function):
    figure = draw_motion(motion, function)
    said = words(figure.svg)
    colours = [band.attrib["fill"] for band in bands(figure.svg)]
    assert colours == [SCORES.get(s.score, UNSCORED) for s in motion.segments]
    for segment in motion.segments:
        assert f"{segment.number} {segment.name}" in said
        word = SCORE_WORDS.get(segment.score, "not scored")
        assert f"{segment.name}) {segment.score or ''} {word}".replace("  ", " ") in figure.description
    assert "2 hypokinetic, 30 %" in said
    assert "not scored: its wall was not seen" in figure.description
    assert "Score index 2.20" in said


def test_segments_lie_in_the_order_of_the_wall_from_septum_to_lateral(motion, function):
    centres = [numbers(band.attrib["d"]).mean(0) for band in bands(draw_motion(motion, function).svg)]
    x, y = np.array(centres).T
    assert [s.number for s in SEGMENTS] == [s.number for s in motion.segments]
    assert x[0] < x[3] < x[6]
    assert y[3] == min(y)
    assert x.max() < 160  # beside the rows of text, which begin there


def test_only_segments_that_were_measured_have_a_curve(motion, function):
    svg = draw_motion(motion, function).svg
    assert len(re.findall(r'stroke="#2586b8"', svg)) == 5


def test_without_a_line_there_is_no_figure():
    still = beating(frames=1)
    assert draw_motion(assess_motion(still), still) is None


def test_nan_is_never_drawn(motion, function):
    hole = motion.segments[0].curve.copy()
    hole[3:5] = np.nan
    broken = replace(motion, segments=(replace(motion.segments[0], curve=hole, excursion_pct=np.nan), *motion.segments[1:]), gls_pct=None)  # fmt: skip
    assert "nan" not in draw_motion(broken, function).svg.lower()


def test_the_drawing_passes_the_reports_door_and_is_small(motion, function):
    svg = draw_motion(motion, function).svg
    assert inline(svg, "figure-1", label="x")
    assert len(svg) < 30_000
