"""NIfTI-1 stills and clips (.nii, .nii.gz), as CAMUS publishes them.

Belongs here: the header of 348 bytes, and the voxels as frames. Not here: what is plausible
(plausible.py), other array files (npz.py). The header is read here because nibabel would bring a large
dependency for eight fields, and hands out whole volumes.

Fields (offset, type) from the NIfTI-1.1 specification (nifti1.h, https://nifti.nimh.nih.gov/nifti-1):
sizeof_hdr 0 i4 = 348 | dim 40 8 x i2 | datatype 70 i2 | pixdim 76 8 x f4 | vox_offset 108 f4 |
scl_slope 112 f4 | scl_inter 116 f4 | xyzt_units 123 u1 | magic 344 4 bytes, "n+1" and a zero.
"""

import gzip
import math
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from cardio_dagster import deadline
from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import EchoClip, Spacing
from cardio_dagster.modalities.echo.formats.assemble import RawFrames, assemble, no_r_waves
from cardio_dagster.modalities.echo.formats.grid import Grid, PixelSize
from cardio_dagster.modalities.echo.formats.limits import (
    BoundedFile,
    check_file_size,
    check_memory,
    check_shape,
    check_work,
    kept_frames,
)
from cardio_dagster.modalities.echo.formats.plausible import Problems, rate_from, spacing_from, spacing_of

