"""Variability in the time domain: statistics of the NN intervals and of their histogram.

Belongs here: the measures of the Task Force's section on the time domain. Not here: spectra, or who may be measured.
"""

import numpy as np

from cardio_dagster.modalities.ecg.hrv.normal import NormalIntervals

_SEGMENT_S = 300.0
_MIN_COVERED = 0.5  # of a segment; own limit
_BIN_MS = 1000.0 / 128.0  # the Task Force's bin


def time_domain(intervals: NormalIntervals) -> dict[str, float]:
    """Return mean NN, SDNN and, where two NN intervals follow each other, RMSSD, SDSD, NN50 and pNN50; times in ms.

    SDNN and SDSD divide by n - 1.
    """
    nn_ms, change_ms = 1000.0 * intervals.nn_s, 1000.0 * intervals.change_s
    values = {"mean_nn_ms": float(nn_ms.mean()), "sdnn_ms": float(nn_ms.std(ddof=1))}
    if len(change_ms) > 1:
        beyond = np.abs(change_ms) > 50.0 + 1e-6  # beat times are multiples of a sample: 50 ms is not over 50 ms
        values["rmssd_ms"] = float(np.sqrt((change_ms**2).mean()))
        values["sdsd_ms"] = float(change_ms.std(ddof=1))
        values["nn50"] = float(beyond.sum())
        values["pnn50_pct"] = float(100.0 * beyond.mean())
    return values


def of_segments(intervals: NormalIntervals) -> dict[str, float]:
    """Return SDANN and the SDNN index in ms from segments of 5 min that are at least half covered by NN intervals."""
    segment = ((intervals.start_s - intervals.start_s[0]) // _SEGMENT_S).astype(int)
    nn_ms = 1000.0 * intervals.nn_s
    count = np.bincount(segment)
    total_ms = np.bincount(segment, nn_ms)
    mean_ms = total_ms / np.maximum(count, 1)
    spread_ms = np.sqrt(np.bincount(segment, (nn_ms - mean_ms[segment]) ** 2) / np.maximum(count - 1, 1))
    used = (total_ms >= 1000.0 * _MIN_COVERED * _SEGMENT_S) & (count > 1)
    if used.sum() < 2:
        return {}
    return {"sdann_ms": float(mean_ms[used].std(ddof=1)), "sdnn_index_ms": float(spread_ms[used].mean())}


def geometric(intervals: NormalIntervals) -> dict[str, float]:
    """Return the triangular index (all intervals over those in the fullest bin) and TINN in ms.

    TINN is the base of the triangle that is nearest to the histogram in the sense of least squares, its top the fullest bin.
    """
    bins = np.floor(1000.0 * intervals.nn_s / _BIN_MS + 1e-6).astype(int)
    histogram = np.bincount(bins - bins.min() + 1, minlength=bins.max() - bins.min() + 3).astype(float)
    top = int(histogram.argmax())
    base = _reach(histogram[top:]) + _reach(histogram[top::-1])
    return {"triangular_index": float(len(bins) / histogram[top]), "tinn_ms": base * _BIN_MS}


def _reach(side: np.ndarray) -> int:
    """Return at how many bins from the top the straight side of the best triangle meets zero."""
    steps = np.arange(len(side))
    lines = side[0] * np.clip(1.0 - steps / np.arange(1, len(side))[:, None], 0.0, None)
    return 1 + int(((side - lines) ** 2).sum(axis=1).argmin())
