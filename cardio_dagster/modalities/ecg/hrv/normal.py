"""Normal-to-normal intervals: which intervals say something of the sinus node.

Belongs here: choosing intervals. Not here: measuring them.
"""

from dataclasses import dataclass

import numpy as np

_NN_S = (0.3, 2.0)
_AGAINST_NEIGHBOURS = (0.6, 1.6)  # a false beat halves an interval, a missed one doubles it
_NEIGHBOURS = 11


@dataclass(frozen=True, slots=True)
class NormalIntervals:
    """NN intervals in order: start and length in seconds, (n,); `follows` (n - 1,): the next one begins where this one ends.

    `n_rr` is the number of all intervals, `ectopy` the share of V and S among the beats.
    """

    start_s: np.ndarray
    nn_s: np.ndarray
    follows: np.ndarray
    n_rr: int
    ectopy: float

    @property
    def share(self) -> float:
        """Return the part of the intervals that are normal; 0 without any."""
        return len(self.nn_s) / self.n_rr if self.n_rr else 0.0

    @property
    def change_s(self) -> np.ndarray:
        """Return the differences of neighbouring NN intervals."""
        return np.asarray(np.diff(self.nn_s)[self.follows])


def normal_intervals(beat_time_s: np.ndarray, beat_types: tuple[str, ...]) -> NormalIntervals:
    """Return the intervals between two neighbouring normal beats, `beat_time_s` ascending.

    Left out as well: below 0.3 s, above 2 s, and beyond 0.6 to 1.6 of the median of the eleven intervals around: there a
    beat was missed or invented. That last rule is ours; sinus arrhythmia hardly reaches it.
    """
    kinds = np.array(beat_types, dtype="U1")
    rr_s = np.diff(np.asarray(beat_time_s, dtype=np.float64))
    kept = np.zeros(len(rr_s), dtype=bool)
    if len(rr_s):
        normal = kinds == "N"
        kept = normal[:-1] & normal[1:] & (rr_s > _NN_S[0]) & (rr_s < _NN_S[1])
        kept[kept] = _like_neighbours(rr_s[kept])
    at = np.flatnonzero(kept)
    ectopy = float(np.isin(kinds, ("V", "S")).mean()) if len(kinds) else 0.0
    return NormalIntervals(np.asarray(beat_time_s)[at], rr_s[at], np.diff(at) == 1, len(rr_s), ectopy)


def _like_neighbours(nn_s: np.ndarray) -> np.ndarray:
    if len(nn_s) < 3:
        return np.ones(len(nn_s), dtype=bool)
    half = min(_NEIGHBOURS, len(nn_s) - 1 + len(nn_s) % 2) // 2
    padded = np.pad(nn_s, half, mode="reflect")
    ratio = nn_s / np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1)
    return np.asarray((ratio > _AGAINST_NEIGHBOURS[0]) & (ratio < _AGAINST_NEIGHBOURS[1]))
