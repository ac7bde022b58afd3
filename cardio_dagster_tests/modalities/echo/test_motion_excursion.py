"""Excursion and shortening of lines whose motion is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.echo.motion.endocardium import POINTS, even_points
from cardio_dagster.modalities.echo.motion.excursion import excursion_pct, long_axes, shortening_pct, widths
from cardio_dagster.modalities.echo.motion.segments import SCORED, SEGMENTS
from cardio_dagster.modalities.echo.motion.thickness import outward_normals, wall_thickness


def half_ellipse(*, long=80.0, short=30.0):
    t = np.linspace(np.pi, 0, 2000)
    return even_points(np.stack([120 - long * np.sin(t), 100 + short * np.cos(t)], axis=1), POINTS)


def turned(line, degrees, shift):
    a = np.deg2rad(degrees)
    return (line - [80, 100]) @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + [80, 100] + shift


def excursion(es, ed):
    return excursion_pct(widths(es), widths(ed))


def test_numbers_and_names_of_the_17_segment_model():
    """Cerqueira et al. 2002: 3 and 9 inferoseptal, 14 apical septal, 17 apex, 16 apical lateral, 12 and 6 anterolateral."""
    assert [(s.number, s.name) for s in SEGMENTS] == [
        (3, "basal inferoseptum"),
        (9, "mid inferoseptum"),
        (14, "apical septum"),
        (17, "apical cap"),
        (16, "apical lateral wall"),
        (12, "mid anterolateral wall"),
        (6, "basal anterolateral wall"),
    ]
    assert [s.number for s in SCORED] == [3, 9, 14, 16, 12, 6]


def test_a_ventricle_that_shrinks_evenly_moves_evenly():
    ed = half_ellipse()
    es = (ed - [120, 100]) * 0.8 + [120, 100]
    assert excursion(es, ed) == pytest.approx([20] * 6)
    assert shortening_pct(es, ed) == pytest.approx(-20)


def test_only_narrowing_is_excursion():
    """Points correspond by their share of the line, so that near the tip they slide a little: 5 points at most."""
    ed, es = half_ellipse(), half_ellipse(short=21)
    assert excursion(es, ed) == pytest.approx([30] * 6, abs=5)
    assert excursion(es, ed)[[0, 1, 4, 5]] == pytest.approx([30] * 4, abs=1.5)
    assert np.abs(excursion(half_ellipse(long=65), ed)).max() < 6


@settings(max_examples=30, deadline=None)
@given(degrees=st.floats(-60, 60), down=st.floats(-30, 30), right=st.floats(-30, 30))
def test_moving_and_turning_the_whole_heart_is_no_excursion(degrees, down, right):
    ed, es = half_ellipse(), half_ellipse(short=22, long=70)
    assert excursion(turned(es, degrees, [down, right]), ed) == pytest.approx(excursion(es, ed), abs=1e-6)


def test_the_axis_runs_from_the_middle_of_the_annulus_to_the_tip():
    base, apex = long_axes(half_ellipse())
    assert base == pytest.approx([120, 100])
    assert apex[1] == pytest.approx(100, abs=1e-6)
    assert 40 <= apex[0] < 50


@pytest.mark.parametrize("place", range(6))
def test_a_bulge_is_found_where_it_is(place):
    """Every wall but one segment moves inwards by 30 %; that one moves outwards by 10 %."""
    ed = half_ellipse()
    share = np.full(POINTS, 0.7)
    segment = SCORED[place]
    share[segment.place * 12 : segment.place * 12 + 13] = 1.1
    es = np.stack([ed[:, 0], 100 + (ed[:, 1] - 100) * share], axis=1)
    moved = excursion(es, ed)
    assert moved.argmin() == place
    assert moved[place] < 8


def test_widths_of_many_lines_at_once():
    lines = np.stack([half_ellipse(), half_ellipse(short=20)])
    assert widths(lines).shape == (2, 6)
    assert widths(lines)[1] == pytest.approx(widths(half_ellipse(short=20)))


def painted_wall(thickness):
    rows, columns = np.mgrid[:160, :200]
    y, x = (120 - rows) / 1.0, columns - 100.0
    distance = np.hypot(y, x) - 40
    labels = np.where(y < 0, 0, np.where(distance < 0, 1, np.where(distance < thickness, 2, 0))).astype(np.uint8)
    t = np.linspace(np.pi, 0, 2000)
    line = even_points(np.stack([120 - 40 * np.sin(t), 100 + 40 * np.cos(t)], axis=1), POINTS)
    return labels, np.stack([np.uint8(255 * (labels == k)) for k in (1, 2, 3)]), line


@pytest.mark.parametrize("thickness", [5, 8.5, 12])
def test_thickness_of_a_round_wall(thickness):
    labels, probabilities, line = painted_wall(thickness)
    assert wall_thickness(labels, probabilities, line) == pytest.approx([thickness] * 6, abs=0.6)


def test_no_thickness_where_the_outer_edge_is_not_seen():
    labels, probabilities, line = painted_wall(200)
    assert np.isnan(wall_thickness(labels, probabilities, line)).all()
    labels, probabilities, line = painted_wall(8)
    half = np.where((labels == 2) & (np.arange(200) > 105), 0, labels).astype(np.uint8)
    measured = wall_thickness(half, np.stack([np.uint8(255 * (half == k)) for k in (1, 2, 3)]), line)
    assert np.isfinite(measured[:3]).all()
    assert np.isnan(measured[3:]).all()


def test_normals_point_out_whichever_way_the_line_runs():
    *_, line = painted_wall(8)
    for run in (line, line[::-1]):
        assert ((run - [120, 100]) * outward_normals(run)).sum(axis=1) == pytest.approx(40, abs=0.1)
