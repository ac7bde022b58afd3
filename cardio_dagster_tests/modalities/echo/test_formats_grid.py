"""Frames whose pixels are not square are measured as if they were recorded square."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import Letterbox, Segmentation
from cardio_dagster.modalities.echo.formats.grid import PixelSize
from cardio_dagster.modalities.echo.formats.npz import read_npz
from cardio_dagster.modalities.echo.segmentation.letterbox import native_labels
from cardio_dagster_tests.modalities.echo.dicom_files import REGION, header_with, read, write_us
from cardio_dagster_tests.modalities.echo.sectors import fan_of, speckled

FRAMES = speckled(fan_of(), frames=8)


@given(x=st.floats(0.06, 1.9), ratio=st.floats(0.21, 4.9))
def test_the_finer_side_is_kept_and_areas_stay(x, ratio):
    y = min(max(x * ratio, 0.05), 2.0)
    size = PixelSize(x, y)
    down, across = size.stretch
    assert size.fault is None
    assert min(down, across) == 1
    assert down * across * size.square_mm**2 == pytest.approx(x * y, rel=0.03)


@pytest.mark.parametrize(("x", "y"), [(0.3, 1.6), (1.6, 0.3), (0.04, 0.1), (float("nan"), 0.3), (0.3, float("inf"))])
def test_too_unequal_or_implausible_sizes_stretch_nothing(x, y):
    assert PixelSize(x, y).fault
    assert PixelSize(x, y).stretch == (1.0, 1.0)


@pytest.mark.parametrize("axis", [1, 2], ids=["rows", "columns"])
def test_a_clip_stored_with_half_the_columns_or_rows_reads_as_the_whole(write_npz, axis):
    whole = read_npz(write_npz(image=FRAMES, pixel_spacing_mm=[0.5, 0.5], frame_rate_hz=30.0), Options())
    assert whole[1] == ()
    spacing = [1.0, 0.5] if axis == 1 else [0.5, 1.0]
    half = np.take(FRAMES, np.arange(0, FRAMES.shape[axis], 2), axis=axis)
    clip, problems = read_npz(write_npz(image=half, pixel_spacing_mm=spacing, frame_rate_hz=30.0), Options())
    assert clip.spacing.mm == whole[0].spacing.mm == 0.5
    assert [(p.code, p.severity) for p in problems] == [("E_QUALITY_002", "info")]
    assert (clip.height, clip.width) == (
        pytest.approx(whole[0].height, abs=4),
        pytest.approx(whole[0].width, abs=4),
    )
    assert (clip.full_height, clip.full_width) == FRAMES.shape[1:]
    assert clip.stored_shape == half.shape[1:]


def test_a_dicom_region_is_stretched_in_its_place(tmp_path):
    region = {
        "RegionLocationMinX0": 0,
        "RegionLocationMaxX1": 159,
        "RegionLocationMinY0": 0,
        "RegionLocationMaxY1": 239,
    }
    half = np.ascontiguousarray(FRAMES[:, :, ::2])
    header = header_with({**REGION, **region, "PhysicalDeltaX": 0.1})
    path = write_us(tmp_path / "x.dcm", half, SequenceOfUltrasoundRegions=header.SequenceOfUltrasoundRegions)
    clip = read(path)[0]
    assert clip.spacing.mm == pytest.approx(0.5)
    assert (clip.full_height, clip.full_width, clip.stored_shape) == (240, 320, (240, 160))


def test_masks_come_back_in_the_shape_that_is_stored():
    labels = np.zeros((1, 32, 32), np.uint8)
    labels[0, 8:24, 8:16] = 1
    found = Segmentation(labels, np.zeros((1, 3, 32, 32), np.uint8), np.ones(1, np.float32), 1.0, True, "made", "0")
    box = Letterbox(64, 64, 0, 0, 64, 64, 32)
    square = next(native_labels(found, box))
    stored = next(native_labels(found, replace(box, stored_shape=(64, 32))))
    assert stored.shape == (64, 32)
    assert stored.sum() == pytest.approx(square.sum() / 2, rel=0.05)
    assert replace(box, stored_shape=(64, 32)).file_shape == (64, 32)
    assert box.file_shape == (64, 64)
