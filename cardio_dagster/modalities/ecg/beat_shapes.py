"""The shapes of beats against the dominant one around them: likeness, width, T wave, and the company of beats of the same kind.

Belongs here: cutting out and comparing. Not here: height and rhythm (beat_features.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.beat_signal import Working, at_samples, edged

_QRS_S = (-0.12, 0.2)
_T_S = (0.22, 0.46)
_SHIFT = 3  # samples that a shape may be moved to fit
_CHUNK = 60  # beats that share a dominant shape
_SAME_KIND = 0.85
_RELATED = 0.8
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class _Cuts:
    """`qrs` and `t` (n, n_leads, width) in local levels, `weight` (n, n_leads), `row` (n, n_leads * width) of unit length."""

    qrs: np.ndarray
    t: np.ndarray
    weight: np.ndarray
    row: np.ndarray
    size: np.ndarray


def compare_shapes(
    working: Working, at: np.ndarray, guess: np.ndarray, *, pre: np.ndarray, post: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of shape (n, n_features) and the likeness to the dominant shape around, -1 to 1, (n,).

    The dominant shape is the median of those beats among 180 around that resemble most others (it drifts in long records).
    `pre` and `post` are the RR intervals beside each candidate over the usual one.
    """
    cuts = _cut(working, at)
    widths = _widths(cuts)
    beats = np.flatnonzero(guess)
    parts = []
    start = 0
    while start < len(beats):
        first = 0 if start == 0 else beats[start]
        last = beats[start + _CHUNK] if start + _CHUNK < len(beats) else len(at)
        around = beats[max(0, start - _CHUNK) : start + 2 * _CHUNK]
        parts.append(_against(cuts, widths, slice(first, last), around, pre=pre, post=post))
        start += _CHUNK
    joined = np.concatenate(parts)
    return joined[:, 1:], joined[:, 0]


def _cut(working: Working, at: np.ndarray) -> _Cuts:
    weight = at_samples(working.weight, working.centre, at).T
    level = at_samples(working.level_mv, working.centre, at).T[:, :, None]
    middle = np.round(at).astype(int)
    qrs = _windows(working, middle, _QRS_S, _SHIFT) / level
    t = _windows(working, middle, _T_S, 0) / level
    inner = qrs[:, :, _SHIFT:-_SHIFT]
    row = (inner * np.sqrt(weight)[:, :, None]).reshape(len(at), -1)
    size = np.linalg.norm(row, axis=1)
    return _Cuts(qrs, t, weight, row / np.maximum(size, _TINY)[:, None], size)


def _windows(working: Working, middle: np.ndarray, edges_s: tuple[float, float], extra: int) -> np.ndarray:
    """Return windows without their mean, (n, n_leads, width)."""
    low, high = (round(edge * working.rate_hz) for edge in edges_s)
    index = np.clip(middle[:, None] + np.arange(low - extra, high + extra), 0, working.shape_mv.shape[1] - 1)
    cut = working.shape_mv[:, index].transpose(1, 0, 2)
    return np.asarray(cut - cut.mean(axis=2, keepdims=True))


def _widths(cuts: _Cuts) -> np.ndarray:
    """Return per candidate three logarithms of width: spread of the slope, time above a part of its maximum, slowness."""
    slope = np.diff(cuts.qrs, axis=2)
    power = np.einsum("nlw,nl->nw", slope**2, cuts.weight) + 1e-12
    moved = edged(power, 1, 1)
    power = (moved[:, :-2] + moved[:, 1:-1] + moved[:, 2:]) / 3
    place = np.arange(power.shape[1])
    total = power.sum(axis=1)
    centre = (power * place).sum(axis=1) / total
    spread = np.sqrt((power * (place - centre[:, None]) ** 2).sum(axis=1) / total)
    top = power.max(axis=1, keepdims=True)
    long = (power > 0.05 * top).sum(axis=1)
    core = (power > 0.3 * top).sum(axis=1)
    slowness = np.sqrt(np.maximum(cuts.size, _TINY) ** 2 / total)
    return np.asarray(np.log(np.column_stack((spread + 0.1, long, core, slowness + 0.1))))


def _against(
    cuts: _Cuts, widths: np.ndarray, these: slice, around: np.ndarray, *, pre: np.ndarray, post: np.ndarray
) -> np.ndarray:
    """Return likeness and features of the candidates `these` against the beats `around`."""
    alike = cuts.row[around] @ cuts.row[around].T
    typical = around[np.argsort(-(alike > _RELATED).sum(axis=1), kind="stable")[: max(3, len(around) // 3)]]
    common, common_t = np.median(cuts.qrs[typical], axis=0), np.median(cuts.t[typical], axis=0)
    likeness = _likeness(cuts.qrs[these], common[:, _SHIFT:-_SHIFT], cuts.weight[these])
    t_like, t_size = _t_wave(cuts, these, common_t)
    size = np.log(np.maximum(cuts.size[these], 1e-3) / max(float(np.median(cuts.size[typical])), _TINY))
    relative = widths[these] - np.median(widths[typical], axis=0)
    company = _company(
        cuts.row[these],
        cuts.row[around],
        np.arange(these.start, these.stop)[:, None] == around,
        pre[around],
        post[around],
    )
    return np.column_stack((likeness, likeness, np.clip(size, -3, 3), relative, widths[these], t_like, t_size, company))


def _likeness(wide: np.ndarray, common: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the best correlation over small shifts of each window with the dominant shape, leads by their weight."""
    width = common.shape[1]
    own = np.einsum("lw,nl->n", common**2, weight)
    best = np.full(len(wide), -1.0)
    for shift in range(2 * _SHIFT + 1):
        moved = wide[:, :, shift : shift + width]
        dot = np.einsum("nlw,lw,nl->n", moved, common, weight, optimize=False)
        size = np.einsum("nlw,nlw,nl->n", moved, moved, weight, optimize=False)
        best = np.maximum(best, dot / np.sqrt(np.maximum(size * own, _TINY**2)))
    return np.asarray(np.clip(best, -1.0, 1.0))


def _t_wave(cuts: _Cuts, these: slice, common: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the correlation of what follows each QRS with what follows the dominant one, and the logarithm of its size."""
    t, weight = cuts.t[these], cuts.weight[these]
    dot = np.einsum("nlw,lw,nl->n", t, common, weight)
    size = np.einsum("nlw,nl->n", t**2, weight)
    own = np.einsum("lw,nl->n", common**2, weight)
    like = dot / np.sqrt(np.maximum(size * own, _TINY**2))
    return like, np.clip(0.5 * np.log(np.maximum(size, 1e-6) / np.maximum(own, 1e-6)), -3, 3)


def _company(
    rows: np.ndarray, others: np.ndarray, is_self: np.ndarray, pre: np.ndarray, post: np.ndarray
) -> np.ndarray:
    """Return the part of the other beats around that are of the same kind, and how early and before what pause these come."""
    same = ((rows @ others.T) > _SAME_KIND) & ~is_self
    count = same.sum(axis=1)
    mean_pre = (same @ pre + 1.0) / (count + 1)
    mean_post = (same @ post + 1.0) / (count + 1)
    return np.column_stack((count / max(1, len(others) - 1), mean_pre, mean_post, np.minimum(count, 5) / 5))
