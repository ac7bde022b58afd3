"""The last step of every reader: black beside the sector, cropped, in pixels of the file."""

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.echo.clip import Spacing, Timing
from cardio_dagster.modalities.echo.formats import assemble as module
from cardio_dagster.modalities.echo.formats.assemble import RawFrames, assemble, no_r_waves
from cardio_dagster.modalities.echo.formats.reduce import block_mean, colour_spread, luma, reduction_for
from cardio_dagster.modalities.echo.sector.find import Sector

RATE, SPACING = Timing(30.0, "test", None), Spacing(0.5, "test", None)


def raw(reduction: int = 3) -> RawFrames:
    frames = np.random.default_rng(4).integers(1, 256, (4, 20, 30), np.uint8)
    return RawFrames(
        frames=frames, colour=None, frame_indices=np.arange(0, 8, 2, dtype=np.int32), frames_in_file=8,
        full_height=100, full_width=120, top=10, left=20, height=58, width=89, reduction=reduction,
    )  # fmt: skip


def sector(kind: str = "fan", *, empty: bool = False) -> Sector:
    mask, overlay = np.zeros((20, 30), bool), np.zeros((20, 30), bool)
    if not empty:
        mask[5:20, 12:30] = True
        mask[5:8, 12:15] = False
        overlay[9:12, 20:22] = True
    return Sector(mask, overlay, 5, 12, 15, 18, kind, None if kind == "fan" else "a reason")


def assembled(monkeypatch, found: Sector, frames: RawFrames):
    monkeypatch.setattr(module, "find_sector", lambda *_: found)
    return assemble(frames, format="npz", spacing=SPACING, timing=RATE, r_waves=no_r_waves("none"))


def test_everything_but_the_sector_is_black(monkeypatch):
    source, found = raw(), sector()
    before = source.frames.copy()
    clip, problems = assembled(monkeypatch, found, source)
    assert problems == ()
    assert clip.frames.shape == (4, 15, 18)
    assert (clip.frames[:, ~clip.visible] == 0).all()
    assert np.array_equal(clip.frames[:, clip.visible], before[:, found.visible])
    assert not clip.visible[4:7, 8:10].any()
    assert not clip.visible[:3, :3].any()
    assert np.array_equal(source.frames, before)
    assert not np.shares_memory(clip.frames, source.frames)


def test_crop_is_told_in_pixels_of_the_file(monkeypatch):
    clip, _ = assembled(monkeypatch, sector(), raw())
    assert (clip.top, clip.left) == (10 + 15, 20 + 36)
    assert (clip.height, clip.width) == (58 - 15, 89 - 36)  # the last blocks are cut by the border
    assert (clip.full_height, clip.full_width, clip.reduction, clip.frames_in_file) == (100, 120, 3, 8)
    assert clip.frames.shape[1:] == (-(-clip.height // 3), -(-clip.width // 3))
    assert (clip.mode, clip.device, clip.r_waves.reason) == ("b_mode", {}, "none"), "no colour, so no colour Doppler"


def test_unknown_shape_is_said(monkeypatch):
    _, problems = assembled(monkeypatch, sector("unknown"), raw())
    assert [(p.code, p.seen) for p in problems] == [("E_QUALITY_002", "a reason")]


def test_no_sector_is_refused(monkeypatch):
    with pytest.raises(StudyError, match="E_QUALITY_001"):
        assembled(monkeypatch, sector("unknown", empty=True), raw())


@pytest.mark.parametrize(("shape", "factor"), [((480, 640), 1), ((481, 641), 2), ((768, 1024), 2), ((1400, 200), 3)])
def test_no_kept_side_is_longer_than_640(shape, factor):
    assert reduction_for(*shape) == factor
    reduced = block_mean(np.zeros(shape, np.uint8), factor)
    assert reduced.shape == tuple(-(-s // factor) for s in shape)
    assert max(reduced.shape) <= 640


def test_block_means_of_whole_and_of_cut_blocks():
    frame = np.random.default_rng(1).integers(0, 256, (7, 11), np.uint8)
    found = block_mean(frame, 3).astype(float)
    for row in range(3):
        for column in range(4):
            block = frame[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            assert abs(found[row, column] - block.mean()) < 1  # Pillow divides in fixed point


def test_luma_and_colour_spread():
    colours = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)
    assert np.abs(luma(colours) - colours @ [0.299, 0.587, 0.114]).max() <= 0.51
    assert np.array_equal(colour_spread(colours, 1), np.ptp(colours, axis=2))
    assert not colour_spread(np.repeat(colours[..., :1], 3, axis=2), 2).any()
