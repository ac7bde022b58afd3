"""Heart rate, PR, QRS, QT, QTc and the frontal axis from beats and waves.

Belongs here: numbers from edges. Not here: finding the edges (delineation.py), or names, units and ranges (measurements.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.signal import EcgStructures, PreparedEcg
from cardio_dagster.modalities.ecg.trust import distrust

_EARLIEST_PCT, _LATEST_PCT = 25.0, 75.0
_MIN_BEATS = 2
MIN_RATE_BEATS = 3  # one interval alone is no rate


@dataclass(frozen=True, slots=True)
class Intervals:
    """Global intervals of the dominant beats; None where they cannot be measured.

    Times in ms, the rate in beats per minute, the axis in degrees (0 is lead I, 90 is aVF).
    `refusal` is why nothing was measured although beats were found.
    """

    heart_rate_bpm: float | None
    rr_ms: float | None
    pr_ms: float | None
    qrs_ms: float | None
    qt_ms: float | None
    qrs_axis_deg: float | None
    n_beats: int
    refusal: str | None = None


def measure_intervals(prepared: PreparedEcg, found: EcgStructures) -> Intervals:
    """Return the median over beats of the intervals, from the earliest onset to the latest offset among the leads.

    "Earliest" and "latest" are the quartiles over leads, not the extremes: one noisy lead must not stretch the QRS. Ectopic
    beats take no part in PR, QRS, QT and axis; all beats count for the heart rate.
    """
    kinds = np.array(found.beat_types)
    dominant = ~np.isin(kinds, ("V", "S"))
    qrs_on, qrs_off = _over_leads(found.qrs.onset_s, _EARLIEST_PCT), _over_leads(found.qrs.offset_s, _LATEST_PCT)
    p_on, t_off = _over_leads(found.p.onset_s, _EARLIEST_PCT), _over_leads(found.t.offset_s, _LATEST_PCT)
    rr_s = np.diff(found.beat_time_s) if len(kinds) >= MIN_RATE_BEATS else np.empty(0)
    if distrust(found) is not None:
        return Intervals(None, None, None, None, None, None, len(kinds), distrust(found))
    return Intervals(
        heart_rate_bpm=float(60.0 / rr_s.mean()) if len(rr_s) else None,
        rr_ms=float(1000.0 * np.median(rr_s)) if len(rr_s) else None,
        pr_ms=_median_ms((qrs_on - p_on)[dominant], share=0.5),
        qrs_ms=_median_ms((qrs_off - qrs_on)[dominant], share=0.0),
        qt_ms=_median_ms((t_off - qrs_on)[dominant], share=0.3),
        qrs_axis_deg=_axis(prepared, qrs_on[dominant], qrs_off[dominant]),
        n_beats=len(kinds),
    )


def _over_leads(edge_s: np.ndarray, percentile: float) -> np.ndarray:
    """Return a percentile over leads per beat, NaN where no lead has the wave."""
    result = np.full(len(edge_s), np.nan)
    there = np.isfinite(edge_s).any(axis=1)
    if there.any():
        result[there] = np.nanpercentile(edge_s[there], percentile, axis=1)
    return result


def _median_ms(values_s: np.ndarray, *, share: float) -> float | None:
    """Return the median in ms; None where fewer than two beats, or than the needed share of them, have both edges."""
    there = values_s[np.isfinite(values_s)]
    if len(there) < _MIN_BEATS or len(there) < share * len(values_s):
        return None
    return float(1000.0 * np.median(there))


def _axis(prepared: PreparedEcg, onset_s: np.ndarray, offset_s: np.ndarray) -> float | None:
    """Return the direction of the QRS area in the frontal plane, from leads I and II; None without them."""
    leads, usable = prepared.record.leads, prepared.quality.usable()
    whole = np.isfinite(onset_s) & np.isfinite(offset_s)
    if not {"I", "II"} <= {name for name, ok in zip(leads, usable, strict=True) if ok} or not whole.any():
        return None
    areas = [_area(prepared, leads.index(name), onset_s[whole], offset_s[whole]) for name in ("I", "II")]
    x, y = areas[0], (2.0 * areas[1] - areas[0]) / np.sqrt(3.0)
    return float(np.degrees(np.arctan2(y, x))) if np.hypot(x, y) > 0 else None


def _area(prepared: PreparedEcg, lead: int, onset_s: np.ndarray, offset_s: np.ndarray) -> float:
    """Return the median over beats of the net QRS area above the level at its onset, in mV samples."""
    rate_hz = prepared.record.sampling_rate_hz
    signal_mv = prepared.signal_mv[:, lead]
    spans = np.round(np.column_stack((onset_s, offset_s)) * rate_hz).astype(int)
    return float(np.median([(signal_mv[a:b] - signal_mv[a]).sum() for a, b in spans]))


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
    rr_s = rr_ms / 1000.0
    return CorrectedQt(
        bazett_ms=qt_ms / rr_s**0.5,
        fridericia_ms=qt_ms / rr_s ** (1.0 / 3.0),
        framingham_ms=qt_ms + 154.0 * (1.0 - rr_s),
        hodges_ms=qt_ms + 1.75 * (60.0 / rr_s - 60.0),
    )
