"""NPZ stills and clips: `image`, `pixel_spacing_mm` and, for a clip, `frame_rate_hz`.

Belongs here: the array file and its refusals. Nothing is unpickled, and the declared shape
is judged before any pixel is inflated. Not here: DICOM, video.
"""

import math
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.formats.calibration import (
    FRAME_RATE_HZ_MAX,
    FRAME_RATE_HZ_MIN,
    SPACING_MM_MAX,
    SPACING_MM_MIN,
)
from cardio_dagster.modalities.echo.clip import EchoClip, Spacing, Timing
from cardio_dagster.modalities.echo.formats.limits import allocate_frames, check_file_size, check_shape
from cardio_dagster.outcome import Problem

_SCALAR_BYTES_MAX = 4096
_DEFLATE_RATIO_MAX = 1032  # no deflate stream expands further
_BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, KeyError, RuntimeError, NotImplementedError)


def read_npz(path: Path, options: Options) -> tuple[EchoClip, tuple[Problem, ...]]:
    """Read `image` (h, w) or (t, h, w) uint8 with its spacing and frame rate.

    A missing spacing or rate is None with a reason, and so is one outside 0.05 to 2 mm or 1 to 1000 Hz.

    Raises StudyError: E_HARD_004 and E_HARD_002 over the limits, E_CORRUPT_001 for a damaged
    archive, E_FORMAT_002 for another type or number of dimensions, E_VALID_002 for impossible sides.
    """
    check_file_size(path, options)
    try:
        with zipfile.ZipFile(path) as archive:
            frames = _read_frames(archive, options)
            spacing = _read_scalar(archive, "pixel_spacing_mm")
            rate = _read_scalar(archive, "frame_rate_hz")
    except _BROKEN as error:
        raise StudyError("E_CORRUPT_001", "the NPZ archive is damaged", seen=type(error).__name__) from error
    mm, spacing_problems = _judge("pixel_spacing_mm", spacing, SPACING_MM_MIN, SPACING_MM_MAX, "mm")
    timing, rate_problems = _timing(rate, still=len(frames) == 1)
    measured = Spacing(mm, "pixel_spacing_mm" if mm else None, _reason(spacing_problems))
    _, height, width = frames.shape
    return EchoClip(
        "npz", frames, height, width, 0, 0, measured, timing, 1, len(frames)
    ), spacing_problems + rate_problems


def _timing(rate: float | None, *, still: bool) -> tuple[Timing, tuple[Problem, ...]]:
    if still:
        return Timing(None, None, "a single frame has no frame rate"), ()
    rate, problems = _judge("frame_rate_hz", rate, FRAME_RATE_HZ_MIN, FRAME_RATE_HZ_MAX, "Hz")
    return Timing(rate, "frame_rate_hz" if rate else None, _reason(problems)), problems


def _read_frames(archive: zipfile.ZipFile, options: Options) -> np.ndarray:
    size = _inflated_size(archive.getinfo("image.npy"), options)
    with archive.open("image.npy") as member:
        shape, fortran, kind = _read_npy_header(cast(BinaryIO, member))
        if kind != np.uint8 or len(shape) not in (2, 3) or fortran:
            seen = f"{kind} with {len(shape)} dimensions" + (" in Fortran order" if fortran else "")
            raise StudyError(
                "E_FORMAT_002", "`image` is not an echo clip", seen=seen, allowed="uint8, (h, w) or (t, h, w), C order"
            )
        count, height, width = (1, *shape) if len(shape) == 2 else shape
        check_shape(count, height, width)
        if count * height * width > size - member.tell():
            seen = f"{count} frames of {width} x {height} claimed, {size} bytes held"
            raise StudyError("E_CORRUPT_001", "`image` claims more pixels than the archive holds", seen=seen)
        frames = allocate_frames(count, height, width, options)
        for index, frame in enumerate(frames):
            data = member.read(frame.size)
            if len(data) < frame.size:
                raise StudyError("E_CORRUPT_001", "`image` ends early", seen=f"frame {index + 1} of {len(frames)}")
            frame[:] = np.frombuffer(data, np.uint8).reshape(frame.shape)
    return frames


def _inflated_size(member: zipfile.ZipInfo, options: Options) -> int:
    """Return the member's size; raises StudyError where the directory lies (E_CORRUPT_001) or it is too large."""
    if member.file_size > max(member.compress_size, 1) * _DEFLATE_RATIO_MAX:
        raise StudyError("E_CORRUPT_001", "the NPZ archive is damaged", seen="a size that its bytes cannot expand to")
    if member.file_size > options.max_file_mb * 1e6:
        seen, allowed = f"{member.file_size / 1e6:.0f} MB", f"{options.max_file_mb:.0f} MB"
        raise StudyError("E_HARD_004", "the unpacked echo clip is too large", seen=seen, allowed=allowed)
    return member.file_size


def _read_npy_header(member: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(member)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return reader(member)


def _read_scalar(archive: zipfile.ZipFile, name: str) -> float | None:
    """Return the number stored under `name`; None if it is absent, NaN if it is no single number."""
    if f"{name}.npy" not in archive.namelist():
        return None
    if archive.getinfo(f"{name}.npy").file_size > _SCALAR_BYTES_MAX:
        return math.nan
    with archive.open(f"{name}.npy") as member:
        shape, _, kind = _read_npy_header(cast(BinaryIO, member))
        if math.prod(shape) != 1 or kind.kind not in "fiu":
            return math.nan
        return float(np.frombuffer(member.read(kind.itemsize), kind)[0])


def _judge(
    name: str, value: float | None, low: float, high: float, unit: str
) -> tuple[float | None, tuple[Problem, ...]]:
    allowed = f"{low:g} to {high:g} {unit}"
    if value is None:
        return None, (problem("E_VALID_004", f"`{name}` is missing", allowed=allowed),)
    if not low <= value <= high:
        return None, (problem("E_VALID_005", f"`{name}` is implausible", seen=f"{value:g}", allowed=allowed),)
    return value, ()


def _reason(problems: tuple[Problem, ...]) -> str | None:
    return problems[0].message if problems else None
