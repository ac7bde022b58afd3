"""Area-length, annulus and walls against shapes whose sizes are known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.echo.volumes.annulus import find_annulus
from cardio_dagster.modalities.echo.volumes.area_length import area_length_volume
from cardio_dagster.modalities.echo.volumes.discs import Axis, measure_chamber
from cardio_dagster.modalities.echo.volumes.frame import measure_frame
from cardio_dagster.modalities.echo.volumes.walls import measure_walls
from cardio_dagster_tests.modalities.echo.hearts import SIZE, frame_masks, segmentation

SEEN = np.ones((SIZE, SIZE), bool)


@settings(deadline=None)
@given(long=st.floats(1, 100), short=st.floats(1, 100))
def test_area_length_is_exact_for_ellipsoids(long, short):
    whole = area_length_volume(math.pi * long * short, 2 * long)
    assert float(whole) == pytest.approx(4 / 3 * math.pi * long * short**2)
    half = area_length_volume(math.pi * long * short / 2, long)
    assert float(half) == pytest.approx(2 / 3 * math.pi * long * short**2)


def test_area_length_without_length_is_unknown():
    assert np.isnan(area_length_volume(np.array([10.0, np.nan]), np.array([0.0, 5.0]))).all()


def one_frame(**shape):
    made = segmentation(frame_masks(110.0, 1.0, 1.0, **shape)[None])
    return made, measure_frame(made, 0)


@pytest.mark.parametrize("angle_deg", [0, 20, -35, 90])
def test_both_methods_agree_on_half_an_ellipsoid_in_any_direction(angle_deg):
    _, frame = one_frame(angle_deg=angle_deg)
    area_length = float(area_length_volume(frame.ventricle.area, frame.ventricle.axis.length))
    assert frame.ventricle.volume == pytest.approx(110_000, rel=0.02)
    assert area_length == pytest.approx(110_000, rel=0.03)
    assert frame.ventricle.axis.length == pytest.approx(85, abs=1)


@pytest.mark.parametrize("angle_deg", [0, 30, -30])
def test_hinges_are_told_apart_by_the_side(angle_deg):
    _, frame = one_frame(angle_deg=angle_deg)
    assert frame.annulus.septal[1] < frame.annulus.lateral[1]
    # the atrium is a circle of radii 19 and 18, cut at 60 % of its height by the plane of the valve
    assert frame.annulus.width == pytest.approx(2 * 19 * math.sqrt(1 - 0.6**2), abs=5)
    middle = frame.annulus.middle
    assert np.hypot(*np.subtract(middle, frame.ventricle.axis.base)) < 2


def test_no_annulus_without_contact():
    ventricle, atrium = np.zeros((2, 40, 40), bool)
    ventricle[5:20, 10:30] = True
    atrium[30:38, 10:30] = True
    assert find_annulus(ventricle, atrium) is None
    assert find_annulus(np.zeros_like(ventricle), atrium) is None


def walls_of(sector=SEEN, **shape):
    made, frame = one_frame(**shape)
    return measure_walls(made.labels[0], made.probabilities[0], frame.ventricle.axis, sector)


def test_walls_are_measured_across_and_told_apart():
    """8 and 12 mm along the rows; the wall leans, so across it is thinner: by the cosine of its slope."""
    walls = walls_of(sides=(8.0, 12.0))
    radius, half_way = math.sqrt(3000 * 110 / (2 * math.pi * 85)), math.sqrt(1 - 0.5**2)
    slope = math.atan(radius * 0.5 / half_way / 85)
    assert walls.septal == pytest.approx(8 * math.cos(slope), rel=0.12)
    assert walls.lateral == pytest.approx(12 * math.cos(slope), rel=0.12)


def test_a_mirrored_picture_exchanges_the_walls():
    plain, mirrored = walls_of(sides=(8.0, 12.0)), walls_of(sides=(8.0, 12.0), mirrored=True)
    assert (mirrored.septal, mirrored.lateral) == pytest.approx((plain.lateral, plain.septal), abs=0.3)


def test_turning_does_not_change_the_walls():
    plain, turned = walls_of(sides=(8.0, 12.0)), walls_of(sides=(8.0, 12.0), angle_deg=25)
    assert (turned.septal, turned.lateral) == pytest.approx((plain.septal, plain.lateral), abs=0.4)


def test_a_wall_cut_by_the_sector_has_no_thickness():
    seen = SEEN.copy()
    _, frame = one_frame()
    middle = round((frame.ventricle.axis.base[1] + frame.ventricle.axis.apex[1]) / 2)
    seen[:, middle + 26 :] = False  # through the lateral wall
    walls = walls_of(sector=seen)
    assert walls.lateral is None
    assert walls.septal == pytest.approx(8.5, abs=0.5)


def test_no_myocardium_no_walls():
    made, frame = one_frame()
    labels = np.where(made.labels[0] == 2, 0, made.labels[0]).astype(np.uint8)
    probabilities = made.probabilities[0].copy()
    probabilities[1] = 0
    walls = measure_walls(labels, probabilities, frame.ventricle.axis, SEEN)
    assert (walls.septal, walls.lateral) == (None, None)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_any_labels_are_measured_or_refused(seed):
    """Whatever the network says, a chamber has a finite size or none."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 4, (8, 8)).astype(np.uint8)
    labels = np.kron(blocks, np.ones((8, 8), np.uint8))
    probabilities = (np.stack([labels == k for k in (1, 2, 3)]) * 255).astype(np.uint8)
    chamber = measure_chamber(labels, probabilities, 1, 3)
    assert chamber is None or (np.isfinite(chamber.volume) and chamber.volume >= 0)
    axis = chamber.axis if chamber else Axis((60.0, 32.0), (10.0, 30.0))
    walls = measure_walls(labels, probabilities, axis, np.ones((64, 64), bool))
    assert all(t is None or t > 0 for t in (walls.septal, walls.lateral))
