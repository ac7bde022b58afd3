"""The header of a DICOM object: the elements that are used, and no others, and the form of its pixels.

Belongs here: reading elements by name, and judging whether the pixels can be read at all. Not here:
calibration, time, pixels. An element that is not in ELEMENTS is not in the header that is handed on, so that
nothing of the patient can reach a result (PS3.15 Table E.1-1).
"""

from dataclasses import dataclass
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.echo.formats.device import DEVICE_ELEMENTS
from cardio_dagster.modalities.echo.formats.dicom.ecg_trace import TRACE_ELEMENTS
from cardio_dagster.modalities.echo.formats.elements import naming, whole_number
from cardio_dagster.modalities.echo.formats.limits import BoundedFile, check_shape
from cardio_dagster.modalities.echo.formats.timing import TIME_ELEMENTS

_NEEDED = ("Rows", "Columns", "PhotometricInterpretation", "BitsAllocated", "SamplesPerPixel")
_PALETTE = tuple(
    f"{prefix}{colour}PaletteColorLookupTable{part}"
    for colour in ("Red", "Green", "Blue")
    for prefix, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
)
_PIXELS = ("NumberOfFrames", "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration")
_PLACE = ("SequenceOfUltrasoundRegions", "PixelSpacing", "ImageType")
ELEMENTS: tuple[Any, ...] = (
    *_NEEDED,
    *_PIXELS,
    *_PALETTE,
    *_PLACE,
    *TIME_ELEMENTS,
    *TRACE_ELEMENTS,
    *DEVICE_ELEMENTS,
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
)
SAMPLES = {
    "MONOCHROME1": 1,
    "MONOCHROME2": 1,
    "PALETTE COLOR": 1,
    **dict.fromkeys(("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"), 3),
}


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How the pixels of a frame are stored (DICOM PS3.3 C.7.6.3.1)."""

    frames: int
    rows: int
    columns: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    planar: bool


def read_header(file: BoundedFile) -> Dataset:
    """Return the used elements of the header; the file is left at its pixel data element.

    Raises StudyError: E_CORRUPT_001 where it cannot be read or the file ends before its pixels
    (naming the byte), E_FORMAT_002 for the deflated transfer syntax, E_VALID_001 naming what is missing.
    """
    try:
        _refuse_deflated(read_file_meta_info(file.path))
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(ELEMENTS))
        missing = [name for name in _NEEDED if header.get(name) is None]
    except StudyError:
        raise
    except Exception as error:  # a damaged header fails in ways that pydicom does not list
        seen = f"{type(error).__name__} at byte {file.tell()} of {file.size}"
        raise StudyError("E_CORRUPT_001", "the DICOM header cannot be read", seen=seen) from error
    if header.file_meta.get("TransferSyntaxUID") is None:
        missing.append("TransferSyntaxUID (0002,0010)")
    if file.tell() >= file.size:
        raise StudyError("E_CORRUPT_001", "the file ends before its pixel data", seen=f"end at byte {file.size}")
    if missing:
        raise StudyError("E_VALID_001", "the DICOM header lacks an image element", seen=f"no {', '.join(missing)}")
    return header


def pixel_format(header: Dataset) -> PixelFormat:
    """Return the form of the pixels.

    Raises StudyError: E_CORRUPT_001, naming an element that holds no usable value or contradicts
    another, E_VALID_002 for an impossible shape, E_FORMAT_002 for bits or colours that are not read.
    """
    with naming("PhotometricInterpretation"):
        photometric = str(header.PhotometricInterpretation).strip()
    allocated = whole_number(header, "BitsAllocated", absent=0)
    _check_kind(photometric, allocated)
    stored = whole_number(header, "BitsStored", absent=allocated) or allocated
    found = PixelFormat(
        frames=whole_number(header, "NumberOfFrames", absent=1) or 1,
        rows=whole_number(header, "Rows", absent=0),
        columns=whole_number(header, "Columns", absent=0),
        samples=whole_number(header, "SamplesPerPixel", absent=0),
        photometric=photometric,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=whole_number(header, "HighBit", absent=stored - 1),
        signed=whole_number(header, "PixelRepresentation", absent=0) == 1,
        planar=whole_number(header, "PlanarConfiguration", absent=0) == 1,
    )
    check_shape(found.frames, found.rows, found.columns)
    _check_agreement(found)
    return found


def _refuse_deflated(meta: Dataset) -> None:
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:  # inflates without a limit
        cure = "Export the clip with another transfer syntax, such as JPEG baseline."
        raise StudyError("E_FORMAT_002", "a deflated DICOM file is not read", cure=cure)


def _check_kind(photometric: str, allocated: int) -> None:
    allowed = f"{', '.join(SAMPLES)}; 8 or 16 bits allocated"
    if photometric not in SAMPLES:
        raise StudyError("E_FORMAT_002", "the PhotometricInterpretation (0028,0004) is not supported", allowed=allowed)
    if allocated not in (8, 16):
        raise StudyError("E_FORMAT_002", "these BitsAllocated (0028,0100) are not supported", allowed=allowed)


def _check_agreement(found: PixelFormat) -> None:
    if not 1 <= found.bits_stored <= found.high_bit + 1 <= found.bits_allocated:
        seen = f"BitsStored {found.bits_stored}, HighBit {found.high_bit} of {found.bits_allocated}"
        raise StudyError("E_CORRUPT_001", "the bits of a pixel contradict each other", seen=seen)
    if found.samples != SAMPLES[found.photometric]:
        seen = f"{found.photometric} with SamplesPerPixel {found.samples}"
        raise StudyError("E_CORRUPT_001", "colours and samples of a pixel contradict each other", seen=seen)
