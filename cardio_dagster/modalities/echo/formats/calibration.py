"""Pixel spacing and time of a DICOM ultrasound object, taken only where they are plausible.

Belongs here: judging the calibration regions and the frame timing of the header. Not here:
pixels (dicom.py).
"""

from dataclasses import dataclass
from statistics import median

from pydicom.dataset import Dataset

from cardio_dagster.errors import problem
from cardio_dagster.modalities.echo.clip import Spacing, Timing
from cardio_dagster.modalities.echo.formats.elements import naming, whole_number
from cardio_dagster.outcome import Problem

SPACING_MM_MIN, SPACING_MM_MAX = 0.05, 2.0
FRAME_RATE_HZ_MIN, FRAME_RATE_HZ_MAX = 1.0, 1000.0
ALIKE = 0.02  # relative difference of the two directions up to which one number describes both
_TWO_DIMENSIONAL, _TISSUE, _CENTIMETRES = 1, 1, 3  # DICOM PS3.3 C.8.5.5.1.1, .2 and .15


@dataclass(frozen=True, slots=True)
class Region:
    """The B-mode region in file pixels, and its spacing."""

    top: int
    left: int
    height: int
    width: int
    spacing: Spacing
    problems: tuple[Problem, ...] = ()


def bmode_region(header: Dataset, *, rows: int, columns: int) -> Region:
    """Return the largest two-dimensional tissue region of the image and its pixel spacing.

    A region is refused, and the whole frame kept without a spacing, where it lies outside the
    image, is not in centimetres, is not 0.005 to 0.2 cm per pixel, or differs between directions.
    Several regions (two images side by side): the first of the largest.

    Raises StudyError E_CORRUPT_001, naming the element, where a region cannot be read.
    """
    with naming("SequenceOfUltrasoundRegions"):
        return _bmode_region(header, rows, columns)


def _bmode_region(header: Dataset, rows: int, columns: int) -> Region:
    regions = [r for r in header.get("SequenceOfUltrasoundRegions", None) or () if _is_bmode(r)]
    if not regions:
        reason = "the header has no two-dimensional tissue region with a calibration"
        return _whole(rows, columns, reason, "E_VALID_004")
    largest = max(regions, key=_area)
    fault = _fault(largest, rows, columns)
    if fault:
        return _whole(rows, columns, f"the calibration region is refused: {fault}", "E_VALID_005")
    left, top, right, bottom = _box(largest)
    # both corners belong to the region (PS3.3 C.8.5.5.1.3); some devices count one too far
    right, bottom = min(right, columns - 1), min(bottom, rows - 1)
    return Region(top, left, bottom - top + 1, right - left + 1, _spacing(largest))


def timing(header: Dataset, *, frames: int) -> Timing:
    """Return the frame rate from FrameTime, FrameTimeVector or CineRate, in this order.

    A value outside 1 to 1000 Hz is passed over as if it were absent; a still has none.

    Raises StudyError E_CORRUPT_001, naming the element, where one cannot be read.
    """
    if frames < 2:
        return Timing(None, None, "a single frame has no frame rate")
    intervals = [t for t in map(_number, _values(header, "FrameTimeVector")) if t and t > 0]
    candidates = (
        ("FrameTime (0018,1063)", _inverse_ms(_value(header, "FrameTime"))),
        ("FrameTimeVector (0018,1065), median", _inverse_ms(median(intervals)) if intervals else None),
        ("CineRate (0018,0040)", _number(_value(header, "CineRate"))),
    )
    for source, rate in candidates:
        if rate is not None and FRAME_RATE_HZ_MIN <= rate <= FRAME_RATE_HZ_MAX:
            return Timing(rate, source, None)
    return Timing(None, None, "FrameTime, FrameTimeVector and CineRate are absent or implausible")


def _whole(rows: int, columns: int, reason: str, code: str) -> Region:
    found = problem(
        code, reason, allowed="a region inside the image, in cm, 0.005 to 0.2 cm per pixel, alike in both directions"
    )
    return Region(0, 0, rows, columns, Spacing(None, None, reason), (found,))


def _is_bmode(region: Dataset) -> bool:
    return (region.get("RegionSpatialFormat"), region.get("RegionDataType")) == (_TWO_DIMENSIONAL, _TISSUE)


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
    x, y = (10 * abs(_number(region.get(name)) or 0.0) for name in ("PhysicalDeltaX", "PhysicalDeltaY"))
    return x, y


def _fault(region: Dataset, rows: int, columns: int) -> str | None:
    left, top, right, bottom = _box(region)
    if not (0 <= left < right <= columns and 0 <= top < bottom <= rows):
        return f"it spans columns {left} to {right} and rows {top} to {bottom} of an image of {columns} x {rows}"
    units = (region.get("PhysicalUnitsXDirection"), region.get("PhysicalUnitsYDirection"))
    if units != (_CENTIMETRES, _CENTIMETRES):
        return f"its units are {units} and not centimetres (3)"
    x, y = _pixel_mm(region)
    if not (SPACING_MM_MIN <= x <= SPACING_MM_MAX and SPACING_MM_MIN <= y <= SPACING_MM_MAX):
        return f"its pixels measure {x:.4g} x {y:.4g} mm"
    return f"its pixels are not square, {x:.4g} x {y:.4g} mm" if abs(x - y) > ALIKE * max(x, y) else None


def _value(header: Dataset, name: str) -> object:
    with naming(name):
        return header.get(name)


def _values(header: Dataset, name: str) -> tuple[object, ...]:
    value = _value(header, name)
    if value is None or value == "":
        return ()
    return tuple(value) if hasattr(value, "__iter__") and not isinstance(value, str) else (value,)


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _inverse_ms(value: object) -> float | None:
    interval_ms = _number(value)
    return 1000 / interval_ms if interval_ms and interval_ms > 0 else None
