"""Beats cut out of a signal, side by side, so that all of them are measured at once.

Belongs here: array work shared by the delineation of P, QRS and T. Not here: any wave's own rules.
Positions are in samples of the working signal.
"""

import numpy as np


def cut(signal: np.ndarray, starts: np.ndarray, *, width: int) -> np.ndarray:
    """Return windows of `width` samples from `starts`, shape (n_starts, width, n_leads); edges repeat the last sample."""
    index = np.clip(starts[:, None] + np.arange(width), 0, len(signal) - 1)
    return signal[index]


def last_true(mask: np.ndarray) -> np.ndarray:
    """Return per row (axis 1) the index of the last True, -1 where there is none."""
    reverse = np.argmax(mask[:, ::-1], axis=1)
    return np.asarray(np.where(mask.any(axis=1), mask.shape[1] - 1 - reverse, -1))


def first_true(mask: np.ndarray) -> np.ndarray:
    """Return per row (axis 1) the index of the first True, -1 where there is none."""
    return np.asarray(np.where(mask.any(axis=1), np.argmax(mask, axis=1), -1))


def trapezium_end(flank: np.ndarray) -> np.ndarray:
    """Return where a wave ends on a falling flank, shape (n_beats, n_leads), in samples from its first one.

    `flank` (n_beats, width, n_leads) starts at the wave's peak, which points upwards, and reaches into the quiet line.
    From the steepest point on, the end is where the trapezium between it, the curve and the window's end is largest.
    Zhang et al. 2006 (Computers in Cardiology 33:81): robust against noise because it is an area, without a threshold.
    """
    width = flank.shape[1]
    positions = np.arange(width)[None, :, None]
    steepest = np.argmin(np.diff(flank[:, : max(2, 2 * width // 3)], axis=1), axis=1)[:, None, :]
    height = np.take_along_axis(flank, steepest, axis=1) - flank
    area = height * (2 * (width - 1) - positions - steepest)
    return np.asarray(np.argmax(np.where(positions >= steepest, area, -np.inf), axis=1))


def agree(own: np.ndarray, weights: np.ndarray, *, reach: float) -> np.ndarray:
    """Return per-lead positions drawn to the weighted median over leads, at most `reach` away from it.

    `own` and `weights` have the shape (n_beats, n_leads); NaN positions take no part and become the median.
    A single electrode does not see another heart: what one lead alone claims is mostly noise.
    """
    median = weighted_median(own, weights)[:, None]
    filled = np.where(np.isfinite(own), own, median)
    return np.asarray(median + np.clip(filled - median, -reach, reach))


def weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted median along axis 1, NaN where no value has weight."""
    usable = np.where(np.isfinite(values), weights, 0.0)
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), axis=1)
    running = np.cumsum(np.take_along_axis(usable, order, axis=1), axis=1)
    middle = np.argmax(running >= 0.5 * running[:, -1:], axis=1)
    result = np.take_along_axis(np.take_along_axis(values, order, axis=1), middle[:, None], axis=1)[:, 0]
    return np.asarray(np.where(running[:, -1] > 0, result, np.nan))
