"""The stretches cut out around each candidate: QRS, what comes before and after it, and how wide it is.

Belongs here: cutting and widths. Not here: comparing (shapes.py). Everything is float32 and in local levels of each lead.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.beats.signal import Working, at_samples, edged

SHIFT = 3  # samples that a shape may be moved to fit
_QRS_S = (-0.12, 0.2)
_P_S = (-0.3, -0.1)
_T_S = (0.22, 0.46)
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Cuts:
    """`qrs` (with `SHIFT` more on either side), `p` and `t` (n_leads, n, width), `weight` (n, n_leads).

    `row` (n, n_leads * width) is the weighted QRS of unit length, `size` (n,) its length before.
    """

    qrs: np.ndarray
    p: np.ndarray
    t: np.ndarray
    weight: np.ndarray
    row: np.ndarray
    size: np.ndarray


def cut_beats(working: Working, at: np.ndarray) -> Cuts:
    """Return the stretches around the positions `at` (samples of the working signal)."""
    weight = at_samples(working.weight, working.centre, at).astype(np.float32)
    per_level = (1.0 / at_samples(working.level_mv, working.centre, at)).astype(np.float32)[:, :, None]
    middle = np.round(at).astype(int)
    qrs = _windows(working, middle, _QRS_S, SHIFT) * per_level
    inner = qrs[:, :, SHIFT:-SHIFT] * np.sqrt(weight)[:, :, None]
    row = np.ascontiguousarray(inner.transpose(1, 0, 2)).reshape(len(at), -1)
    size = np.sqrt(np.einsum("nw,nw->n", row, row))
    p, t = (_windows(working, middle, edges_s, 0) * per_level for edges_s in (_P_S, _T_S))
    return Cuts(qrs, p, t, weight.T, row / np.maximum(size, _TINY)[:, None], size)


def widths_of(cuts: Cuts) -> np.ndarray:
    """Return per candidate four logarithms: spread of the slope, time above 5 % and 30 % of its maximum, slowness."""
    slope = np.diff(cuts.qrs, axis=2)
    power = (slope * slope * cuts.weight.T[:, :, None]).sum(axis=0) + np.float32(1e-12)
    moved = edged(power, 1, 1)
    power = (moved[:, :-2] + moved[:, 1:-1] + moved[:, 2:]) / 3
    place = np.arange(power.shape[1], dtype=np.float32)
    total = power.sum(axis=1)
    centre = power @ place / total
    spread = np.sqrt((power * (place - centre[:, None]) ** 2).sum(axis=1) / total)
    top = power.max(axis=1, keepdims=True)
    counts = (power > 0.05 * top).sum(axis=1), (power > 0.3 * top).sum(axis=1)
    slowness = np.sqrt(np.maximum(cuts.size, _TINY) ** 2 / total)
    return np.asarray(np.log(np.column_stack((spread + 0.1, *counts, slowness + 0.1))), dtype=np.float32)


def _windows(working: Working, middle: np.ndarray, edges_s: tuple[float, float], extra: int) -> np.ndarray:
    """Return windows without their mean, (n_leads, n, width)."""
    low, high = (round(edge * working.rate_hz) for edge in edges_s)
    index = np.clip(middle[:, None] + np.arange(low - extra, high + extra), 0, working.shape_mv.shape[1] - 1)
    cut = working.shape_mv[:, index]
    return np.asarray(cut - cut.mean(axis=2, keepdims=True))
