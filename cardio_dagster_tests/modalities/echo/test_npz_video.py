import math

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.validate import validate
from cardio_dagster_tests.modalities.echo.videos import write_video

FRAMES = np.random.default_rng(7).integers(0, 256, (5, 48, 64), np.uint8)


def test_npz_clip_comes_back_as_it_was(write_npz):
    step = validate(write_npz(image=FRAMES, pixel_spacing_mm=0.5, frame_rate_hz=np.float32(40)), Options())
    assert step.problems == ()
    assert np.array_equal(step.data.frames, FRAMES)
    assert (step.data.spacing.mm, step.data.timing.frame_rate_hz) == (0.5, 40)


def test_npz_still(write_npz):
    clip = validate(write_npz(image=FRAMES[0], pixel_spacing_mm=0.5), Options()).data
    assert clip.frames.shape == (1, 48, 64)
    assert clip.timing.reason == "a single frame has no frame rate"


def test_compressed_npz(tmp_path):
    np.savez_compressed(tmp_path / "c.npz", image=FRAMES, pixel_spacing_mm=0.5)
    assert np.array_equal(validate(tmp_path / "c.npz", Options()).data.frames, FRAMES)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, 25.0, [0.5, 0.6], "0.5"])
def test_implausible_spacing_is_left_out(write_npz, value):
    step = validate(write_npz(image=FRAMES[0], pixel_spacing_mm=value), Options())
    assert [p.code for p in step.problems] == ["E_VALID_005"]
    assert step.data.spacing.mm is None
    assert step.data.spacing.reason


def test_missing_spacing_and_rate_are_said(write_npz):
    step = validate(write_npz(image=FRAMES), Options())
    assert [p.code for p in step.problems] == ["E_VALID_004", "E_VALID_004"]


@pytest.mark.parametrize(
    "image",
    [
        FRAMES.astype(np.float32),
        FRAMES.astype(np.int8),
        FRAMES[..., None],
        np.arange(60, dtype=np.uint8),
        np.asfortranarray(FRAMES),
        np.array([{"a": 1}], dtype=object),
    ],
)
def test_other_arrays_are_refused(write_npz, image):
    with pytest.raises(StudyError, match="E_FORMAT_002"):
        validate(write_npz(image=image, pixel_spacing_mm=0.5), Options())


@pytest.mark.parametrize("shape", [(0, 48, 64), (8, 48), (3, 48, 9000)])
def test_impossible_shapes_are_refused(write_npz, shape):
    with pytest.raises(StudyError, match="E_VALID_002"):
        validate(write_npz(image=np.zeros(shape, np.uint8)), Options())


def test_damaged_pixels_are_refused(write_npz):
    path = write_npz(image=FRAMES, pixel_spacing_mm=0.5)
    content = bytearray(path.read_bytes())
    content[2000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        validate(path, Options())


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", image=np.zeros((200, 512, 512), np.uint8))
    assert (tmp_path / "bomb.npz").stat().st_size < 100_000
    with pytest.raises(StudyError, match="E_HARD_002"):
        validate(tmp_path / "bomb.npz", Options(memory_limit_mb=64))


def smooth_frames() -> np.ndarray:
    ramp = np.linspace(20, 220, 96)
    return np.stack([np.tile(np.roll(ramp, 4 * t)[None], (64, 1)) for t in range(12)]).round().astype(np.uint8)


@pytest.mark.parametrize(("suffix", "codec"), [("avi", "mjpeg"), ("mp4", "mpeg4"), ("avi", "mpeg4")])
def test_video_keeps_grey_levels_and_rate(tmp_path, suffix, codec):
    frames = smooth_frames()
    step = validate(write_video(tmp_path / f"clip.{suffix}", frames, rate=25, codec=codec), Options())
    clip = step.data
    assert clip.frames.shape == frames.shape
    assert np.median(np.abs(clip.frames.astype(int) - frames)) <= 3
    assert clip.timing.frame_rate_hz == pytest.approx(25)
    assert (clip.spacing.mm, [p.code for p in step.problems]) == (None, ["E_VALID_004"])
    assert clip.format == suffix


def test_long_video_outgrows_the_first_allocation(tmp_path):
    frames = np.repeat(smooth_frames(), 12, axis=0)
    clip = validate(write_video(tmp_path / "long.avi", frames), Options()).data
    assert len(clip.frames) == 144


@pytest.mark.parametrize("suffix", ["avi", "mp4"])
def test_video_header_without_frames(tmp_path, suffix):
    path = write_video(tmp_path / f"clip.{suffix}", smooth_frames())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        validate(path, Options())


def test_video_over_the_limits(tmp_path):
    path = write_video(tmp_path / "clip.avi", smooth_frames())
    with pytest.raises(StudyError, match="E_HARD_004"):
        validate(path, Options(max_file_mb=0.001))
    with pytest.raises(StudyError, match="E_HARD_002"):
        validate(path, Options(memory_limit_mb=0.1))


def test_video_cut_off_says_so(tmp_path):
    path = write_video(tmp_path / "clip.avi", np.random.default_rng(1).integers(0, 256, (40, 64, 96), np.uint8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    step = validate(path, Options())
    assert 10 < len(step.data.frames) < 30
    assert "E_QUALITY_002" in [p.code for p in step.problems]
