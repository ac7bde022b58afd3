"""Confidence intervals by resampling patients.

Belongs here: one interval of one metric, and one of a paired difference. Not here: what is resampled (figures.py,
compare.py). Patients are drawn, not images or beats, because those of one patient resemble each other.

Method: BCa, Efron 1987, doi:10.1080/01621459.1987.10478410; the percentile interval where BCa is not defined (the patients are alike, or
leaving one out leaves no case). A metric is made of sums, so that a resample is a row of counts times the patients' sums: one product
of matrices instead of scipy.stats.bootstrap's index for every draw, which took fifty times as long for the same numbers (a test
compares both). Seeded: equal rows give equal intervals.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from cardio_dagster.evaluation.forms import value_of
from cardio_dagster.evaluation.metrics import Metric

RESAMPLES, LEVEL, SEED = 2000, 0.95, 20261122
_ROUNDING = 1e-18
MIN_PATIENTS = 5  # below this an interval would only pretend to know

Interval = tuple[float, float]


def interval(metric: Metric, rows: np.ndarray) -> Interval | None:
    """Return the 95 % interval of a metric over rows (patients, k); None below MIN_PATIENTS or where it has no value."""
    return _interval(lambda weights: value_of(metric.form, weights @ rows), len(rows))


def worsening(metric: Metric, before: np.ndarray, after: np.ndarray) -> tuple[float, Interval | None]:
    """Return by how much `after` is worse than `before` on the same patients, both (patients, k), and its 95 % interval.

    In the metric's unit, above 0 is worse; NaN where one of them has no value. Each resample draws the same patients on
    both sides, so that how hard they are cancels out.
    """

    def change(weights: np.ndarray) -> np.ndarray:
        old, new = (metric.loss(value_of(metric.form, weights @ rows)) for rows in (before, after))
        return np.asarray(new - old)

    return float(change(np.ones(len(before)))), _interval(change, len(before))


@lru_cache(maxsize=32)
def _resamples(patients: int) -> np.ndarray:
    """Return how often each patient is drawn, (RESAMPLES, patients)."""
    rng = np.random.default_rng(SEED)
    return rng.multinomial(patients, np.full(patients, 1 / patients), size=RESAMPLES).astype(float)


def _interval(statistic: Callable[[np.ndarray], np.ndarray], patients: int) -> Interval | None:
    if patients < MIN_PATIENTS:
        return None
    drawn = statistic(_resamples(patients))
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return None
    ends = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    left_out = statistic(np.ones((patients, patients)) - np.eye(patients))
    low, high = np.quantile(drawn, _corrected(ends, drawn, float(statistic(np.ones(patients))), left_out))
    return float(low), float(high)


def _corrected(ends: Interval, drawn: np.ndarray, value: float, left_out: np.ndarray) -> Interval:
    """Return the two quantiles to take, corrected for bias and acceleration (Efron 1987, equations 4.1 and 6.6)."""
    below = float(np.mean(drawn < value) + np.mean(drawn == value) / 2)
    pull = left_out.mean() - left_out
    spread = float(np.sum(pull**2))
    if not 0 < below < 1 or not np.isfinite(spread) or spread <= _ROUNDING:
        return ends
    bias, acceleration = float(ndtri(below)), float(np.sum(pull**3)) / (6 * spread**1.5)
    shifted = [bias + float(ndtri(end)) for end in ends]
    low, high = (float(ndtr(bias + z / (1 - acceleration * z))) for z in shifted)
    return low, high
