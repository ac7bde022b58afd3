"""The peak of a wave between its edges.

Belongs here: one position per beat and lead. Not here: the edges (edges.py) or heights (amplitudes.py).
"""

import numpy as np


def peak_times(leads: np.ndarray, onset_s: np.ndarray, offset_s: np.ndarray, *, rate_hz: float) -> np.ndarray:
    """Return where each lead is farthest from the straight line between a wave's edges, in seconds, (n_beats, n_leads).

    `leads` is (n_leads, n) at `rate_hz`; NaN edges give NaN. A parabola through the three highest samples places the peak
    between them.
    """
    there = np.isfinite(onset_s) & np.isfinite(offset_s)
    if not there.any():
        return np.full(onset_s.shape, np.nan)
    first = np.round(np.where(there, onset_s, 0.0) * rate_hz).astype(int)
    last = np.round(np.where(there, offset_s, 0.0) * rate_hz).astype(int)
    steps = np.arange(int((last - first).max()) + 1)
    index = np.minimum(first[..., None] + steps, last[..., None]).clip(0, leads.shape[1] - 1)
    window = leads[np.arange(leads.shape[0])[None, :, None], index]
    share = np.minimum(steps / np.maximum(last - first, 1)[..., None], 1.0)
    height = np.abs(window - window[..., :1] * (1 - share) - window[..., -1:] * share)
    top = np.clip(np.argmax(height, axis=2), 1, max(len(steps) - 2, 1))
    peak = first + top + _between(height, top)
    inside = np.clip(peak / rate_hz, np.where(there, onset_s, 0.0), np.where(there, offset_s, 0.0))
    return np.where(there, inside, np.nan)


def _between(height: np.ndarray, top: np.ndarray) -> np.ndarray:
    """Return how far from sample `top` the parabola through it and its neighbours is highest, -0.5 to 0.5."""
    if height.shape[2] < 3:
        return np.zeros(top.shape)
    around = np.take_along_axis(height, top[..., None] + np.arange(-1, 2), axis=2)
    left, middle, right = around[..., 0], around[..., 1], around[..., 2]
    bend = left - 2 * middle + right
    return np.clip(np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0), -0.5, 0.5)
