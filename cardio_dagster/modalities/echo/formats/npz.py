"""NPZ stills and clips: `image`, `pixel_spacing_mm` and, for a clip, `frame_rate_hz` and `r_wave_s`.

Belongs here: the array file and its refusals. Nothing is unpickled, and the declared shape
is judged before any pixel is inflated. Not here: DICOM, video, NIfTI.
"""

import math
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from cardio_dagster import deadline
from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import EchoClip, Spacing
from cardio_dagster.modalities.echo.formats.assemble import RawFrames, assemble
from cardio_dagster.modalities.echo.formats.grid import Grid, PixelSize
from cardio_dagster.modalities.echo.formats.limits import (
    check_file_size,
    check_memory,
    check_shape,
    check_work,
    kept_frames,
)
from cardio_dagster.modalities.echo.formats.plausible import r_waves_from, rate_from, spacing_from, spacing_of
from cardio_dagster.outcome import Problem

_NUMBERS_BYTES_MAX = 16384  # of a spacing, a rate or the R waves
_WANTED = "uint8, (h, w) or (t, h, w), C order"
_DEFLATE_RATIO_MAX = 1032  # no deflate stream expands further
_BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, KeyError, RuntimeError, NotImplementedError)


def read_npz(path: Path, options: Options, *, every_frame: bool = False) -> tuple[EchoClip, tuple[Problem, ...]]:
    """Read `image` (h, w) or (t, h, w) uint8 with its spacing, frame rate and R waves.

    `pixel_spacing_mm` is one number, or one for the height and one for the width of a pixel, in the order of the
    axes of `image`; frames of pixels that are not square within 2 % are resampled to square ones.

    A missing spacing or rate is None with a reason, and so is one outside 0.05 to 2 mm or 1 to 1000 Hz.
    Frames are read one at a time, reduced and thinned as limits.py says; all are kept with `every_frame`.

    Raises StudyError: E_HARD_004 and E_HARD_002 over the limits, E_CORRUPT_001 for a damaged
    archive, E_FORMAT_002 for another type or number of dimensions, E_VALID_002 for impossible sides,
    and what `assemble` raises.
    """
    check_file_size(path, options)
    try:
        with zipfile.ZipFile(path) as archive:
            pixel = _pixel(archive)
            r_waves, wave_problems = r_waves_from(_numbers(archive, "r_wave_s"), "r_wave_s")
            rate = _number(archive, "frame_rate_hz")
            raw = _read_frames(archive, options, rate, every_frame, pixel.stretch if pixel else (1.0, 1.0))
    except _BROKEN as error:
        raise StudyError("E_CORRUPT_001", "the NPZ archive is damaged", seen=type(error).__name__) from error
    spacing, spacing_problems = _spacing(pixel)
    timing, rate_problems = rate_from(rate, "frame_rate_hz", still=raw.frames_in_file == 1)
    clip, problems = assemble(raw, format="npz", spacing=spacing, timing=timing, r_waves=r_waves, mode="b_mode")
    return clip, spacing_problems + rate_problems + wave_problems + problems


def _pixel(archive: zipfile.ZipFile) -> PixelSize | None:
    """Return the size of a pixel; None where it is not stored, NaN where it is not one number or two."""
    values = _numbers(archive, "pixel_spacing_mm")
    if values is None:
        return None
    down, across = values.ravel() if values.size == 2 else (_single(values),) * 2
    return PixelSize(x_mm=float(across), y_mm=float(down))


def _spacing(pixel: PixelSize | None) -> tuple[Spacing, tuple[Problem, ...]]:
    name = "pixel_spacing_mm"
    if pixel is None:
        return spacing_from(None, name)
    is_single = pixel.x_mm == pixel.y_mm or math.isnan(pixel.x_mm)
    return spacing_from(pixel.x_mm, name) if is_single else spacing_of(pixel, name)


def _read_frames(
    archive: zipfile.ZipFile, options: Options, rate: float | None, every_frame: bool, stretch: tuple[float, float]
) -> RawFrames:
    size = _inflated_size(archive.getinfo("image.npy"), options)
    with archive.open("image.npy") as member:
        count, height, width = _shape(cast(BinaryIO, member))
        grid = Grid(height, width, 0, 0, height, width, stretch)
        check_shape(count, height, width)
        check_shape(count, *grid.square_shape)
        check_work(count, height, width)
        start = member.tell()
        if count * height * width > size - start:
            seen = f"{count} frames of {width} x {height} claimed, {size} bytes held"
            raise StudyError("E_CORRUPT_001", "`image` claims more pixels than the archive holds", seen=seen)
        kept = kept_frames(count, rate_from(rate, "", still=count == 1)[0].frame_rate_hz, every_frame=every_frame)
        check_memory(len(kept), *grid.kept_shape, options)
        frames = np.empty((len(kept), *grid.kept_shape), np.uint8)
        for place, index in enumerate(kept):
            deadline.check()
            member.seek(start + index * height * width)
            frames[place] = grid.keep(_frame(cast(BinaryIO, member), height, width, index))
    return grid.raw(frames, None, kept, count)


