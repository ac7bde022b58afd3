"""Peaks of a short curve, by how far they stand out and how far apart they lie.

Belongs here: what scipy.signal.find_peaks answers for `prominence` and `distance`, without its import, which
takes longer than the measuring of a clip. Not here: what a peak means (beats.py).
"""

import math

import numpy as np


def find_peaks(curve: np.ndarray, *, prominence: float, distance: float) -> list[int]:
    """Return the places of the peaks of a curve (n,), in order, as scipy.signal.find_peaks does.

    A peak is higher than its neighbours (of a plateau the middle counts, of two middles the left one);
    of peaks nearer than `distance` samples the higher stays; of what then remains a peak must stand
    `prominence` above the higher of the two lowest points between it and anything higher. The ends of
    the curve are no peaks.
    """
    apart = _far_apart(_local_maxima(curve), curve, math.ceil(distance))
    return [peak for peak in apart if _prominence(curve, peak) >= prominence]


def _local_maxima(curve: np.ndarray) -> list[int]:
    starts = np.flatnonzero(np.concatenate([[True], curve[1:] != curve[:-1]]))  # of runs of equal values
    ends = np.concatenate([starts[1:], [len(curve)]]) - 1
    levels = curve[starts]
    inner = np.flatnonzero((levels[1:-1] > levels[:-2]) & (levels[1:-1] > levels[2:])) + 1
    return [int(middle) for middle in (starts[inner] + ends[inner]) // 2]


def _far_apart(peaks: list[int], curve: np.ndarray, distance: int) -> list[int]:
    dropped: set[int] = set()
    for peak in (peaks[i] for i in np.argsort(curve[peaks])[::-1]):
        if peak not in dropped:
            dropped |= {other for other in peaks if other != peak and abs(other - peak) < distance}
    return [peak for peak in peaks if peak not in dropped]


def _prominence(curve: np.ndarray, peak: int) -> float:
    higher = np.flatnonzero(curve > curve[peak])
    left, right = higher[higher < peak], higher[higher > peak]
    before = curve[left[-1] + 1 if len(left) else 0 : peak + 1]
    after = curve[peak : right[0] if len(right) else len(curve)]
    return float(curve[peak] - max(before.min(), after.min()))
