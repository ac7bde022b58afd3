"""Non-linear variability: Poincare plot, detrended fluctuations, sample entropy.

Belongs here: measures of order and scaling. Not here: who may be measured.
"""

import numpy as np

from cardio_dagster.modalities.ecg.hrv.normal import NormalIntervals

MAX_DFA = 100_000  # intervals, from the first on
MAX_ENTROPY = 3_000  # intervals, the middle ones: the pairs grow with the square
_SHORT, _LONG = range(4, 17), range(16, 65)
_M, _R = 2, 0.2
_ROWS = 256


def poincare(intervals: NormalIntervals) -> dict[str, float]:
    """Return SD1 and SD2 in ms, across and along the identity line of each NN interval against the next, and SD1/SD2.

    Brennan 2001 (10.1109/10.959330); standard deviations with n - 1. Empty with fewer than two pairs.
    """
    first = 1000.0 * intervals.nn_s[:-1][intervals.follows]
    second = 1000.0 * intervals.nn_s[1:][intervals.follows]
    if len(first) < 2:
        return {}
    sd1, sd2 = (float(x.std(ddof=1) / np.sqrt(2.0)) for x in (second - first, second + first))
    return {"sd1_ms": sd1, "sd2_ms": sd2} | ({"sd1_sd2": sd1 / sd2} if sd2 > 0.0 else {})


def fluctuation_exponents(intervals: NormalIntervals) -> dict[str, float]:
    """Return DFA alpha 1 (windows of 4 to 16 beats) and alpha 2 (16 to 64); empty where nothing varies or it is too short.

    Peng 1995 (10.1063/1.166141): the summed intervals minus their mean, cut into windows without overlap from the start, a
    straight line taken out of each; the exponent is the slope of log fluctuation over log window. Gaps are closed up.
    """
    nn_s = intervals.nn_s[:MAX_DFA]
    if np.ptp(nn_s) < 1e-6:
        return {}
    profile = np.cumsum(nn_s - nn_s.mean())
    return {
        name: _slope(profile, widths)
        for name, widths in (("dfa_alpha1", _SHORT), ("dfa_alpha2", _LONG))
        if len(profile) >= 2 * widths[-1]
    }


def _slope(profile: np.ndarray, widths: range) -> float:
    fluctuation = [_fluctuation(profile, width) for width in widths]
    return float(np.polyfit(np.log(np.asarray(widths)), np.log(fluctuation), 1)[0])


def _fluctuation(profile: np.ndarray, width: int) -> float:
    """Return the root mean square of what is left in windows of `width` without their straight line."""
    windows = profile[: len(profile) // width * width].reshape(-1, width)
    ramp = np.arange(width) - 0.5 * (width - 1)
    slope = windows @ ramp / (ramp @ ramp)
    rest = windows - windows.mean(axis=1, keepdims=True) - slope[:, None] * ramp
    return float(np.sqrt((rest**2).mean()))


def sample_entropy(nn_s: np.ndarray) -> float | None:
    """Return -log of the part of the matches over two intervals that still match over three; None without any.

    Richman 2000 (10.1152/ajpheart.2000.278.6.H2039): m 2, tolerance 0.2 of the standard deviation (n - 1), no self-matches, at most
    MAX_ENTROPY intervals from the middle.
    """
    start = max(0, (len(nn_s) - MAX_ENTROPY) // 2)
    series = nn_s[start : start + MAX_ENTROPY]
    tolerance = _R * float(series.std(ddof=1)) + 1e-12
    pairs = np.array([0, 0])
    last = len(series) - _M
    for row in range(0, last, _ROWS):
        rows = np.arange(row, min(row + _ROWS, last))
        near = np.abs(series[rows, None] - series[None, :last]) <= tolerance
        near &= np.abs(series[rows + 1, None] - series[None, 1 : last + 1]) <= tolerance
        far = near & (np.abs(series[rows + 2, None] - series[None, 2 : last + 2]) <= tolerance)
        pairs += (int(near.sum()) - len(rows), int(far.sum()) - len(rows))
    return float(np.log(pairs[0] / pairs[1])) if pairs[1] else None
