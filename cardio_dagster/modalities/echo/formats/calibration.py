"""Place, kind and pixel spacing of the image in a DICOM ultrasound frame, taken only where plausible.

Belongs here: judging the calibration regions (DICOM PS3.3 C.8.5.5) and what of them is B-mode. Not
here: frame rate (timing.py), pixels (dicom/).
"""

from dataclasses import dataclass

from pydicom.dataset import Dataset

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.modalities.echo.clip import Spacing
from cardio_dagster.modalities.echo.formats.elements import naming, number, several, whole_number
from cardio_dagster.modalities.echo.formats.grid import Grid, PixelSize
from cardio_dagster.outcome import Problem

FRAME_RATE_HZ_MIN, FRAME_RATE_HZ_MAX = 1.0, 1000.0
_CENTIMETRES = 3  # PhysicalUnits, C.8.5.5.1.15
_PLANE, _M_MODE, _SPECTRAL = 1, 2, 3  # RegionSpatialFormat, C.8.5.5.1.1
_TISSUE, _COLOUR_FLOW = 1, 2  # RegionDataType, C.8.5.5.1.2
_IMAGE_TYPES = {0x0001: "b_mode", 0x0002: "m_mode", 0x0004: "spectral_doppler", 0x0008: "spectral_doppler"}
_COLOUR_TYPES = 0x0010 | 0x0100  # colour flow and power mode, in ImageType value 4 (C.8.5.6.1.1)
_ALLOWED = "a region inside the image, in cm, 0.005 to 0.2 cm per pixel, at most 1 : 5 between directions"


@dataclass(frozen=True, slots=True)
class Region:
    """The B-mode region of the stored frame, its spacing, and `mode`: "b_mode", "colour_doppler" or "unknown"."""

    grid: Grid
    spacing: Spacing
    mode: str
    problems: tuple[Problem, ...] = ()


def bmode_region(header: Dataset, *, rows: int, columns: int) -> Region:
    """Return the largest two-dimensional tissue region of the image, its pixel spacing and its mode.

    Of several (two images side by side) the first of the largest; a two-dimensional colour region
    where there is none of tissue. A region is refused, and the whole frame kept without a spacing,
    where it lies outside the image, is not in centimetres, is not 0.005 to 0.2 cm per pixel, or
    differs by more than 1 : 5 between directions. Where they differ by more than 2 %, the region says by how
    much its frames are to be stretched to square pixels. Without any region, PixelSpacing (0028,0030) is taken
    within the same limits, and the mode from ImageType. A colour region beside or in the image
    makes the mode "colour_doppler".

    Raises StudyError E_FORMAT_002 where all there is to see is M-mode or spectral Doppler, and
    E_CORRUPT_001, naming the element, where a region cannot be read.
    """
    with naming("SequenceOfUltrasoundRegions"):
        regions = list(header.get("SequenceOfUltrasoundRegions", None) or ())
        mode = _mode(header, regions)
        if mode in ("m_mode", "spectral_doppler"):
            name = mode.replace("_", " ").replace("m mode", "M-mode").replace("doppler", "Doppler")
            raise StudyError("E_FORMAT_002", "the image shows no B-mode", seen=f"{name} only", allowed="B-mode")
        planes = [r for r in regions if _is(r, _PLANE, _TISSUE)] or [r for r in regions if _is(r, _PLANE, _COLOUR_FLOW)]
        if planes:
            return _region(max(planes, key=_area), mode, rows, columns)
    return _without_region(header, mode, rows, columns, has_regions=bool(regions))


def _region(region: Dataset, mode: str, rows: int, columns: int) -> Region:
    fault = _fault(region, rows, columns)
    if fault:
        return _whole(rows, columns, mode, f"the calibration region is refused: {fault}", "E_VALID_005")
    left, top, right, bottom = _box(region)
    # both corners belong to the region (PS3.3 C.8.5.5.1.3); some devices count one too far
    right, bottom = min(right, columns - 1), min(bottom, rows - 1)
    size = _pixel_size(region)
    grid = Grid(rows, columns, top, left, bottom - top + 1, right - left + 1, size.stretch)
    spacing = Spacing(size.square_mm, "SequenceOfUltrasoundRegions (0018,6011)", None)
    return Region(grid, spacing, mode, size.notes())


def _without_region(header: Dataset, mode: str, rows: int, columns: int, *, has_regions: bool) -> Region:
    reason = "the header has no two-dimensional tissue region with a calibration"
    with naming("PixelSpacing"):
        values = [number(v) or 0.0 for v in several(header.get("PixelSpacing"))]
    if has_regions or len(values) != 2:
        return _whole(rows, columns, mode, reason, "E_VALID_004")
    size = PixelSize(values[1], values[0])
    if size.fault:
        return _whole(rows, columns, mode, f"PixelSpacing is refused: {size.fault}", "E_VALID_005")
    spacing = Spacing(size.square_mm, "PixelSpacing (0028,0030)", None)
    return Region(Grid(rows, columns, 0, 0, rows, columns, size.stretch), spacing, mode, size.notes())


def _mode(header: Dataset, regions: list[Dataset]) -> str:
    if any(_is(r, _PLANE, _COLOUR_FLOW) for r in regions):
        return "colour_doppler"
    if any(_is(r, _PLANE, _TISSUE) for r in regions):
        return "b_mode"
    formats = {r.get("RegionSpatialFormat") for r in regions}
    if _M_MODE in formats:
        return "m_mode"
    return "spectral_doppler" if _SPECTRAL in formats else _mode_of_image_type(header)


def _mode_of_image_type(header: Dataset) -> str:
    """Return the mode that ImageType value 4 names, a sum of hexadecimal codes; "unknown" without it."""
    values = several(header.get("ImageType"))
    try:
        codes = int(str(values[3]), 16) if len(values) > 3 else 0
    except ValueError:
        return "unknown"
    if codes & 0x0001 and codes & _COLOUR_TYPES:
        return "colour_doppler"
    return next((mode for code, mode in _IMAGE_TYPES.items() if codes & code), "unknown")


def _whole(rows: int, columns: int, mode: str, reason: str, code: str) -> Region:
    found = problem(code, reason, allowed=_ALLOWED)
    return Region(Grid(rows, columns, 0, 0, rows, columns), Spacing(None, None, reason), mode, (found,))


def _is(region: Dataset, spatial: int, data: int) -> bool:
    return (region.get("RegionSpatialFormat"), region.get("RegionDataType")) == (spatial, data)


def _box(region: Dataset) -> tuple[int, int, int, int]:
    corners = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")
    left, top, right, bottom = (whole_number(region, name, absent=-1) for name in corners)
    return left, top, right, bottom


def _area(region: Dataset) -> int:
    left, top, right, bottom = _box(region)
    return max(right - left, 0) * max(bottom - top, 0)


def _pixel_size(region: Dataset) -> PixelSize:
    # the sign only says which way the axis points
    return PixelSize(*(10 * abs(number(region.get(name)) or 0.0) for name in ("PhysicalDeltaX", "PhysicalDeltaY")))


def _fault(region: Dataset, rows: int, columns: int) -> str | None:
    left, top, right, bottom = _box(region)
    if not (0 <= left < right <= columns and 0 <= top < bottom <= rows):
        return f"it spans columns {left} to {right} and rows {top} to {bottom} of an image of {columns} x {rows}"
    units = (region.get("PhysicalUnitsXDirection"), region.get("PhysicalUnitsYDirection"))
    if units != (_CENTIMETRES, _CENTIMETRES):
        return "its units are not centimetres (3)"
    return _pixel_size(region).fault
