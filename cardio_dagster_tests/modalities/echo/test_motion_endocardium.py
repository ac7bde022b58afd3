"""The endocardial line against shapes whose outline is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ellipe

from cardio_dagster.modalities.echo.motion.endocardium import (
    POINTS,
    endocardial_line,
    even_points,
    line_length,
    zero_line,
)
from cardio_dagster_tests.modalities.echo.motion_cases import soft

GRID = 768  # drawn fine, seen at 192
ROWS, COLUMNS = np.mgrid[:GRID, :GRID] / 4.0 - 0.375


def heart(*, long=70.0, short=28.0, turn_deg=0.0, base=(115.0, 96.0), gap=0.0, wall=9.0, atrium=True):
    """Labels at 4 times the resolution: half an ellipse above `base`, its wall, and an atrium below."""
    angle = np.deg2rad(turn_deg)
    y, x = ROWS - base[0], COLUMNS - base[1]
    up, across = -y * np.cos(angle) + x * np.sin(angle), x * np.cos(angle) + y * np.sin(angle)
    inside = (up / long) ** 2 + (across / short) ** 2 <= 1
    outer = (up / (long + wall)) ** 2 + (across / (short + wall)) ** 2 <= 1
    mask = np.where(outer & (up > gap), 2, 0)
    mask[inside & (up > 0)] = 1
    if atrium:
        mask[(np.abs(across) < short - gap) & (up <= 0) & (up > -30)] = 3
    return mask.astype(np.uint8)


def line_of(mask):
    return endocardial_line(*soft(mask))


def test_half_an_ellipse_is_followed_from_corner_to_corner():
    line = line_of(heart())
    assert line.shape == (POINTS, 2)
    assert line[0] == pytest.approx([115, 68], abs=1.5)
    assert line[-1] == pytest.approx([115, 124], abs=1.5)
    assert line[POINTS // 2] == pytest.approx([45, 96], abs=0.5)
    up, across = (115 - line[:, 0]) / 70, (line[:, 1] - 96) / 28
    assert np.hypot(up, across)[3:-3] == pytest.approx(1, abs=0.02)
    half_perimeter = 2 * 70 * ellipe(1 - (28 / 70) ** 2)
    assert line_length(line) == pytest.approx(half_perimeter, rel=0.02)


def test_points_are_equally_far_apart():
    steps = np.hypot(*np.diff(line_of(heart(turn_deg=15)), axis=0).T)
    assert steps == pytest.approx(steps.mean(), rel=0.02)


def test_the_line_starts_at_the_left_whichever_way_the_outline_runs():
    mask = heart(turn_deg=12, base=(115, 90))
    line, mirrored = line_of(mask), line_of(mask[:, ::-1])
    assert line[0, 1] < line[-1, 1]
    assert mirrored[0, 1] < mirrored[-1, 1]
    assert np.abs(mirrored[::-1] * [1, -1] + [0, 191] - line).max() < 0.3


@settings(max_examples=6, deadline=None)
@given(turn=st.floats(-30, 30), row=st.floats(105, 120), column=st.floats(80, 110))
def test_turning_and_moving_the_heart_does_not_change_its_length(turn, row, column):
    line = line_of(heart(turn_deg=turn, base=(row, column)))
    assert line_length(line) == pytest.approx(2 * 70 * ellipe(1 - (28 / 70) ** 2), rel=0.03)


def test_bare_corners_between_wall_and_atrium_belong_to_the_annulus():
    """Where neither atrium nor wall is beside the cavity's corner, the wall begins at the wall."""
    line = line_of(heart(gap=4))
    assert line[[0, -1], 0] == pytest.approx(111, abs=1)


def test_pixels_do_not_lengthen_the_line():
    """Hard labels make a staircase; a straight wall of 60 pixels must not become longer for it."""
    mask = heart(turn_deg=20)[::4, ::4].copy()
    labels, probabilities = mask, np.stack([np.uint8(255 * (mask == k)) for k in (1, 2, 3)])
    assert line_length(endocardial_line(labels, probabilities)) == pytest.approx(
        line_length(line_of(heart(turn_deg=20))), rel=0.02
    )


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((GRID, GRID), np.uint8),
        heart(atrium=False),
        np.where(heart() == 2, 3, heart()).astype(np.uint8),
        np.where(heart(atrium=False) == 1, 1, 0).astype(np.uint8),
    ],
    ids=["nothing", "no atrium", "atrium all around", "cavity alone"],
)
def test_no_line_without_ventricle_or_annulus(mask):
    assert line_of(mask) is None


@settings(max_examples=25, deadline=None)
@given(radius=st.floats(3, 20), row=st.floats(20, 28), column=st.floats(20, 28))
def test_zero_line_of_a_cone_is_its_circle(radius, row, column):
    rows, columns = np.mgrid[:50, :50]
    line = zero_line(radius - np.hypot(rows - row, columns - column))
    assert np.hypot(*(line - [row, column]).T) == pytest.approx(radius, abs=0.06)
    assert (line[0] == line[-1]).all()
    assert line_length(line) == pytest.approx(2 * np.pi * radius, rel=0.02)


def test_zero_line_takes_the_longest_loop_closes_at_the_edge_and_parts_corners():
    field = -np.ones((20, 20))
    field[0:10, 0:10], field[10:13, 10:13] = 1, 1
    line = zero_line(field)
    assert line_length(line) == pytest.approx(40, abs=3)
    assert line.max() < 10
    assert line_length(zero_line(-np.flip(field, 0) * np.pad(np.ones((18, 18)), 1, constant_values=-1))) > 0


def test_even_points_of_a_corner():
    corner = np.array([[0.0, 0.0], [0.0, 3.0], [1.0, 3.0]])
    assert even_points(corner, 5).tolist() == [[0, 0], [0, 1], [0, 2], [0, 3], [1, 3]]
