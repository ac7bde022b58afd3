"""Damage to DICOM files where readers trust them: the values and lengths of elements.

Belongs here: bytes to bytes, found by their marks so that a file damaged before can be damaged again. Not here: pixel
data (damage_pixels.py), damage to any bytes (modalities/damage.py), other formats (damage.py).
"""

import random
import struct
from dataclasses import dataclass

from pydicom.datadict import dictionary_VR, tag_for_keyword

from cardio_dagster_tests.modalities.damage import NUMBERS, SMALL, Kind, cut
from cardio_dagster_tests.modalities.echo.damage_pixels import fragment, frame_head, offsets

_IMAGE = (
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "PhotometricInterpretation", "PixelData",
)  # fmt: skip
_OTHER = (
    "TransferSyntaxUID", "SOPClassUID", "Modality", "ImageType", "Manufacturer", "FrameTime", "FrameTimeVector", "CineRate",
    "EffectiveDuration", "RWaveTimeVector", "HeartRate", "PixelSpacing", "SequenceOfUltrasoundRegions", "RegionSpatialFormat",
    "RegionDataType", "RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1",
    "PhysicalUnitsXDirection", "PhysicalDeltaX", "PhysicalDeltaY", "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData", "WaveformSequence", "SamplingFrequency",
    "NumberOfWaveformSamples", "NumberOfWaveformChannels", "WaveformBitsAllocated", "WaveformData", "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths", "FileMetaInformationGroupLength",
)  # fmt: skip
_LONG = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT")  # with a length of four bytes
_WHOLE = (0, 1, 2, 3, 8, 12, 16, 31, 32, 33, 64, 255, 4096, 8192, 8193, 32767, 65535)
_LENGTHS = (0, 1, 2, 3, 7, 65535, 2**31, 2**32 - 2, 2**32 - 1)
_REAL = (0.0, -0.05, 1e-320, 0.01, 5.0, 1e308, float("nan"), float("inf"))
_COLOURS = (b"MONOCHROME1", b"MONOCHROME2", b"PALETTE COLOR", b"RGB", b"YBR_FULL", b"YBR_FULL_422", b"YBR_ICT", b"YBR_RCT",
            b"YBR_PARTIAL_420", b"CMYK", b"")  # fmt: skip
_SYNTAXES = tuple(
    f"1.2.840.10008.1.2{end}".encode()
    for end in ("", ".1", ".2", ".5", ".1.99", ".4.50", ".4.51", ".4.57", ".4.70", ".4.80", ".4.81", ".4.90", ".4.91", ".4.100",
                ".4.102", ".4.107", ".4.201")
)  # fmt: skip
_WORDS = {"PhotometricInterpretation": _COLOURS, "TransferSyntaxUID": _SYNTAXES}


def element(content: bytes, chance: random.Random) -> bytes:
    """Return the file with the value of one of its elements replaced by another of its kind, or its length changed."""
    name = chance.choice(_IMAGE if chance.random() < 0.5 else _OTHER)
    found = _element(content, name, chance)
    if found is None:
        return content
    form, largest = found.order + ("H" if found.is_short else "I"), 0xFFFF if found.is_short else 0xFFFFFFFF
    if chance.random() < 0.12 or name == "PixelData" or found.length > 4096:
        return content[: found.at] + struct.pack(form, chance.choice(_LENGTHS) & largest) + content[found.value_at :]
    value = _value(name, found, chance)
    value += b"\0" * (len(value) % 2)
    after = content[found.value_at + found.length :]
    return content[: found.at] + struct.pack(form, len(value)) + value + after


@dataclass(frozen=True)
class _Element:
    """Where an element's length and its value stand, and the form of the value."""

    kind: bytes
    order: str
    at: int
    value_at: int
    length: int

    @property
    def is_short(self) -> bool:
        """Return whether its length takes two bytes."""
        return self.value_at - self.at == 2


def _value(name: str, found: _Element, chance: random.Random) -> bytes:
    """Return a value of the element's own form."""
    if name in _WORDS:
        return bytes(chance.choice(_WORDS[name]))
    if found.kind in (b"US", b"SS"):
        return b"".join(struct.pack(f"{found.order}H", chance.choice(_WHOLE)) for _ in range(max(found.length // 2, 1)))
    if found.kind in (b"UL", b"SL"):
        return struct.pack(f"{found.order}I", chance.choice((*_WHOLE, 2**31, 2**32 - 1)))
    if found.kind == b"FD":
        return struct.pack(f"{found.order}d", chance.choice(_REAL))
    if found.kind in (b"IS", b"DS", b"CS", b"LO", b"UI"):
        return chance.choice((*NUMBERS, b"", b"1\\2", b"abc", b"\xff\xfe", b"7", b"33.3"))
    return chance.randbytes(found.length)


def _element(content: bytes, name: str, chance: random.Random) -> _Element | None:
    """Return one of the places where the bytes say that there is this element; None where it is not there.

    In the implicit form it has the kind that the dictionary of DICOM gives it.
    """
    tag = tag_for_keyword(name)
    assert tag is not None, name
    places = [
        (order, at) for order in "<>" for at in _places(content, struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF))
    ]
    if not places:
        return None
    order, at = chance.choice(places)
    kind = content[at + 4 : at + 6]
    if not (kind.isalpha() and kind.isupper()):
        return _Element(dictionary_VR(tag)[:2].encode(), order, at + 4, at + 8, _length(content, f"{order}I", at + 4))
    if kind in _LONG:
        return _Element(kind, order, at + 8, at + 12, _length(content, f"{order}I", at + 8))
    return _Element(kind, order, at + 6, at + 8, _length(content, f"{order}H", at + 6))


def _places(content: bytes, mark: bytes) -> list[int]:
    """Return the first eight places of a mark behind the preamble, with room for a length after them."""
    places, at = [], content.find(mark, 132)
    while 0 <= at <= len(content) - 12 and len(places) < 8:
        places.append(at)
        at = content.find(mark, at + 4)
    return places


def _length(content: bytes, form: str, at: int) -> int:
    (length,) = struct.unpack_from(form, content, at)
    return min(int(length), max(len(content) - at - 4, 0))


DICOM_KINDS: dict[Kind, int] = {
    element: 12,
    fragment: 4,
    frame_head: 4,
    offsets: 2,
    cut: 1,
    **SMALL,
}  # with their weights
