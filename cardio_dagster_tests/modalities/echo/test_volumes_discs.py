"""Volumes against the analytic volume of a prolate ellipsoid, 4/3 pi a b^2."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.echo.volumes.discs import annulus_middle, measure_chamber, stack_discs
from cardio_dagster_tests.modalities.echo.painted import ellipse

SHAPE = (128, 128)


def measured(coverage, partner=None):
    probabilities = np.zeros((3, *SHAPE), np.uint8)
    probabilities[0] = np.round(coverage * 255)
    labels = (coverage > 0.5).astype(np.uint8)
    if partner is not None:
        probabilities[2] = np.minimum(np.round(partner * 255), 255 - probabilities[0].astype(int))
        labels[(partner > 0.5) & (labels == 0)] = 3
    return measure_chamber(labels, probabilities, 1, 3)


@settings(max_examples=25, deadline=None)
@given(long=st.floats(30, 45), ratio=st.floats(0.45, 0.8))
def test_ellipsoid(long, ratio):
    short = long * ratio
    chamber = measured(ellipse(SHAPE, (64, 64), (long, short)), ellipse(SHAPE, (64 + long + 15, 64), (15, 15)))
    assert chamber.volume == pytest.approx(4 / 3 * math.pi * long * short**2, rel=0.04)
    assert chamber.axis.length == pytest.approx(2 * long, abs=1.5)
    assert chamber.area == pytest.approx(math.pi * long * short, rel=0.02)


def test_cylinder_has_equal_discs():
    coverage = np.zeros(SHAPE)
    coverage[24:104, 50:78] = 1  # 80 high, 28 wide
    chamber = stack_discs(coverage * 2 - 1, coverage > 0, (103.0, 63.5))
    # the farthest pixel is a corner, so the axis leans by 10 degrees: chords are 28 / cos, length 80 / cos
    lean = math.atan2(13.5, 79)
    middle = chamber.diameters[5:15]
    assert middle == pytest.approx(np.full(10, 28 / math.cos(lean)), abs=0.5)


def test_half_an_ellipsoid_from_its_base():
    """The usual shape of a ventricle: cut open at the mitral plane."""
    coverage = ellipse(SHAPE, (100, 64), (80, 30))
    coverage[100:] = 0
    atrium = np.zeros(SHAPE)
    atrium[100:120, 40:88] = 1
    chamber = measured(coverage, atrium)
    assert chamber.axis.base[0] == pytest.approx(99.5, abs=1)
    assert chamber.axis.base[1] == pytest.approx(64, abs=1)
    assert chamber.volume == pytest.approx(2 / 3 * math.pi * 80 * 30**2, rel=0.03)


def test_turning_the_image_changes_nothing():
    coverage, atrium = ellipse(SHAPE, (64, 64), (40, 22)), ellipse(SHAPE, (114, 64), (10, 12))
    upright, lying = measured(coverage, atrium), measured(np.rot90(coverage), np.rot90(atrium))
    assert lying.volume == pytest.approx(upright.volume, rel=0.01)
    assert lying.axis.length == pytest.approx(upright.axis.length, abs=0.6)


def test_without_a_partner_the_axis_is_the_principal_one():
    chamber = measured(ellipse(SHAPE, (64, 64), (40, 20)))
    assert chamber.axis.length == pytest.approx(80, abs=2)


def test_annulus_is_where_the_chambers_touch():
    ventricle, atrium = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    ventricle[20:80, 40:80] = True
    atrium[80:100, 50:71] = True
    row, column = annulus_middle(ventricle, atrium)
    assert column == pytest.approx(60, abs=0.5)
    assert 77 <= row <= 79


@pytest.mark.parametrize("size", [0, 5])
def test_too_small_a_chamber_has_no_volume(size):
    coverage = np.zeros(SHAPE)
    coverage[60 : 60 + size, 60 : 60 + size] = 1
    assert measured(coverage) is None


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(1.1, 1.5))
def test_volume_grows_with_the_cube_of_the_size(scale):
    small, large = ellipse(SHAPE, (64, 64), (34, 18)), ellipse(SHAPE, (64, 64), (34 * scale, 18 * scale))
    assert measured(large).volume == pytest.approx(scale**3 * measured(small).volume, rel=0.03)


def test_boundary_is_found_between_pixels():
    """A cylinder whose sides lie half way between pixel centres: chords of 28, not of 27 or 29."""
    coverage = np.zeros(SHAPE)
    coverage[24:104, 50:78] = 1
    assert stack_discs(coverage * 2 - 1, coverage > 0, (103.0, 63.5)).diameters[10] == pytest.approx(28.4, abs=0.1)


def test_a_chamber_at_the_edge_of_the_frame_is_measured_in_its_own_place():
    middle, corner = ellipse(SHAPE, (64, 64), (30, 18)), ellipse(SHAPE, (34, 22), (30, 18))
    moved, still = measured(corner), measured(middle)
    assert moved.volume == pytest.approx(still.volume, rel=1e-6)
    assert np.subtract(still.axis.base, moved.axis.base) == pytest.approx([30, 42])
