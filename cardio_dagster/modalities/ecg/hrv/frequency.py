"""Variability in the frequency domain: power of the NN intervals in ULF, VLF, LF and HF.

Belongs here: the Task Force's bands and how the spectrum is made. Not here: who may be measured. A Lomb-Scargle spectrum
is not offered: recordings with so many gaps that it would matter are refused.
"""

import numpy as np

from cardio_dagster.modalities.ecg.hrv.normal import NormalIntervals

_RATE_HZ = 4.0
_SEGMENT_S = 300.0
_MIN_COVERED = 0.8  # of a segment; own limit
_GAP_S = 3.0
_BANDS_HZ = {"ulf_ms2": (0.0, 0.003), "vlf_ms2": (0.003, 0.04), "lf_ms2": (0.04, 0.15), "hf_ms2": (0.15, 0.4)}


def frequency_domain(intervals: NormalIntervals) -> dict[str, float]:
    """Return the powers in ms2, LF and HF also in normalised units (% of LF + HF), and LF/HF; empty below 60 s.

    NN intervals at 4 Hz by a cubic spline; gaps are bridged by a straight line. LF and HF: Hann-windowed segments of 5 min that
    overlap by half, without their linear trend, those covered by NN intervals to 80 %; one shorter segment where the whole is
    shorter. VLF: one such spectrum of the whole. ULF and the total: the whole without window or detrending, either of which
    would take away most of a wave as long as the day; all its power is the variance.
    """
    even_ms, covered = _resample(intervals)
    if len(even_ms) < 60.0 * _RATE_HZ:
        return {}
    values = _short_term(even_ms, covered)
    n, plain = len(even_ms), np.abs(np.fft.rfft(even_ms - even_ms.mean())) ** 2 * 2.0 / len(even_ms) ** 2
    values["ulf_ms2"] = _power(plain, n, *_BANDS_HZ["ulf_ms2"])
    values["vlf_ms2"] = _power(_spectrum(even_ms[None, :]), n, *_BANDS_HZ["vlf_ms2"])
    values["total_power_ms2"] = _power(plain, n, 0.0, 0.4)
    return values


def _short_term(even_ms: np.ndarray, covered: np.ndarray) -> dict[str, float]:
    width = min(len(even_ms), int(_SEGMENT_S * _RATE_HZ))
    windows, marks = (
        np.lib.stride_tricks.sliding_window_view(x, width)[:: max(width // 2, 1)] for x in (even_ms, covered)
    )
    used = marks.mean(axis=1) >= _MIN_COVERED
    if not used.any():
        return {}
    density = _spectrum(windows[used])
    lf, hf = (_power(density, width, *_BANDS_HZ[name]) for name in ("lf_ms2", "hf_ms2"))
    values = {"lf_ms2": lf, "hf_ms2": hf}
    if lf > 0.0 and hf > 0.0:
        values |= {"lf_nu": 100.0 * lf / (lf + hf), "hf_nu": 100.0 * hf / (lf + hf), "lf_hf": lf / hf}
    return values


def _resample(intervals: NormalIntervals) -> tuple[np.ndarray, np.ndarray]:
    """Return the NN intervals at 4 Hz in ms, and where an interval was measured."""
    from scipy.interpolate import CubicSpline

    time_s, nn_ms = intervals.start_s, 1000.0 * intervals.nn_s
    grid_s = np.arange(time_s[0], time_s[-1], 1.0 / _RATE_HZ)
    wide = np.flatnonzero(np.diff(time_s) > _GAP_S)
    between_s = [np.arange(time_s[i] + 1.0, time_s[i + 1] - 0.5, 1.0) for i in wide]  # or a spline swings out in a gap
    knots_s = np.sort(np.concatenate([time_s, *between_s]))
    even_ms = CubicSpline(knots_s, np.interp(knots_s, time_s, nn_ms))(grid_s)
    before = np.searchsorted(time_s, grid_s, side="right") - 1
    return even_ms, grid_s < time_s[before] + intervals.nn_s[before] + 1.0 / _RATE_HZ


def _spectrum(segments_ms: np.ndarray) -> np.ndarray:
    """Return the mean one-sided power per bin over the segments in ms2, (n_bins,)."""
    from scipy.signal import detrend

    width = segments_ms.shape[1]
    window = np.hanning(width + 1)[:-1]
    power = np.abs(np.fft.rfft(detrend(segments_ms, axis=1) * window, axis=1)) ** 2
    power[:, 1 : (width + 1) // 2] *= 2.0
    return np.asarray(power.mean(axis=0) / (width * (window**2).sum()))


def _power(spectrum_ms2: np.ndarray, width: int, low_hz: float, high_hz: float) -> float:
    frequency_hz = np.arange(len(spectrum_ms2)) * _RATE_HZ / width
    return float(spectrum_ms2[(frequency_hz >= low_hz) & (frequency_hz < high_hz)].sum())
