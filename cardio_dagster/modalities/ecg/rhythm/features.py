"""The numbers that the rhythm model sees of one stretch of a recording.

Belongs here: their order, and cutting a stretch out of the whole. Not here: how they are measured or what they mean.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.rhythm.atrial import ATRIAL_FEATURES, Atrial, atrial_features
from cardio_dagster.modalities.ecg.rhythm.intervals import INTERVAL_FEATURES, interval_features
from cardio_dagster.modalities.ecg.signal import EcgStructures

BEAT_FEATURES = (
    "p_mean",
    "p_share",
    "p_spread",
    "likeness_median",
    "likeness_low",
    "unlike_share",
    "background",
)
FEATURES = INTERVAL_FEATURES + BEAT_FEATURES + ATRIAL_FEATURES


@dataclass(frozen=True, slots=True)
class Stretch:
    """Beats of a part of a recording: times, letters, likeness, and the probability of a P wave before each, all (n,)."""

    beat_time_s: np.ndarray
    kinds: np.ndarray
    likeness: np.ndarray
    p_probability: np.ndarray
    background: float


def stretch_of(found: EcgStructures, kinds: np.ndarray, *, first: int, last: int) -> Stretch:
    """Return the beats from number `first` to `last` (exclusive)."""
    part = slice(first, last)
    background = np.nan if found.background is None else found.background
    return Stretch(
        found.beat_time_s[part],
        kinds[part],
        found.likeness[part],
        found.p_probability[part],
        background,
    )


def features_of(stretch: Stretch, atrial: Atrial | None) -> np.ndarray:
    """Return the numbers named in FEATURES (float32), NaN where one was not measured; the stretch has four beats or more."""
    signal = np.full(len(ATRIAL_FEATURES), np.nan) if atrial is None else atrial.features
    parts = (interval_features(stretch.beat_time_s, stretch.kinds), _beat_features(stretch), signal)
    return np.concatenate(parts).astype(np.float32)


def measure_atria(stretch: Stretch, signal_mv: np.ndarray, *, rate_hz: float, start_s: float) -> Atrial | None:
    """Return what the atria do in `signal_mv` (slowed down), which begins at `start_s` of the recording."""
    beat_s = stretch.beat_time_s - start_s
    return atrial_features(signal_mv, rate_hz=rate_hz, beat_s=beat_s, kinds=stretch.kinds, likeness=stretch.likeness)


def _beat_features(stretch: Stretch) -> np.ndarray:
    p = stretch.p_probability[np.isfinite(stretch.p_probability)]
    known = len(p) > 0
    likeness = np.sort(stretch.likeness)
    return np.array(
        [
            p.mean() if known else np.nan,
            np.count_nonzero(p > 0.5) / len(p) if known else np.nan,
            p.std() if known else np.nan,
            likeness[len(likeness) // 2],
            likeness[round(0.1 * (len(likeness) - 1))],
            np.count_nonzero(likeness < 0.8) / len(likeness),
            stretch.background,
        ]
    )
