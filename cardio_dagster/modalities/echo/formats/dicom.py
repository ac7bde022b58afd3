"""DICOM ultrasound to an EchoClip: header checks, grey frames one by one, the region cropped.

Belongs here: transfer syntaxes, colour spaces, truncation. Not here: plausibility of spacing
and time (calibration.py).

The grey value of a pixel is its luma (ITU-R BT.601): the Y of a YBR image, the weighted sum
of an RGB one. JPEG baseline in YBR is decoded straight to Y, 25 times faster than by way of
RGB; everything else goes through pydicom's decoders.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGBaseline8Bit, JPEGExtended12Bit

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.formats.calibration import bmode_region, timing
from cardio_dagster.modalities.echo.clip import EchoClip
from cardio_dagster.modalities.echo.formats.elements import naming, whole_number
from cardio_dagster.modalities.echo.formats.limits import allocate_frames, check_file_size, check_shape
from cardio_dagster.outcome import Problem

_PIXEL_TAG = b"\xe0\x7f\x10\x00"
_NEEDED = ("Rows", "Columns", "PhotometricInterpretation", "BitsAllocated", "SamplesPerPixel")
_SYNTAX_NAME = "TransferSyntaxUID"
_SIZED_BY_PILLOW = frozenset({JPEGBaseline8Bit, JPEG2000, JPEG2000Lossless})
_LUMA_FIRST = frozenset({"YBR_FULL_422", "YBR_FULL", "MONOCHROME2"})


def read_dicom(path: Path, options: Options) -> tuple[EchoClip, tuple[Problem, ...]]:
    """Read a DICOM ultrasound still or cine.

    Raises StudyError: E_HARD_004 and E_HARD_002 over the limits, E_CORRUPT_001 where the header or
    a frame cannot be read (naming byte or frame), E_FORMAT_002 for a transfer syntax that no
    installed decoder reads, E_VALID_001 for a missing image element or transfer syntax.
    """
    size = check_file_size(path, options)
    with path.open("rb") as file:
        header = _read_header(file, size)
        count, rows, columns = _shape(header)
        region = bmode_region(header, rows=rows, columns=columns)
        frames = allocate_frames(count, region.height, region.width, options)
        box = np.s_[region.top : region.top + region.height, region.left : region.left + region.width]
        _fill(frames, box, _grey_frames(file, header, (rows, columns)), (rows, columns))
    time = timing(header, frames=count)
    clip = EchoClip("dicom", frames, rows, columns, region.top, region.left, region.spacing, time, 1, count)
    return clip, region.problems


def _read_header(file: BinaryIO, size: int) -> Dataset:
    try:
        header = pydicom.dcmread(file, stop_before_pixels=True)
        missing = [name for name in _NEEDED if header.get(name) is None]
    except Exception as error:  # a damaged header fails in ways that pydicom does not list
        seen = f"{type(error).__name__} at byte {file.tell()} of {size}"
        raise StudyError("E_CORRUPT_001", "the DICOM header cannot be read", seen=seen) from error
    if header.file_meta.get(_SYNTAX_NAME) is None:
        missing.append("TransferSyntaxUID (0002,0010)")
    position = file.tell()
    if position >= size:
        raise StudyError("E_CORRUPT_001", "the file ends before its pixel data", seen=f"end at byte {size}")
    if missing:
        raise StudyError("E_VALID_001", "the DICOM header lacks an image element", seen=f"no {', '.join(missing)}")
    return header


def _shape(header: Dataset) -> tuple[int, int, int]:
    count = whole_number(header, "NumberOfFrames", absent=1) or 1
    rows, columns = (whole_number(header, name, absent=0) for name in ("Rows", "Columns"))
    check_shape(count, rows, columns)
    return count, rows, columns


def _fill(frames: np.ndarray, box: tuple[slice, slice], greys: Iterator[np.ndarray], shape: tuple[int, int]) -> None:
    for index in range(len(frames)):
        try:
            grey = next(greys, None)
            if grey is None or grey.shape != shape:
                raise ValueError("no frame" if grey is None else f"frame of {grey.shape[1]} x {grey.shape[0]} pixels")
        except (MemoryError, StudyError):
            raise
        except Exception as error:  # decoders raise their own types for damaged data
            seen = f"frame {index + 1} of {len(frames)}: {type(error).__name__}"
            raise StudyError("E_CORRUPT_001", "the pixel data end early or are damaged", seen=seen) from error
        frames[index] = grey[box]


def _grey_frames(file: BinaryIO, header: Dataset, shape: tuple[int, int]) -> Iterator[np.ndarray]:
    syntax = header.file_meta.TransferSyntaxUID
    is_jpeg = syntax in (JPEGBaseline8Bit, JPEGExtended12Bit)
    with naming("PhotometricInterpretation"):
        is_luma_first = header.PhotometricInterpretation in _LUMA_FIRST
    if is_jpeg and header.BitsAllocated == 8 and is_luma_first:
        return _jpeg_frames(file, int(header.get("NumberOfFrames") or 1), shape)
    return _pydicom_frames(file, header, shape)


def _jpeg_frames(file: BinaryIO, count: int, shape: tuple[int, int]) -> Iterator[np.ndarray]:
    import simplejpeg

    for frame in _encapsulated(file, count):
        jpeg = frame.rstrip(b"\0")
        _require_shape(simplejpeg.decode_jpeg_header(jpeg)[:2], shape)
        yield simplejpeg.decode_jpeg(jpeg, "GRAY")[..., 0]


def _encapsulated(file: BinaryIO, count: int) -> Iterator[bytes]:
    if file.read(4) != _PIXEL_TAG:
        raise ValueError("no pixel data element after the header")
    file.seek(8, 1)  # value representation, reserved bytes and length of an encapsulated element
    yield from pydicom.encaps.generate_frames(file, number_of_frames=count)


def _require_shape(found: tuple[int, int], shape: tuple[int, int]) -> None:
    """Refuse a compressed frame whose own header claims another size, before memory is taken for it."""
    if tuple(found) != shape:
        raise ValueError("the frame's own header disagrees with Rows and Columns")


def _pydicom_frames(file: BinaryIO, header: Dataset, shape: tuple[int, int]) -> Iterator[np.ndarray]:
    _require_decoder(header)
    if header.file_meta.TransferSyntaxUID in _SIZED_BY_PILLOW:
        start = file.tell()
        for frame in _encapsulated(file, int(header.get("NumberOfFrames") or 1)):
            with Image.open(io.BytesIO(frame)) as opened:  # reads the header only
                _require_shape((opened.height, opened.width), shape)
        file.seek(start)
    for pixels in iter_pixels(file):
        yield _to_grey(pixels, header)


def _require_decoder(header: Dataset) -> None:
    syntax = header.file_meta.TransferSyntaxUID
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        allowed = "uncompressed, RLE, JPEG baseline, JPEG 2000"
        raise StudyError(
            "E_FORMAT_002", "no installed decoder reads this transfer syntax", seen=syntax.name, allowed=allowed
        )


def _to_grey(pixels: np.ndarray, header: Dataset) -> np.ndarray:
    bits = int(header.get("BitsStored") or header.BitsAllocated)
    if header.PhotometricInterpretation == "PALETTE COLOR":
        pixels = _palette_colours(pixels, header)
        bits = 8 * pixels.dtype.itemsize
    eight = pixels if bits <= 8 else pixels >> (bits - 8)
    eight = eight.astype(np.uint8)
    if header.PhotometricInterpretation == "MONOCHROME1":
        eight = 255 - eight
    return eight if eight.ndim == 2 else np.asarray(Image.fromarray(eight).convert("L"))


def _palette_colours(pixels: np.ndarray, header: Dataset) -> np.ndarray:
    colours = apply_color_lut(pixels, header)
    big_endian = not header.original_encoding[1]
    # pydicom 3.0 reads the 16-bit tables of a big-endian file as little-endian; segmented ones it reads right
    if big_endian and colours.dtype.itemsize == 2 and "RedPaletteColorLookupTableData" in header:
        colours = colours.byteswap()
    return colours
