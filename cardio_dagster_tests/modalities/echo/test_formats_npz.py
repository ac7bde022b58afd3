import math
import zipfile

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.formats.npz import read_npz

FRAMES = np.random.default_rng(7).integers(20, 256, (5, 48, 64), np.uint8)


def test_npz_clip_comes_back_as_it_was(write_npz):
    clip, problems = read_npz(write_npz(image=FRAMES, pixel_spacing_mm=0.5, frame_rate_hz=np.float32(40)), Options())
    assert problems == ()
    assert np.array_equal(clip.frames, FRAMES)
    assert (clip.spacing.mm, clip.timing.frame_rate_hz) == (0.5, 40)


def test_npz_still(write_npz):
    clip = read_npz(write_npz(image=FRAMES[0], pixel_spacing_mm=0.5), Options())[0]
    assert clip.frames.shape == (1, 48, 64)
    assert clip.timing.reason == "a single frame has no frame rate"


def test_compressed_npz(tmp_path):
    np.savez_compressed(tmp_path / "c.npz", image=FRAMES, pixel_spacing_mm=0.5)
    assert np.array_equal(read_npz(tmp_path / "c.npz", Options())[0].frames, FRAMES)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, 25.0, [0.1, 0.6], [0.5, 0.5, 0.5], "0.5"])
def test_implausible_spacing_is_left_out(write_npz, value):
    clip, problems = read_npz(write_npz(image=FRAMES[0], pixel_spacing_mm=value), Options())
    assert [p.code for p in problems] == ["E_VALID_005"]
    assert clip.spacing.mm is None
    assert clip.spacing.reason


def test_missing_spacing_and_rate_are_said(write_npz):
    clip, problems = read_npz(write_npz(image=FRAMES), Options())
    assert [p.code for p in problems] == ["E_VALID_004", "E_VALID_004"]
    assert clip.spacing.reason
    assert clip.timing.reason


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
        read_npz(write_npz(image=image, pixel_spacing_mm=0.5), Options())


@pytest.mark.parametrize("shape", [(0, 48, 64), (8, 48), (3, 48, 9000)])
def test_impossible_shapes_are_refused(write_npz, shape):
    with pytest.raises(StudyError, match="E_VALID_002"):
        read_npz(write_npz(image=np.zeros(shape, np.uint8)), Options())


HEADER_TEXTS = ["{'descr': '|u1', (", "{'descr': '|u1', 'a': 1, 2: 3}", "{[]: 1}", "{'shape': "]


@pytest.mark.parametrize("text", HEADER_TEXTS)
def test_header_that_is_no_dictionary_is_refused(tmp_path, text):
    head = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("image.npy", head + bytes(48 * 64))
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        read_npz(tmp_path / "x.npz", Options())


def test_damaged_pixels_are_refused(write_npz):
    path = write_npz(image=FRAMES, pixel_spacing_mm=0.5)
    content = bytearray(path.read_bytes())
    content[2000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        read_npz(path, Options())


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", image=np.zeros((200, 512, 512), np.uint8))
    assert (tmp_path / "bomb.npz").stat().st_size < 100_000
    with pytest.raises(StudyError, match="E_HARD_002"):
        read_npz(tmp_path / "bomb.npz", Options(memory_limit_mb=64))


def test_r_waves(write_npz):
    clip, problems = read_npz(
        write_npz(image=FRAMES, pixel_spacing_mm=0.5, frame_rate_hz=40.0, r_wave_s=np.array([0.02, 0.1])), Options()
    )
    assert problems == ()
    assert clip.r_waves.times_s.tolist() == [0.02, 0.1]
    assert clip.r_waves.source == "r_wave_s"


@pytest.mark.parametrize("times", [[0.1, 0.1], [-1.0, 2.0], [0.0, math.nan], [[0.0, 1.0]], np.arange(1001.0)])
def test_impossible_r_waves_are_left_out(write_npz, times):
    path = write_npz(image=FRAMES, pixel_spacing_mm=0.5, frame_rate_hz=40.0, r_wave_s=np.asarray(times))
    clip, problems = read_npz(path, Options())
    assert [p.code for p in problems] == ["E_VALID_005"]
    assert len(clip.r_waves.times_s) == 0
    assert clip.r_waves.reason


def test_without_r_waves_the_reason_is_said(write_npz):
    clip, _ = read_npz(write_npz(image=FRAMES[0], pixel_spacing_mm=0.5), Options())
    assert (len(clip.r_waves.times_s), clip.r_waves.reason) == (0, "the file holds no R waves")


def test_a_fast_clip_is_thinned_and_a_large_one_reduced(write_npz, whole_frame):
    frames = np.random.default_rng(8).integers(20, 256, (9, 60, 1300), np.uint8)
    path = write_npz(image=frames, pixel_spacing_mm=0.5, frame_rate_hz=100.0)
    clip, _ = read_npz(path, Options())
    assert clip.frame_indices.tolist() == [0, 3, 6]
    assert (clip.frames_in_file, clip.reduction, clip.height, clip.width) == (9, 3, 60, 1300)
    assert clip.frames.shape == (3, 20, 434)
    means = frames[::3, :, :1299].reshape(3, 20, 3, 433, 3).mean(axis=(2, 4))
    assert np.abs(clip.frames[..., :433] - means).max() <= 0.6
    assert clip.timing.frame_rate_hz == 100
    assert len(read_npz(path, Options(), every_frame=True)[0].frames) == 9


def test_a_long_clip_is_kept_to_its_first_256_frames(write_npz):
    path = write_npz(image=np.random.default_rng(9).integers(20, 256, (300, 32, 32), np.uint8), frame_rate_hz=30.0)
    assert len(read_npz(path, Options())[0].frames) == 256
    assert len(read_npz(path, Options(), every_frame=True)[0].frames) == 300
