"""The forms of a metric: from sums over patients to a number.

Belongs here: arithmetic over arrays of sums, so that a bootstrap does thousands at once. Not here: resampling
(bootstrap.py) or the metrics (metrics.py).
"""

from enum import StrEnum

import numpy as np


class Form(StrEnum):
    """What the sums of a metric are, and what is made of them."""

    MEAN = "mean"  # sum, count: sum over count; a share is the mean of 0 and 100
    F1 = "f1"  # hits, false alarms, misses: harmonic mean of sensitivity and predictive value, in percent
    SPREAD = "spread"  # sum, sum of squares, count: standard deviation


LENGTH = {Form.MEAN: 2, Form.F1: 3, Form.SPREAD: 3}


def value_of(form: Form, sums: np.ndarray) -> np.ndarray:
    """Return the metric of sums (..., k) as (...); NaN where there is nothing to divide by."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if form is Form.MEAN:
            return np.asarray(sums[..., 0] / sums[..., 1])
        if form is Form.F1:
            twice = 2 * sums[..., 0]
            return np.asarray(100 * twice / (twice + sums[..., 1] + sums[..., 2]))
        mean = sums[..., 0] / sums[..., 2]
        return np.asarray(np.sqrt(np.maximum(sums[..., 1] / sums[..., 2] - mean**2, 0.0)))
