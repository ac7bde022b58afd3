"""NIfTI written here field by field from the NIfTI-1.1 specification, independently of the reader's table."""

import gzip
import struct

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.formats.nifti import read_nifti

FRAMES = np.random.default_rng(3).integers(1, 256, (6, 48, 64), np.uint8)
CODES = {"uint8": 2, "int16": 4, "uint16": 512, "float32": 16}


def nifti(
    frames, *, dims=None, units=2 | 8, pixdim=(0.3, 0.3, 1.0, 0.02), slope=0.0, order="<", magic=b"n+1\0", size=348
):
    """Bytes of frames (t, h, w): x runs fastest, as the standard says of its first dimension."""
    t, h, w = frames.shape
    dims = dims or (3, w, h, t)
    head = bytearray(352)
    struct.pack_into(f"{order}i", head, 0, size)
    struct.pack_into(f"{order}8h", head, 40, *dims, *[1] * (8 - len(dims)))
    struct.pack_into(f"{order}hh", head, 70, CODES[frames.dtype.name], 8 * frames.itemsize)
    struct.pack_into(f"{order}8f", head, 76, 1.0, *pixdim, 0, 0, 0)
    struct.pack_into(f"{order}fff", head, 108, 352.0, slope, 0.0)
    head[123] = units
    head[344:348] = magic
    return bytes(head) + frames.astype(frames.dtype.newbyteorder(order)).tobytes()


@pytest.fixture
def read(tmp_path):
    def read(content, options=None, **more):
        (tmp_path / "clip.nii").write_bytes(content)
        return read_nifti(tmp_path / "clip.nii", options or Options(), **more)

    return read


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_frames_come_back_upright(read, kind, order, pack):
    clip, problems = read(pack(nifti(FRAMES.astype(kind), order=order)))
    assert np.array_equal(clip.frames, FRAMES)
    assert clip.spacing.mm == pytest.approx(0.3)
    assert [p.code for p in problems] == ["E_VALID_004"]  # a third dimension has no time


def test_a_still_and_a_clip_along_the_fourth_dimension(read):
    still, problems = read(nifti(FRAMES[:1], dims=(2, 64, 48)))
    assert (still.frames.shape, problems) == ((1, 48, 64), ())
    clip, problems = read(nifti(FRAMES, dims=(4, 64, 48, 1, 6)))
    assert clip.timing.frame_rate_hz == pytest.approx(50)
    assert (clip.frame_indices.tolist(), problems) == ([0, 1, 2, 3, 4, 5], ())
    in_ms = read(nifti(FRAMES, dims=(4, 64, 48, 1, 6), units=2 | 16, pixdim=(0.3, 0.3, 1.0, 20.0)))[0]
    assert in_ms.timing.frame_rate_hz == pytest.approx(50)


@pytest.mark.parametrize(
    ("units", "pixdim", "mm", "code"),
    [
        (3 | 8, (300.0, 300.0, 1, 0.02), 0.3, None),  # micrometres
        (1 | 8, (0.0003, 0.0003, 1, 0.02), 0.3, None),  # metres
        (2 | 8, (-0.3, 0.3, 1, 0.02), 0.3, None),
        (0 | 8, (0.3, 0.3, 1, 0.02), None, "E_VALID_004"),
        (2 | 8, (0.3, 0.15, 1, 0.02), 0.15, "E_QUALITY_002"),
        (2 | 8, (0.9, 0.15, 1, 0.02), None, "E_VALID_005"),
        (2 | 8, (0.0, 0.0, 1, 0.02), None, "E_VALID_005"),
        (2 | 8, (30.0, 30.0, 1, 0.02), None, "E_VALID_005"),
        (2 | 8, (float("nan"), 0.3, 1, 0.02), None, "E_VALID_005"),
    ],
)
def test_spacing_needs_a_unit_and_square_plausible_pixels(read, units, pixdim, mm, code):
    clip, problems = read(nifti(FRAMES, dims=(4, 64, 48, 1, 6), units=units, pixdim=pixdim))
    assert clip.spacing.mm == (None if mm is None else pytest.approx(mm))
    assert [p.code for p in problems] == ([code] if code else [])
    assert (clip.spacing.reason is None) == (mm is not None)


def test_sixteen_bits_beyond_a_byte_are_scaled(read):
    clip, _ = read(nifti(FRAMES.astype(np.uint16) * 16))
    assert clip.frames.max() == 255
    assert np.abs(clip.frames.astype(float) - FRAMES * (255 / FRAMES.max())).max() <= 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (nifti(FRAMES.astype(np.float32)), "E_FORMAT_002"),
        (nifti(FRAMES, dims=(4, 64, 48, 2, 3)), "E_FORMAT_002"),
        (nifti(FRAMES, dims=(1, 64)), "E_FORMAT_002"),
        (nifti(FRAMES, magic=b"ni1\0"), "E_FORMAT_002"),
        (nifti(FRAMES)[:-10], "E_CORRUPT_001"),
        (gzip.compress(nifti(FRAMES))[:-200], "E_CORRUPT_001"),
        (nifti(FRAMES, dims=(3, 64, 48, -6)), "E_VALID_002"),
        (nifti(FRAMES, dims=(3, 64, 8, 6)), "E_VALID_002"),
        (nifti(FRAMES, dims=(3, 8000, 8000, 32000)), "E_HARD_004"),
    ],
)
def test_others_are_refused(read, content, code):
    with pytest.raises(StudyError, match=code):
        read(content)


def test_over_the_limits(read):
    with pytest.raises(StudyError, match="E_HARD_002"):
        read(nifti(FRAMES), Options(memory_limit_mb=0.001))
    with pytest.raises(StudyError, match="E_HARD_004"):
        read(nifti(FRAMES), Options(max_file_mb=0.001))


def test_a_fast_clip_is_thinned(read):
    content = nifti(FRAMES, dims=(4, 64, 48, 1, 6), pixdim=(0.3, 0.3, 1.0, 0.01))
    assert read(content)[0].frame_indices.tolist() == [0, 3]
    assert len(read(content, every_frame=True)[0].frames) == 6
