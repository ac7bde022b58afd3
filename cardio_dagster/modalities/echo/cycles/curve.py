"""The curve of a measured size over time: gaps, jitter, and what of it can be relied on.

Belongs here: from values on single frames to a curve. Not here: beats (beats.py), sizes (volumes/).
"""

from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

_SMOOTHING_S = 0.02  # standard deviation; a local parabola is as quiet, but overshoots at a short diastole
_SMOOTHING_FRAMES = 0.6  # the same where the frame rate is unknown, at about 30 Hz
_OUTLIER = 0.15  # of the curve's spread; a median everywhere would cut the tops of a fast heart
_SHORT = 5  # frames
_GAP_MAX_S = 0.1  # a longer gap may hide an end-systole
_GAP_MAX_FRAMES = 3  # the same where the frame rate is unknown


def smooth(values: np.ndarray, frame_rate_hz: float | None) -> np.ndarray:
    """Return the curve (n,) without gaps (NaN), single outliers and jitter (a Gaussian of 0.02 s).

    An outlier differs from the median of itself and its two neighbours by more than 15 % of the curve's spread.

    At least one value must be known. Gaps of any length are bridged by straight lines, and the ends by the
    nearest value: `known_frames` says which frames may be relied on. Curves shorter than 5 frames keep their jitter.
    """
    known = np.flatnonzero(np.isfinite(values))
    filled = np.interp(np.arange(len(values)), known, values[known])
    if len(filled) < _SHORT:
        return np.asarray(filled)
    sigma = _SMOOTHING_FRAMES if frame_rate_hz is None else _SMOOTHING_S * frame_rate_hz
    middle = median_filter(filled, 3, mode="nearest")
    low, high = np.percentile(filled, (5, 95))
    steady = np.where(np.abs(filled - middle) > _OUTLIER * (high - low), middle, filled)
    return np.asarray(gaussian_filter1d(steady, sigma, mode="nearest"))


def known_frames(values: np.ndarray, frame_rate_hz: float | None) -> np.ndarray:
    """Return (n,) bool: frames with a value, and those in a gap (NaN) of at most 0.1 s between two such frames."""
    longest = _GAP_MAX_FRAMES if frame_rate_hz is None else max(round(_GAP_MAX_S * frame_rate_hz), 1)
    known = np.isfinite(values)
    with_value = np.flatnonzero(known)
    for before, after in pairwise(with_value):
        if after - before - 1 <= longest:
            known[before:after] = True
    return np.asarray(known)


def smooth_known(values: np.ndarray, frame_rate_hz: float | None) -> np.ndarray:
    """Return `smooth` where the frames are known, and NaN elsewhere; all NaN where no value is known."""
    if not np.isfinite(values).any():
        return np.full(len(values), np.nan)
    return np.where(known_frames(values, frame_rate_hz), smooth(values, frame_rate_hz), np.nan)
