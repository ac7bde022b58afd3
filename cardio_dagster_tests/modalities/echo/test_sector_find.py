"""The sector is found whole, and nothing beside it is."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy import ndimage

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.sector.find import find_sector
from cardio_dagster_tests.modalities.echo.sectors import SHAPE, fan_of, painted, speckled, text

REFERENCE = Path(os.environ.get("CARDIO_REFERENCE_DATA", Path(__file__).parents[4] / "shared/data")) / "camus_a4c"
FAN = fan_of()
CLIP = speckled(FAN, frames=12)
STILL = CLIP[:1]


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize("frames", [CLIP, STILL], ids=["clip", "still"])
@pytest.mark.parametrize(
    "shape",
    [{}, {"half_deg": 45.0, "near": 0.0}, {"half_deg": 30.0, "near": 40.0, "apex": (-30, 160), "far": 250.0}],
    ids=["phased", "wide", "curved"],
)
def test_a_fan_is_found_to_the_pixel(frames, shape):
    fan = fan_of(**shape)
    found = find_sector(speckled(fan, frames=len(frames)), None)
    assert found.kind == "fan"
    assert (fan & ~found.mask).sum() < 0.002 * fan.sum()
    assert overlap(found.mask, fan) > 0.96
    assert found.mask[found.top, found.left :][: found.width].any()
    assert found.mask.sum() == found.mask[found.top :, found.left :][: found.height, : found.width].sum()


def test_dark_parts_of_the_sector_stay_inside():
    frames = CLIP.copy()
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    frames[:, (x < 110) & (y > 90) & (y < 150)] = 0  # a shadow over a third of the left edge
    found = find_sector(frames, None)
    assert found.kind == "fan"
    assert (FAN & ~found.mask).sum() < 0.005 * FAN.sum()


@pytest.mark.parametrize("frames", [CLIP, STILL], ids=["clip", "still"])
def test_bars_rulers_and_a_grey_scale_stay_outside(frames):
    frames = frames.copy()
    frames[:, :16] = 60  # a header bar
    frames[:, -14:] = 90
    frames[:, 40:120, 300:310] = np.linspace(255, 0, 80, dtype=np.uint8)[:, None]
    frames[:, 30:220:10, 292:296] = 200
    assert overlap(find_sector(frames, None).mask, FAN) > 0.96


@pytest.mark.parametrize("kind", ["clip", "still"])
@examples(max_examples=15, deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(0, SHAPE[0] - 20), st.integers(0, SHAPE[1] - 60)), min_size=1, max_size=5),
    size=st.integers(9, 18),
)
def test_text_beside_the_sector_never_survives(kind, places, size):
    frames = CLIP if kind == "clip" else STILL
    beside = ~ndimage.binary_dilation(FAN, iterations=2)
    words = np.max([text(SHAPE, "DOE 1950", place, size=size) for place in places], axis=0) * beside
    found = find_sector(painted(frames, words), None)
    assert not (words[found.visible] > 40).any()
    assert (FAN & ~found.mask).sum() < 0.01 * FAN.sum()


def test_text_on_the_sector_of_a_clip_is_mostly_gone():
    left = total = 0
    for seed in range(6):
        place = np.random.default_rng(seed).integers((60, 120), (160, 170))
        words = text(SHAPE, "DOE 1950", tuple(place)) * FAN
        found = find_sector(painted(CLIP, words), None)
        left += (words[found.visible] > 110).sum()
        total += (words > 110).sum()
        box = np.zeros(SHAPE, bool)
        box[ndimage.find_objects((words > 0).astype(int))[0]] = True
        assert (box & FAN & found.visible).sum() < 0.02 * box.sum(), "letters stay readable as silhouettes"
        assert not (found.overlay & ~ndimage.binary_dilation(box, iterations=24)).any()
    assert left < 0.02 * total


def test_a_clip_without_marks_loses_nothing_to_the_overlay():
    assert find_sector(CLIP, np.zeros(SHAPE, np.uint8)).overlay.sum() == 0


def test_a_coloured_trace_on_the_sector_is_overlay_even_on_a_still():
    colour = np.zeros(SHAPE, np.uint8)
    trace = np.abs(np.mgrid[: SHAPE[0], : SHAPE[1]][0] - 180 - 8 * np.sin(np.arange(SHAPE[1]) / 9)) < 1
    colour[trace] = 200
    found = find_sector(STILL, colour)
    assert not found.visible[trace & FAN].any()
    assert found.overlay.sum() < 0.1 * FAN.sum()


def test_a_rectangle_and_a_painted_picture_are_whole():
    box = np.zeros(SHAPE, bool)
    box[30:200, 40:280] = True
    found = find_sector(speckled(box, frames=8), None)
    assert (found.kind, found.top, found.left, found.height, found.width) == ("box", 30, 40, 170, 240)
    assert find_sector(np.full((1, *SHAPE), 80, np.uint8), None).mask.all()


def test_a_sector_that_points_down_is_kept_and_said_to_be_none_of_these():
    found = find_sector(speckled(FAN[::-1], frames=8), None)
    assert found.kind == "unknown"
    assert found.reason
    assert "upside down" in found.reason
    assert (FAN[::-1] & ~found.mask).sum() < 0.01 * FAN.sum()
    assert overlap(found.mask, FAN[::-1]) > 0.9


def test_black_frames_have_no_sector():
    found = find_sector(np.zeros((3, *SHAPE), np.uint8), None)
    assert not found.mask.any()
    assert found.reason == "no area of the image shows echoes"


def test_the_public_cine_loses_its_text_and_keeps_its_fan(public_cine):
    from cardio_dagster.modalities.echo.formats.dicom import read_dicom

    clip = read_dicom(public_cine, Options())[0]
    assert (clip.top, clip.left) == (pytest.approx(43, abs=3), pytest.approx(80, abs=4))
    assert (clip.height, clip.width) == (pytest.approx(361, abs=4), pytest.approx(515, abs=10))
    assert clip.visible.mean() < 0.62  # the fan, not its rectangle with the text beside it


@pytest.mark.reference
@pytest.mark.skipif(not REFERENCE.is_dir(), reason="needs the reference data set (CARDIO_REFERENCE_DATA)")
def test_no_labelled_echo_of_camus_is_cut_away():
    lost = []
    for path in sorted(REFERENCE.glob("*.npz"))[::40]:
        data = np.load(path)
        found = find_sector(data["image"][None], None)
        labelled = (data["mask"] > 0) & (data["image"] > 0)  # some contours run on into the black beside the sector
        assert found.kind == "fan"
        lost.append((labelled & ~found.visible).sum() / labelled.sum())
    assert len(lost) == 20
    assert max(lost) < 0.001
