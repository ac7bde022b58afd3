"""Place, kind and pixel spacing of the image in a DICOM ultrasound frame, taken only where plausible.

Belongs here: judging the calibration regions (DICOM PS3.3 C.8.5.5) and what of them is B-mode. Not
here: frame rate (timing.py), pixels (dicom/).
"""

from dataclasses import dataclass

from pydicom.dataset import Dataset

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.modalities.echo.clip import Spacing
from cardio_dagster.modalities.echo.formats.elements import naming, number, several, whole_number
from cardio_dagster.outcome import Problem

SPACING_MM_MIN, SPACING_MM_MAX = 0.05, 2.0
FRAME_RATE_HZ_MIN, FRAME_RATE_HZ_MAX = 1.0, 1000.0
ALIKE = 0.02  # relative difference of the two directions up to which one number describes both
_CENTIMETRES = 3  # PhysicalUnits, C.8.5.5.1.15
_PLANE, _M_MODE, _SPECTRAL = 1, 2, 3  # RegionSpatialFormat, C.8.5.5.1.1
_TISSUE, _COLOUR_FLOW = 1, 2  # RegionDataType, C.8.5.5.1.2
_IMAGE_TYPES = {0x0001: "b_mode", 0x0002: "m_mode", 0x0004: "spectral_doppler", 0x0008: "spectral_doppler"}
_COLOUR_TYPES = 0x0010 | 0x0100  # colour flow and power mode, in ImageType value 4 (C.8.5.6.1.1)
_ALLOWED = "a region inside the image, in cm, 0.005 to 0.2 cm per pixel, alike in both directions"


@dataclass(frozen=True, slots=True)
class Region:
    """The B-mode region in file pixels, its spacing, and `mode`: "b_mode", "colour_doppler" or "unknown"."""

    top: int
    left: int
    height: int
    width: int
    spacing: Spacing
    mode: str
    problems: tuple[Problem, ...] = ()


def bmode_region(header: Dataset, *, rows: int, columns: int) -> Region:
    """Return the largest two-dimensional tissue region of the image, its pixel spacing and its mode.

    Of several (two images side by side) the first of the largest; a two-dimensional colour region
    where there is none of tissue. A region is refused, and the whole frame kept without a spacing,
    where it lies outside the image, is not in centimetres, is not 0.005 to 0.2 cm per pixel, or
    differs by more than 2 % between directions. Without any region, PixelSpacing (0028,0030) is taken
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
    return Region(top, left, bottom - top + 1, right - left + 1, _spacing(region), mode)


def _without_region(header: Dataset, mode: str, rows: int, columns: int, *, has_regions: bool) -> Region:
    reason = "the header has no two-dimensional tissue region with a calibration"
    with naming("PixelSpacing"):
        values = [number(v) or 0.0 for v in several(header.get("PixelSpacing"))]
    if has_regions or len(values) != 2:
        return _whole(rows, columns, mode, reason, "E_VALID_004")
    fault = _unlike(values[1], values[0])
    if fault:
        return _whole(rows, columns, mode, f"PixelSpacing is refused: {fault}", "E_VALID_005")
    spacing = Spacing(sum(values) / 2, "PixelSpacing (0028,0030)", None)
    return Region(0, 0, rows, columns, spacing, mode)


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
    return Region(0, 0, rows, columns, Spacing(None, None, reason), mode, (found,))


def _is(region: Dataset, spatial: int, data: int) -> bool:
    return (region.get("RegionSpatialFormat"), region.get("RegionDataType")) == (spatial, data)


def _box(region: Dataset) -> tuple[int, int, int, int]:
    corners = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")
    left, top, right, bottom = (whole_number(region, name, absent=-1) for name in corners)
    return left, top, right, bottom


def _area(region: Dataset) -> int:
    left, top, right, bottom = _box(region)
    return max(right - left, 0) * max(bottom - top, 0)


def _spacing(region: Dataset) -> Spacing:
    x, y = _pixel_mm(region)
    return Spacing((x + y) / 2, "SequenceOfUltrasoundRegions (0018,6011)", None)


def _pixel_mm(region: Dataset) -> tuple[float, float]:
    # the sign only says which way the axis points
    x, y = (10 * abs(number(region.get(name)) or 0.0) for name in ("PhysicalDeltaX", "PhysicalDeltaY"))
    return x, y


def _fault(region: Dataset, rows: int, columns: int) -> str | None:
    left, top, right, bottom = _box(region)
    if not (0 <= left < right <= columns and 0 <= top < bottom <= rows):
        return f"it spans columns {left} to {right} and rows {top} to {bottom} of an image of {columns} x {rows}"
    units = (region.get("PhysicalUnitsXDirection"), region.get("PhysicalUnitsYDirection"))
    if units != (_CENTIMETRES, _CENTIMETRES):
        return "its units are not centimetres (3)"
    return _unlike(*_pixel_mm(region))


def _unlike(x_mm: float, y_mm: float) -> str | None:
    """Return what is wrong with the sides of a pixel; None where they are plausible and alike."""
    if not (SPACING_MM_MIN <= x_mm <= SPACING_MM_MAX and SPACING_MM_MIN <= y_mm <= SPACING_MM_MAX):
        return f"its pixels measure {x_mm:.4g} x {y_mm:.4g} mm"
    return (
        f"its pixels are not square, {x_mm:.4g} x {y_mm:.4g} mm" if abs(x_mm - y_mm) > ALIKE * max(x_mm, y_mm) else None
    )