def _shape(member: BinaryIO) -> tuple[int, int, int]:
    """Return count, height and width of the array; raises StudyError E_FORMAT_002 where it is no echo clip."""
    shape, fortran, kind = _read_npy_header(member)
    if kind != np.uint8 or len(shape) not in (2, 3) or fortran:
        seen = f"{kind} of shape {shape}" + (" in Fortran order" if fortran else "")
        cure = _cure(shape, kind)
        raise StudyError("E_FORMAT_002", "`image` is not an echo clip", seen=seen, allowed=_WANTED, cure=cure)
    count, height, width = (1, *shape) if len(shape) == 2 else shape
    return count, height, width


def _cure(shape: tuple[int, ...], kind: np.dtype) -> str:
    """Return what to do to the array so that it is read, in NumPy's words."""
    if len(shape) not in (2, 3):
        colours = len(shape) in (3, 4) and shape[-1] in (3, 4)
        return f"Store grey values{', such as image[..., :3].mean(-1).astype(np.uint8)' if colours else ''}: {_WANTED}."
    if kind.kind == "f":
        return f"Store (255 * image / image.max()).astype(np.uint8): {_WANTED}."
    if kind != np.uint8:
        return f"Store grey values of 0 to 255: {_WANTED}."
    return f"Store np.ascontiguousarray(image): {_WANTED}."


def _frame(member: BinaryIO, height: int, width: int, index: int) -> np.ndarray:
    data = member.read(height * width)
    if len(data) < height * width:
        raise StudyError("E_CORRUPT_001", "`image` ends early", seen=f"frame {index + 1}")
    return np.frombuffer(data, np.uint8).reshape(height, width)


def _inflated_size(member: zipfile.ZipInfo, options: Options) -> int:
    """Return the member's size; raises StudyError where the directory lies (E_CORRUPT_001) or it is too large."""
    if member.file_size > max(member.compress_size, 1) * _DEFLATE_RATIO_MAX:
        raise StudyError("E_CORRUPT_001", "the NPZ archive is damaged", seen="a size that its bytes cannot expand to")
    if member.file_size > options.max_file_mb * 1e6:
        seen, allowed = f"{member.file_size / 1e6:.0f} MB", f"{options.max_file_mb:.0f} MB"
        raise StudyError("E_HARD_004", "the unpacked echo clip is too large", seen=seen, allowed=allowed)
    return member.file_size


def _read_npy_header(member: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, whether in Fortran order, and type of an array; ValueError where its header cannot be read."""
    version = np.lib.format.read_magic(member)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        return reader(member)
    except _BROKEN:
        raise
    except Exception as error:  # numpy parses the header as Python text, and lets through what its parsers raise
        raise ValueError("the header of the array cannot be read") from error


def _number(archive: zipfile.ZipFile, name: str) -> float | None:
    """Return the number stored under `name`; None if it is absent, NaN if it is no single number."""
    values = _numbers(archive, name)
    if values is None:
        return None
    return _single(values)


def _single(values: np.ndarray) -> float:
    return float(values.ravel()[0]) if values.size == 1 else math.nan


def _numbers(archive: zipfile.ZipFile, name: str) -> np.ndarray | None:
    """Return the numbers stored under `name`; None if absent, one NaN if they are too many or no numbers."""
    if f"{name}.npy" not in archive.namelist():
        return None
    no_number = np.asarray([math.nan])
    if archive.getinfo(f"{name}.npy").file_size > _NUMBERS_BYTES_MAX:
        return no_number
    with archive.open(f"{name}.npy") as member:
        shape, _, kind = _read_npy_header(cast(BinaryIO, member))
        size = math.prod(shape)
        if kind.kind not in "fiu" or size * kind.itemsize > _NUMBERS_BYTES_MAX:
            return no_number
        return np.frombuffer(member.read(size * kind.itemsize), kind).astype(np.float64).reshape(shape)
