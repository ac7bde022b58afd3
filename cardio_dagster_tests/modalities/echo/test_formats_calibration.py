"""Pixel spacing, region and mode of an ultrasound header."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.echo.formats.calibration import bmode_region
from cardio_dagster_tests.modalities.echo.dicom_files import header_with, read

COLOUR = {"RegionDataType": 2}
M_MODE = {"RegionSpatialFormat": 2, "RegionDataType": 1}
DOPPLER = {"RegionSpatialFormat": 3, "RegionDataType": 3, "RegionLocationMinX0": 0, "RegionLocationMaxX1": 119}


def region_of(header: Dataset):
    return bmode_region(header, rows=100, columns=120)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"RegionLocationMaxX1": 130}, "columns 10 to 130"),
        ({"RegionLocationMinY0": 99}, "rows 99 to 99"),
        ({"PhysicalUnitsXDirection": 4}, "centimetres"),
        ({"PhysicalDeltaX": 0.0, "PhysicalDeltaY": 0.0}, "0 x 0 mm"),
        ({"PhysicalDeltaX": 0.21, "PhysicalDeltaY": 0.21}, "2.1 x 2.1 mm"),
        ({"PhysicalDeltaX": 0.0049, "PhysicalDeltaY": 0.0049}, "0.049 x 0.049 mm"),
        ({"PhysicalDeltaX": 0.01, "PhysicalDeltaY": 0.051}, "too unequal"),
    ],
)
def test_implausible_region_is_refused(changes, fault):
    region = region_of(header_with(changes))
    assert (region.spacing.mm, region.mode) == (None, "b_mode")
    assert fault in region.spacing.reason
    assert (region.grid.top, region.grid.left, region.grid.height, region.grid.width) == (0, 0, 100, 120)
    assert region.problems[0].code == "E_VALID_005"


@settings(max_examples=40, deadline=None)
@given(x=st.floats(0.005, 0.2), ratio=st.floats(0.99, 1.01))
def test_spacing_is_the_mean_of_both_directions(x, ratio):
    y = min(max(x * ratio, 0.005), 0.2)
    spacing = region_of(header_with({"PhysicalDeltaX": x, "PhysicalDeltaY": y})).spacing
    assert spacing.mm == pytest.approx(5 * (x + y))


def test_upward_axis_has_a_plausible_spacing():
    assert region_of(header_with({"PhysicalDeltaY": -0.05})).spacing.mm == pytest.approx(0.5)


def test_doppler_regions_are_passed_over_and_the_largest_tissue_region_is_taken():
    small = {"RegionLocationMaxX1": 30, "PhysicalDeltaX": 0.1, "PhysicalDeltaY": 0.1}
    region = region_of(header_with(DOPPLER, M_MODE, small, {}))
    assert (region.grid.top, region.grid.left, region.grid.height, region.grid.width) == (20, 10, 80, 100)
    assert (region.spacing.mm, region.mode) == (pytest.approx(0.5), "b_mode")


@pytest.mark.parametrize("regions", [({}, COLOUR), (COLOUR, {}), (COLOUR,)])
def test_colour_region_names_the_mode(regions):
    region = region_of(header_with(*regions))
    assert (region.mode, region.spacing.mm) == ("colour_doppler", pytest.approx(0.5))


@pytest.mark.parametrize(
    ("regions", "name"), [((M_MODE,), "M-mode"), ((DOPPLER,), "spectral Doppler"), ((DOPPLER, M_MODE), "M-mode")]
)
def test_file_without_a_plane_is_refused_by_its_mode(regions, name):
    with pytest.raises(StudyError) as caught:
        region_of(header_with(*regions))
    assert (caught.value.problem.code, caught.value.problem.seen) == ("E_FORMAT_002", f"{name} only")


@pytest.mark.parametrize(
    ("code", "mode"), [("0001", "b_mode"), ("0011", "colour_doppler"), ("0101", "colour_doppler"), ("TTE", "unknown")]
)
def test_image_type_names_the_mode_without_regions(code, mode):
    header = Dataset()
    header.ImageType = ["ORIGINAL", "PRIMARY", "TTE", code]
    assert region_of(header).mode == mode


@pytest.mark.parametrize(("code", "name"), [("0002", "M-mode"), ("0004", "spectral"), ("0008", "spectral")])
def test_image_type_refuses_what_is_no_image(code, name):
    header = Dataset()
    header.ImageType = ["ORIGINAL", "PRIMARY", "", code]
    with pytest.raises(StudyError, match=name):
        region_of(header)


def test_no_region_is_a_missing_value():
    region = region_of(Dataset())
    assert (region.problems[0].code, region.mode) == ("E_VALID_004", "unknown")


@pytest.mark.parametrize(
    ("values", "mm", "code"),
    [
        ([0.5, 0.5], 0.5, None),
        ([0.5, 0.505], 0.5025, None),
        ([0.5, 0.6], 0.5, "E_QUALITY_002"),
        ([0.1, 0.6], None, "E_VALID_005"),
        ([5, 5], None, "E_VALID_005"),
        ([0, 0], None, "E_VALID_005"),
        ([0.5], None, "E_VALID_004"),
    ],
)
def test_pixel_spacing_where_there_is_no_region(values, mm, code):
    header = Dataset()
    header.PixelSpacing = values
    region = region_of(header)
    assert region.spacing.mm == (None if mm is None else pytest.approx(mm))
    assert [p.code for p in region.problems] == ([code] if code else [])


def test_pixel_spacing_is_no_way_round_a_refused_region():
    header = header_with({"PhysicalUnitsXDirection": 4})
    header.PixelSpacing = [0.5, 0.5]
    assert region_of(header).spacing.mm is None


@pytest.mark.parametrize("value", [[1, 2], "abc"])
def test_unreadable_region_is_named(value):
    header = header_with({})
    header.SequenceOfUltrasoundRegions[0]["RegionLocationMinX0"]._value = value
    with pytest.raises(StudyError, match=r"E_CORRUPT_001.*RegionLocationMinX0"):
        region_of(header)


def test_public_region_outside_its_image(whole_frame):
    clip, problems = read(Path(get_testdata_file("examples_ybr_color.dcm")))
    assert [p.code for p in problems] == ["E_VALID_005"]
    assert clip.spacing.mm is None
    assert "columns 84 to 595" in clip.spacing.reason
    assert clip.frames.shape == (30, 240, 320)
