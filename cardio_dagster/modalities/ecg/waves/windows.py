"""Where around a beat each edge of its waves may lie.

Belongs here: the windows, in seconds from the beat and bounded by its neighbours; training and decoding share them.
Not here: what is read in them (edges.py).
"""

import numpy as np

BIN_S = 0.008  # of the network's output: every second sample at 250 Hz
PRESENCE_REACH = 2  # bins either side of the beat over which the presence of its waves is read
# onset and offset of P, QRS, T; LUDB's own extremes stretched by 1.4: P onset to R at most 0.42 s, R to T offset 0.66 s
WINDOWS_S = ((-0.56, -0.04), (-0.46, 0.0), (-0.26, 0.10), (-0.06, 0.30), (0.0, 0.56), (0.08, 0.90))
_AFTER_PREVIOUS_S = 0.06  # a P wave begins after the QRS before it
_INTO_NEXT_S = 0.0
_APART = 0.5  # of the RR interval, for the edges of the QRS


def limits_s(beat_time_s: np.ndarray, edge: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the earliest and latest time of an edge (0 P onset ... 5 T offset) per beat; NaN beats give NaN.

    `beat_time_s` is (..., n_beats), ascending. P stays clear of the beat before, T of the beat after, QRS of both.
    """
    low = beat_time_s + WINDOWS_S[edge][0]
    high = beat_time_s + WINDOWS_S[edge][1]
    rr = np.diff(beat_time_s, axis=-1)
    before, after = beat_time_s[..., :-1], beat_time_s[..., 1:]
    if edge in (0, 1):
        low[..., 1:] = np.fmax(low[..., 1:], np.minimum(before + _AFTER_PREVIOUS_S, after - 0.1))
    elif edge in (2, 3):
        low[..., 1:] = np.fmax(low[..., 1:], after - _APART * rr)
        high[..., :-1] = np.fmin(high[..., :-1], before + _APART * rr)
    else:
        high[..., :-1] = np.fmin(high[..., :-1], np.maximum(after - _INTO_NEXT_S, before + 0.2))
    return low, high
