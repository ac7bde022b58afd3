"""Numbers that a file states in plain form, taken only where they are plausible: spacing, rate, R waves.

Belongs here: what NPZ, NIfTI and video files share in judging them. Not here: DICOM elements
(calibration.py, timing.py).
"""

import math

import numpy as np

from cardio_dagster.errors import problem
from cardio_dagster.modalities.echo.clip import RWaves, Spacing, Timing
from cardio_dagster.modalities.echo.formats.calibration import FRAME_RATE_HZ_MAX, FRAME_RATE_HZ_MIN
from cardio_dagster.modalities.echo.formats.grid import RATIO_MAX, SPACING_MM_MAX, SPACING_MM_MIN, PixelSize
from cardio_dagster.outcome import Problem

Problems = tuple[Problem, ...]
STILL = "a single frame has no frame rate"
_SIDES = f"{SPACING_MM_MIN:g} to {SPACING_MM_MAX:g} mm in each direction, at most 1 : {RATIO_MAX:g}"
_WAVES_MAX = 1000  # of a clip: four minutes at 250 beats a minute


def spacing_from(mm: float | None, source: str) -> tuple[Spacing, Problems]:
    """Return the spacing that `source` states; None with E_VALID_004 where absent, E_VALID_005 outside 0.05 to 2 mm."""
    value, problems = _judge(source, mm, SPACING_MM_MIN, SPACING_MM_MAX, "mm")
    return Spacing(value, source if value else None, _reason(problems)), problems


def spacing_of(pixel: PixelSize, source: str) -> tuple[Spacing, Problems]:
    """Return the spacing of square pixels, with a note where the frames are resampled to them; None with E_VALID_005."""
    if pixel.fault:
        found = problem("E_VALID_005", f"`{source}` is implausible", seen=pixel.fault, allowed=_SIDES)
        return Spacing(None, None, found.message), (found,)
    return Spacing(pixel.square_mm, source, None), pixel.notes()


def rate_from(hz: float | None, source: str, *, still: bool) -> tuple[Timing, Problems]:
    """Return the frame rate that `source` states; None with E_VALID_004 where absent, E_VALID_005 outside 1 to 1000 Hz.

    A still has none, and that is no problem.
    """
    if still:
        return Timing(None, None, STILL), ()
    value, problems = _judge(source, hz, FRAME_RATE_HZ_MIN, FRAME_RATE_HZ_MAX, "Hz")
    return Timing(value, source if value else None, _reason(problems)), problems


def r_waves_from(times_s: np.ndarray | None, source: str) -> tuple[RWaves, Problems]:
    """Return the R waves that `source` states, (k,) seconds from the first frame; empty with a reason.

    None means that the file holds none. Refused, with an E_VALID_005, where they are not finite, negative,
    not ascending or more than a thousand.
    """
    if times_s is None:
        return RWaves(np.empty(0), None, "the file holds no R waves"), ()
    times_s = np.asarray(times_s, np.float64)
    plausible = times_s.ndim == 1 and np.isfinite(times_s).all() and len(times_s) <= _WAVES_MAX
    if plausible and (times_s >= 0).all() and (np.diff(times_s) > 0).all():
        return RWaves(times_s, source, None), ()
    found = problem("E_VALID_005", f"`{source}` is implausible", allowed="ascending seconds from 0, a thousand at most")
    return RWaves(np.empty(0), None, found.message), (found,)


def _judge(name: str, value: float | None, low: float, high: float, unit: str) -> tuple[float | None, Problems]:
    allowed = f"{low:g} to {high:g} {unit}"
    if value is None:
        return None, (problem("E_VALID_004", f"`{name}` is missing", allowed=allowed),)
    if math.isnan(value):
        return None, (problem("E_VALID_005", f"`{name}` is not a number", allowed=f"one number, {allowed}"),)
    if not low <= value <= high:
        return None, (problem("E_VALID_005", f"`{name}` is implausible", seen=f"{value:g}", allowed=allowed),)
    return value, ()


def _reason(problems: Problems) -> str | None:
    return problems[0].message if problems else None
