"""The shapes of beats against the dominant one around them: likeness, width, P and T wave, and beats of the same kind.

Belongs here: comparing. Not here: cutting out (cuts.py), height and rhythm (features.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.beats.cuts import SHIFT, Cuts, cut_beats, widths_of
from cardio_dagster.modalities.ecg.beats.signal import Working

_CHUNK = 60  # beats that share a dominant shape
_SAME_KIND = 0.85
_RELATED = 0.8
_UNLIKE = 0.7  # what resembles the dominant shape less is another kind
_COUNTS = 0.3  # a lead with less of the trust of the best one has no say alone
_BROAD = 1.5  # a kind twice as slow needs e**(1.5 * 0.7) = 2.8 times as many beats to be dominant
_TINY = 1e-9


def compare_shapes(
    working: Working, at: np.ndarray, guess: np.ndarray, *, pre: np.ndarray, post: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of shape (n, n_features) and the likeness to the dominant shape around, -1 to 1, (n,).

    The dominant shape is the median of the most typical of 180 beats around (it drifts in long records).
    `pre` and `post` are the RR intervals beside each candidate over the usual one.
    """
    cuts = cut_beats(working, at)
    widths = widths_of(cuts)
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
    return np.column_stack((joined, _beside(cuts, beats))), joined[:, 0]


def _typical(rows: np.ndarray, slowness: np.ndarray, pre: np.ndarray) -> np.ndarray:
    """Return which third of the beats stands for the dominant shape: those with most company of narrow, unhurried beats.

    In bigeminy and runs the ectopic kind may be the most common one, so mere number does not decide.
    """
    alike = (rows @ rows.T) > _RELATED
    votes = np.exp(-_BROAD * (slowness - slowness.min())) * np.clip(pre, 0.6, 1.2)
    order = np.argsort(-(alike @ votes.astype(np.float32)), kind="stable")
    return np.asarray(order[: max(3, len(rows) // 3)])


def _against(
    cuts: Cuts, widths: np.ndarray, these: slice, around: np.ndarray, *, pre: np.ndarray, post: np.ndarray
) -> np.ndarray:
    """Return the features of the candidates `these` against the beats `around`; the likeness comes first."""
    slowness = np.clip(widths[around, 3], np.percentile(widths[around, 3], 10), None)
    typical = around[_typical(cuts.row[around], slowness, pre[around])]
    common = _median(cuts.qrs[:, typical])
    likeness = _likeness(cuts.qrs[:, these], common[:, SHIFT:-SHIFT], cuts.weight[these])
    t_like, t_size = _wave(cuts.t[:, these], _median(cuts.t[:, typical]), cuts.weight[these])
    p_like, p_size = _wave(cuts.p[:, these], _median(cuts.p[:, typical]), cuts.weight[these])
    own_size = max(float(_median(cuts.size[None, typical])[0]), _TINY)
    size = np.clip(np.log(np.maximum(cuts.size[these], 1e-3) / own_size), -3, 3)
    relative = widths[these] - _median(widths[None, typical])[0]
    is_other = likeness[0] < _UNLIKE
    company = _company(cuts.row, these, around, is_other, pre=pre, post=post)
    return np.column_stack((*likeness, size, relative, widths[these], t_like, t_size, p_like, p_size, company))


def _median(values: np.ndarray) -> np.ndarray:
    """Return the upper median along the second axis; `np.median` takes several times as long for little ones."""
    middle = values.shape[1] // 2
    return np.asarray(np.partition(values, middle, axis=1)[:, middle])


def _likeness(wide: np.ndarray, common: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return correlations with the dominant shape at the best small shift: over all leads, of the best and the worst lead.

    One product with the shape at every shift: (n_leads, n, width + 6) x (n_leads, width + 6, 7).
    """
    n_leads, width = common.shape
    shifts = 2 * SHIFT + 1
    shifted = np.zeros((n_leads, width + shifts - 1, shifts), dtype=wide.dtype)
    ones = np.zeros((width + shifts - 1, shifts), dtype=wide.dtype)
    for shift in range(shifts):
        shifted[:, shift : shift + width, shift] = common
        ones[shift : shift + width, shift] = 1.0
    dot, power = wide @ shifted, (wide * wide) @ ones
    own = (common * common).sum(axis=1)
    trust = weight.T[:, :, None]
    whole = (dot * trust).sum(axis=0) / np.sqrt(
        np.maximum((power * trust).sum(axis=0) * (own @ weight.T)[:, None], _TINY)
    )
    best = np.argmax(whole, axis=1)
    each = np.arange(len(best))
    single = dot[:, each, best] / np.sqrt(np.maximum(power[:, each, best] * own[:, None], _TINY))
    matters = _COUNTS * weight.T.max(axis=0) <= weight.T
    parts = whole[each, best], np.where(matters, single, -1.0).max(axis=0), np.where(matters, single, 1.0).min(axis=0)
    return np.asarray(np.clip(np.stack(parts), -1.0, 1.0))


def _wave(wave: np.ndarray, common: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the correlation of the stretch beside each QRS with that beside the dominant one, and the logarithm of its size."""
    dot = ((wave @ common[:, :, None])[:, :, 0] * weight.T).sum(axis=0)
    size = ((wave * wave).sum(axis=2) * weight.T).sum(axis=0)
    own = (common * common).sum(axis=1) @ weight.T
    like = dot / np.sqrt(np.maximum(size * own, _TINY))
    return like, np.clip(0.5 * np.log(np.maximum(size, 1e-6) / np.maximum(own, 1e-6)), -3, 3)


def _company(
    row: np.ndarray, these: slice, around: np.ndarray, is_other: np.ndarray, *, pre: np.ndarray, post: np.ndarray
) -> np.ndarray:
    """Return the part of the other beats around that are of the same kind, how early and before what pause these come.

    The last column is the best correlation with another beat that is unlike the dominant shape, 0 where there is none:
    ectopic beats from one focus resemble each other, artefacts do not.
    """
    alike = row[these] @ row[around].T
    is_self = np.arange(these.start, these.stop)[:, None] == around
    same = (alike > _SAME_KIND) & ~is_self
    count = same.sum(axis=1)
    means = [(same @ values[around].astype(np.float32) + 1.0) / (count + 1) for values in (pre, post)]
    there = (around >= these.start) & (around < these.stop)
    other = np.zeros(len(around), dtype=bool)
    other[there] = is_other[around[there] - these.start]
    twin = np.where(other & ~is_self, alike, 0.0).max(axis=1, initial=0.0)
    return np.column_stack((count / max(1, len(around) - 1), *means, np.minimum(count, 5) / 5, twin))


def _beside(cuts: Cuts, beats: np.ndarray) -> np.ndarray:
    """Return the correlation of each candidate with the beat before and the one after it, 0 where there is none."""
    n = len(cuts.row)
    columns = []
    places = np.searchsorted(beats, np.arange(n)) - 1, np.searchsorted(beats, np.arange(n), side="right")
    for place in places:
        exists = (place >= 0) & (place < len(beats))
        other = beats[np.clip(place, 0, len(beats) - 1)]
        columns.append(np.where(exists, np.einsum("nw,nw->n", cuts.row, cuts.row[other]), 0.0))
    return np.column_stack(columns)
