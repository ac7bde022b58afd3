"""The QT interval at a rate of 60/min, adjusted for a wide QRS and averaged in atrial fibrillation.

Belongs here: formulas of the corrected QT. Not here: measuring QT (intervals.py) or judging it (statements/).
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Values = TypeVar("Values", float, np.ndarray)
MIN_AF_BEATS = 8
WIDE_QRS_MS = 120.0
_BOGOSSIAN = 0.485


@dataclass(frozen=True, slots=True)
class CorrectedQt:
    """QT at a rate of 60/min by four formulas, in ms."""

    bazett_ms: float
    fridericia_ms: float
    framingham_ms: float
    hodges_ms: float


def correct_qt(*, qt_ms: float, rr_ms: float) -> CorrectedQt:
    """Return QTc by Bazett 1920, Fridericia 1920, Framingham (Sagie 1992) and Hodges 1983.

    >>> correct_qt(qt_ms=400.0, rr_ms=1000.0)
    CorrectedQt(bazett_ms=400.0, fridericia_ms=400.0, framingham_ms=400.0, hodges_ms=400.0)
    """
    return CorrectedQt(*(float(value) for value in _formulas(qt_ms, rr_ms / 1000.0)))


def correct_each_beat(*, qt_ms: np.ndarray, rr_ms: np.ndarray) -> CorrectedQt | None:
    """Return the mean over beats of each beat's QT corrected with the RR interval before it; None below 8 such beats.

    For atrial fibrillation, where no single RR interval stands for the rate: AHA/ACCF/HRS 2009 part IV asks for an average
    over beats (10.1161/CIRCULATIONAHA.108.191096). Arrays are (n_beats,), NaN where one of the two is absent.
    """
    both = np.isfinite(qt_ms) & np.isfinite(rr_ms)
    if both.sum() < MIN_AF_BEATS:
        return None
    return CorrectedQt(*(float(np.mean(v)) for v in _formulas(qt_ms[both], rr_ms[both] / 1000.0)))


def _formulas(qt_ms: Values, rr_s: Values) -> tuple[Values, Values, Values, Values]:
    return (
        qt_ms / rr_s**0.5,
        qt_ms / rr_s ** (1.0 / 3.0),
        qt_ms + 154.0 * (1.0 - rr_s),
        qt_ms + 1.75 * (60.0 / rr_s - 60.0),
    )


def without_wide_qrs(*, qt_ms: float, qrs_ms: float) -> float:
    """Return QT less 48.5 % of the QRS duration, for a QRS of 120 ms or more.

    Bogossian et al. 2014 (10.1016/j.hrthm.2014.08.026) made it for left bundle branch block; here it is used for any wide QRS.

    >>> round(without_wide_qrs(qt_ms=460.0, qrs_ms=160.0), 1)
    382.4
    """
    return qt_ms - _BOGOSSIAN * qrs_ms