HEADER_BYTES, MAGIC = 348, b"n+1\0"
_GZIP = b"\x1f\x8b"
_KINDS = {2: "u1", 4: "i2", 512: "u2"}  # datatype to NumPy, without the byte order
_MM = {1: 1000.0, 2: 1.0, 3: 0.001}  # spatial unit (bits 0 to 2 of xyzt_units) in millimetres
_SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}  # unit of time (bits 3 to 5)
_BROKEN = (struct.error, zlib.error, EOFError, OSError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class NiftiHeader:
    """What the header says: sides in pixels, frames, type, spacing and time of a frame; None where it says nothing."""

    width: int
    height: int
    frames: int
    kind: np.dtype
    offset: int
    slope: float
    intercept: float
    pixel: PixelSize | None
    interval_s: float | None


def read_nifti(path: Path, options: Options, *, every_frame: bool = False) -> tuple[EchoClip, Problems]:
    """Read a 2D image, or frames along the third or fourth dimension, of 8 or 16 bits.

    The first dimension runs along a row (x to the right) and the second down the image (y), as in
    CAMUS, so that the stored order is that of the rows; the orientation fields are not read. 16-bit values beyond
    0 to 255 are scaled linearly so that the kept frames use 0 to 255. The spacing is pixdim in its
    unit, and None with a reason where the unit is missing or a side is not 0.05 to 2 mm; frames whose pixels
    are not square within 2 % are resampled to square ones. The frame rate is the inverse of the fourth pixdim,
    where there are four dimensions and a unit of time.

    Raises StudyError: E_HARD_004 and E_HARD_002 over the limits, E_FORMAT_002 for another kind of voxel or a
    volume, E_CORRUPT_001 for a damaged file, E_VALID_002 for impossible sides, and what `assemble` raises.
    """
    check_file_size(path, options)
    try:
        with _open(path) as file:
            header = read_header(file)
            check_shape(header.frames, header.height, header.width)
            check_work(header.frames, header.height, header.width)
            rate = None if not header.interval_s else 1 / header.interval_s
            timing, rate_problems = rate_from(rate, "pixdim[4]", still=header.frames == 1)
            raw = _read_frames(
                file, header, kept_frames(header.frames, timing.frame_rate_hz, every_frame=every_frame), options
            )
    except _BROKEN as error:
        raise StudyError("E_CORRUPT_001", "the NIfTI file is damaged", seen=type(error).__name__) from error
    spacing, spacing_problems = _spacing(header)
    r_waves = no_r_waves("a NIfTI file carries no ECG trace")
    clip, problems = assemble(raw, format="nifti", spacing=spacing, timing=timing, r_waves=r_waves, mode="b_mode")
    return clip, spacing_problems + rate_problems + problems


def read_header(file: BinaryIO) -> NiftiHeader:
    """Return the header of an open NIfTI-1 file; raises StudyError E_FORMAT_002 for a kind that is no echo clip."""
    head = file.read(HEADER_BYTES)
    if head[344:] != MAGIC:
        seen = "NIfTI-2 or a pair of files"
        raise StudyError("E_FORMAT_002", "this kind of NIfTI is not read", seen=seen, allowed="NIfTI-1 in one file")
    order = "<" if head[:4] == HEADER_BYTES.to_bytes(4, "little") else ">"
    count, width, height, third, fourth, *_ = struct.unpack_from(f"{order}8h", head, 40)
    datatype = struct.unpack_from(f"{order}h", head, 70)[0]
    pixdim = struct.unpack_from(f"{order}8f", head, 76)
    offset, slope, intercept = struct.unpack_from(f"{order}3f", head, 108)
    # CAMUS stores frames along the third dimension; a third and a fourth would be a moving volume
    third, fourth = (third if count >= 3 else 1), (fourth if count >= 4 else 1)
    if count not in (2, 3, 4) or (third > 1 and fourth > 1) or datatype not in _KINDS:
        seen = f"{count} dimensions of {width} x {height} x {third} x {fourth}, datatype {datatype}"
        allowed = "(x, y), (x, y, t) or (x, y, 1, t) of uint8, int16 or uint16"
        raise StudyError("E_FORMAT_002", "the NIfTI file is not an echo clip", seen=seen, allowed=allowed)
    kind = np.dtype(order + _KINDS[datatype])
    slope, intercept = (slope, intercept) if math.isfinite(slope) and slope != 0 else (1.0, 0.0)
    mm, seconds = _MM.get(head[123] & 7), _SECONDS.get(head[123] & 0x38)
    interval_s = abs(pixdim[4]) * seconds if seconds and count == 4 else None
    pixel = PixelSize(abs(pixdim[1]) * mm, abs(pixdim[2]) * mm) if mm else None
    return NiftiHeader(width, height, third * fourth, kind, int(offset), slope, intercept, pixel, interval_s)


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    with BoundedFile(path) as file:
        compressed = file.read(2) == _GZIP
        file.seek(0)
        yield cast(BinaryIO, gzip.GzipFile(fileobj=file) if compressed else file)


def _read_frames(file: BinaryIO, header: NiftiHeader, kept: range, options: Options) -> RawFrames:
    height, width = header.height, header.width
    grid = Grid(height, width, 0, 0, height, width, header.pixel.stretch if header.pixel else (1.0, 1.0))
    check_shape(header.frames, *grid.square_shape)
    check_memory(len(kept), *grid.kept_shape, options)
    frames = np.empty((len(kept), *grid.kept_shape), np.uint8)
    to_grey = _grey_scale(file, header, kept)
    for place, index in enumerate(kept):
        deadline.check()
        frames[place] = grid.keep(to_grey(_values(file, header, index)))
    return grid.raw(frames, None, kept, header.frames)


def _values(file: BinaryIO, header: NiftiHeader, index: int) -> np.ndarray:
    size = header.width * header.height * header.kind.itemsize
    file.seek(max(header.offset, HEADER_BYTES) + index * size)
    data = file.read(size)
    if len(data) < size:
        raise StudyError("E_CORRUPT_001", "the NIfTI file ends early", seen=f"frame {index + 1} of {header.frames}")
    stored = np.frombuffer(data, header.kind).reshape(header.height, header.width)
    return stored if header.kind.itemsize == 1 else stored * header.slope + header.intercept


def _grey_scale(file: BinaryIO, header: NiftiHeader, kept: range) -> Callable[[np.ndarray], np.ndarray]:
    """Return what turns stored values into grey: nothing for 8 bits, else a scale that fits the kept frames."""
    if header.kind.itemsize == 1:
        return lambda values: values
    extremes = [(float(v.min()), float(v.max())) for v in (_values(file, header, index) for index in kept)]
    low, high = min(0.0, *(e[0] for e in extremes)), max(e[1] for e in extremes)
    factor = 1.0 if low >= 0 and high <= 255 else 255 / (high - low)
    return lambda values: np.clip((values - low) * factor, 0, 255).round().astype(np.uint8)


def _spacing(header: NiftiHeader) -> tuple[Spacing, Problems]:
    return spacing_from(None, "pixdim with a unit") if header.pixel is None else spacing_of(header.pixel, "pixdim")
