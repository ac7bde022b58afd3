"""Medians of many rows at once.

Belongs here: `np.median` of finite numbers without its checks, which cost several times the sorting. Not here: quantiles that leave out NaN
(measuring/edges.py).
"""

import numpy as np

_SHORT = 64  # up to here sorting whole rows is quicker than looking for the middle


def row_median(values: np.ndarray) -> np.ndarray:
    """Return the median along the last axis, equal to `np.median(values, axis=-1)`; `values` (..., n), n at least 1, without NaN."""
    n = values.shape[-1]
    half = n // 2
    if n <= _SHORT:
        ordered = np.sort(values, axis=-1)
        return np.asarray(ordered[..., half] if n % 2 else (ordered[..., half - 1] + ordered[..., half]) / 2)
    parted = np.partition(values, half, axis=-1)  # nothing left of `half` is greater than it
    if n % 2:
        return np.asarray(parted[..., half])
    return np.asarray((parted[..., :half].max(axis=-1) + parted[..., half]) / 2)
