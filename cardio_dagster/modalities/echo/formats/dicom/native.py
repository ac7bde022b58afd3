"""Uncompressed pixels: the bytes of one frame out of the file, and the samples in them.

Belongs here: byte order, sample order and place of native pixel data (DICOM PS3.5 section 8, annex A).
Not here: grey values and colours (grey.py), compressed frames.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.echo.formats.dicom.header import PixelFormat
from cardio_dagster.modalities.echo.formats.limits import BoundedFile

PIXEL_DATA = (0x7FE0, 0x0010)


@dataclass(frozen=True, slots=True)
class NativeData:
    """Where the pixel data lie in the file, and in which order their bytes come."""

    start: int
    length: int
    big_endian: bool
    swapped_words: bool  # 8-bit samples written as big-endian words, two exchanged in each


def find_native(file: BoundedFile, form: PixelFormat, *, implicit: bool, big_endian: bool) -> NativeData:
    """Return the place of the pixel data, of which `file` stands at the element's tag.

    Raises StudyError E_CORRUPT_001, naming the frame, where they end before the last frame does.
    """
    order = ">" if big_endian else "<"
    tag = struct.unpack(order + "HH", file.read(4))
    if tag != PIXEL_DATA:
        raise StudyError("E_CORRUPT_001", "no pixel data follow the DICOM header", seen=f"byte {file.tell() - 4}")
    kind = b"OW" if implicit else file.read(4)[:2]
    (claimed,) = struct.unpack(order + "L", file.read(4))
    length = min(claimed, file.size - file.tell())
    whole = length // frame_bytes(form)
    if whole < form.frames:
        seen = f"frame {whole + 1} of {form.frames}: {length} bytes of pixel data"
        raise StudyError("E_CORRUPT_001", "the pixel data end early or are damaged", seen=seen)
    return NativeData(file.tell(), length, big_endian, big_endian and kind == b"OW" and form.bits_allocated == 8)


def frame_bytes(form: PixelFormat) -> int:
    """Return the bytes of one frame; of YBR_FULL_422 two pixels share their colour in four bytes."""
    per_pixel = 2 if form.photometric == "YBR_FULL_422" else form.samples * form.bits_allocated // 8
    return form.rows * form.columns * per_pixel


def native_frames(file: BoundedFile, data: NativeData, form: PixelFormat, kept: Iterable[int]) -> Iterator[np.ndarray]:
    """Yield the samples of the kept frames, (h, w) or (h, w, 3), unsigned 8 or 16 bit.

    No other frame is read. Raises ValueError for a YBR_FULL_422 frame of odd width.
    """
    size = frame_bytes(form)
    for index in kept:
        content = _read(file, data, index * size, size)
        yield _samples(np.frombuffer(content, _type(form, data)), form)


def _read(file: BoundedFile, data: NativeData, offset: int, size: int) -> bytes:
    if not data.swapped_words:
        file.seek(data.start + offset)
        return file.read(size)
    first, last = offset // 2 * 2, -(-(offset + size) // 2) * 2  # whole words
    file.seek(data.start + first)
    content = file.read(last - first)
    words = np.frombuffer(content.ljust(last - first, b"\0"), "<u2").byteswap().tobytes()
    return words[offset - first : offset - first + size]


def _type(form: PixelFormat, data: NativeData) -> str:
    return "u1" if form.bits_allocated == 8 else (">u2" if data.big_endian else "<u2")


def _samples(values: np.ndarray, form: PixelFormat) -> np.ndarray:
    shape = form.rows, form.columns
    if form.samples == 1:
        return values.reshape(shape)
    if form.photometric == "YBR_FULL_422":
        return _shared_colours(values, form)
    if form.planar:
        return values.reshape(form.samples, *shape).transpose(1, 2, 0)
    return values.reshape(*shape, form.samples)


def _shared_colours(values: np.ndarray, form: PixelFormat) -> np.ndarray:
    """Return (h, w, 3) of bytes that come as Y Y Cb Cr, one pair of colours for two pixels of a row."""
    if form.columns % 2 or form.bits_allocated != 8:
        raise ValueError("YBR_FULL_422 of an odd width or of 16 bits")
    groups = values.reshape(form.rows, form.columns // 2, 4)
    full = np.empty((form.rows, form.columns, 3), np.uint8)
    full[..., 0] = groups[..., :2].reshape(form.rows, form.columns)
    full[..., 1:] = np.repeat(groups[..., 2:], 2, axis=1)
    return full
