"""Where a recording has no signal, and what that does to beats.

Belongs here: seconds in which nothing can be read, and the beats in them. Not here: judging seconds (quality/), or pauses (trust.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.signal import Beats, EcgQuality, Flaw

_LOST = Flaw.MISSING | Flaw.LEAD_OFF
_DOUBTFUL = _LOST | Flaw.SATURATED
_FLAT_LOST_S = 60.0  # a heart may stand still; an amplifier that shows less than 0.01 mV for a minute is not connected


def lost_stretches_s(quality: EcgQuality) -> np.ndarray:
    """Return start and end in seconds of every stretch without signal in any usable lead, (n, 2), ascending.

    Missing samples and hanging electrodes count at once. A flat line counts after a minute: a shorter one may be asystole.
    """
    edges = runs_of(_is_lost(quality))
    return np.asarray(edges * quality.second_s, dtype=float)


def without_unreadable(beats: Beats, quality: EcgQuality) -> Beats:
    """Return the beats less those in seconds without signal; those in seconds where every usable lead is saturated become U."""
    if not len(quality.flags) or not len(beats.time_s):
        return beats
    kept = ~_at(_is_lost(quality), beats.time_s, quality.second_s)
    doubtful = _at(_all_usable(quality, _DOUBTFUL), beats.time_s, quality.second_s)
    types = tuple(
        "U" if is_doubtful else letter
        for letter, keep, is_doubtful in zip(beats.types, kept.tolist(), doubtful.tolist(), strict=True)
        if keep
    )
    return Beats(beats.time_s[kept], types, beats.likeness[kept], beats.probability[kept], beats.background)


def _is_lost(quality: EcgQuality) -> np.ndarray:
    """Return per second whether no usable lead has a signal."""
    flat = quality.flags & Flaw.FLAT.value > 0
    least = max(1, round(_FLAT_LOST_S / quality.second_s))
    for i in np.flatnonzero(flat.any(axis=0)):
        lead = flat[:, i]
        for start, stop in runs_of(lead):
            lead[start:stop] = stop - start >= least
    lost = (quality.flags & _LOST.value > 0) | flat
    return np.asarray(lost[:, quality.usable()].all(axis=1))


def _all_usable(quality: EcgQuality, flaws: Flaw) -> np.ndarray:
    return np.asarray((quality.flags[:, quality.usable()] & flaws.value > 0).all(axis=1))


def runs_of(mask: np.ndarray) -> np.ndarray:
    """Return start and end (exclusive) of the runs of True, (n, 2)."""
    return np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)


def _at(seconds: np.ndarray, time_s: np.ndarray, second_s: float) -> np.ndarray:
    """Return the value of the second in which each time lies; a rest beyond the last counts to it."""
    return np.asarray(seconds[np.minimum((time_s / second_s).astype(int), len(seconds) - 1)])
