"""What the header of a compressed frame claims, read before a decoder may take memory for it.

Belongs here: size, samples and bits from the first markers of JPEG, JPEG-LS and JPEG 2000. Not here:
decoding. Marker codes: ITU-T T.81 table B.1, T.87 annex C, T.800 annex A.
"""

import struct
from dataclasses import dataclass

_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}  # SOF, without DHT, JPG and DAC
_JFIF, _ADOBE = 0xE0, 0xEE
_ADOBE_BYTES = 12  # a shorter mark is passed over, as decoders do
_JPEG2000_START = b"\xff\x4f\xff\x51"
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the frame says of itself.

    `marker` is the code of its frame header (0 for JPEG 2000). `is_unmarked`: nothing in a JPEG frame
    says what its samples mean (no JFIF or Adobe mark, none at a lower resolution), so that they are
    what the DICOM header calls them.
    """

    rows: int
    columns: int
    samples: int
    bits: int
    marker: int = 0
    is_unmarked: bool = False


def jpeg_claims(frame: bytes) -> Claimed:
    """Return what a JPEG or JPEG-LS frame claims; ValueError where it has no frame header."""
    position, marked = 2, False
    while position + 4 <= len(frame) and frame[position] == 0xFF:
        code, (length,) = frame[position + 1], struct.unpack_from(">H", frame, position + 2)
        if code == 0xFF:  # fill byte
            position += 1
            continue
        if code in _FRAME_MARKERS:
            return _frame_header(frame[position + 4 : position + 2 + length], code, marked)
        content = frame[position + 4 : position + 2 + length]
        marked = marked or (code == _JFIF and content.startswith(b"JFIF\0"))
        marked = marked or (code == _ADOBE and content.startswith(b"Adobe") and len(content) >= _ADOBE_BYTES)
        position += 2 + length
    raise ValueError("no JPEG frame header")


def jpeg2000_claims(frame: bytes) -> Claimed:
    """Return what a JPEG 2000 codestream or JP2 file claims; ValueError where it has no SIZ marker."""
    start = _codestream(frame) if frame.startswith(_JP2_SIGNATURE) else 0
    if frame[start : start + 4] != _JPEG2000_START:
        raise ValueError("no JPEG 2000 codestream")
    right, lower, left, top = struct.unpack_from(">4L", frame, start + 8)
    samples, depth = struct.unpack_from(">HB", frame, start + 40)
    return Claimed(lower - top, right - left, samples, (depth & 0x7F) + 1)


def _frame_header(content: bytes, code: int, marked: bool) -> Claimed:
    bits, rows, columns, samples = struct.unpack_from(">BHHB", content)
    components = [struct.unpack_from(">BB", content, 6 + 3 * i) for i in range(samples)]
    alike = len({sampling for _, sampling in components}) == 1
    return Claimed(rows, columns, samples, bits, code, is_unmarked=alike and not marked)


def _codestream(frame: bytes) -> int:
    position = 0
    while position + 16 <= len(frame):
        length, kind, long_length = struct.unpack_from(">L4sQ", frame, position)
        if kind == b"jp2c":
            return position + (16 if length == 1 else 8)
        step = long_length if length == 1 else length
        if step < 8:
            break
        position += step
    raise ValueError("no codestream in the JP2 file")
