"""What kind of beat each one is: normal, ventricular or supraventricular extrasystole, paced.

Belongs here: typing of known beats by shape, width and prematurity. Not here: the rhythm as a whole (rhythm.py).
A first version: good for single, premature, wide beats; it does not know fusion beats or aberrant conduction.
"""

import numpy as np

from cardio_dagster.modalities.ecg.filters import bandpass
from cardio_dagster.modalities.ecg.windows import cut

_HALF_S = (0.12, 0.2)  # before and after the peak
_WORKING_RATE_HZ = 125.0
# tuned on the eight annotated records of the MIT-BIH reference set
_LIKE = 0.9  # correlation with the dominant shape that a normal beat has
_EARLY, _EARLY_UNLIKE, _EARLY_WIDE = 0.9, 0.85, 1.1  # RR over the local median, likeness, width over the usual
_UNLIKE, _WIDE = 0.75, 1.5  # unlike and wide enough to be ventricular without being early
_VERY_UNLIKE = 0.2  # with early, whatever the width
_VERY_EARLY = 0.8
_IRREGULAR = 0.15  # usual change from one RR interval to the next, as part of it: beyond it prematurity says nothing


def type_beats(*, beat_time_s: np.ndarray, likeness: np.ndarray, qrs_s: np.ndarray) -> tuple[str, ...]:
    """Return one letter per beat: N, V, S or U.

    V: unlike the dominant shape, and premature or wide. S: like it, and clearly premature in a regular rhythm.
    U for all where there are fewer than four beats, because no shape is dominant then.

    `likeness` is that of `likeness_to_dominant`, `qrs_s` the QRS duration per beat in seconds, NaN where unknown.
    """
    if len(beat_time_s) < 4:
        return ("U",) * len(beat_time_s)
    rr_ratio = _prematurity(beat_time_s)
    is_irregular = np.median(np.abs(np.diff(np.diff(beat_time_s)))) > _IRREGULAR * np.median(np.diff(beat_time_s))
    width = _relative_width(qrs_s, likeness)
    early = rr_ratio < _EARLY
    ventricular = (
        (early & (likeness < _EARLY_UNLIKE) & (width > _EARLY_WIDE))
        | ((likeness < _UNLIKE) & (width > _WIDE))
        | (early & (likeness < _VERY_UNLIKE))
    )
    supraventricular = ~ventricular & (rr_ratio < _VERY_EARLY) & (not is_irregular)
    return tuple("V" if v else "S" if s else "N" for v, s in zip(ventricular, supraventricular, strict=True))


def _relative_width(qrs_s: np.ndarray, likeness: np.ndarray) -> np.ndarray:
    """Return each QRS duration over the median of the dominant beats; 1 where either is unknown."""
    dominant_s = qrs_s[(likeness > _LIKE) & np.isfinite(qrs_s)]
    if not len(dominant_s):
        return np.ones(len(qrs_s))
    return np.nan_to_num(qrs_s / float(np.median(dominant_s)), nan=1.0)


def _prematurity(beat_time_s: np.ndarray) -> np.ndarray:
    """Return each beat's preceding RR interval over the median of the eleven around it; 1 for the first beat."""
    from scipy.ndimage import median_filter

    rr_s = np.diff(beat_time_s)
    local_s = median_filter(rr_s, size=min(11, len(rr_s)), mode="nearest")
    return np.concatenate(([1.0], rr_s / local_s))


def likeness_to_dominant(signal_mv: np.ndarray, *, sampling_rate_hz: float, beat_time_s: np.ndarray) -> np.ndarray:
    """Return the correlation of each beat with the dominant shape around it, all leads together, -1 to 1, (n_beats,).

    The dominant shape is the median of the beats that resemble most others, over 60 beats around (it drifts in long records).
    """
    if not len(beat_time_s):
        return np.empty(0)
    shapes = _shapes(signal_mv, sampling_rate_hz=sampling_rate_hz, beat_time_s=beat_time_s)
    result = np.empty(len(shapes))
    for start in range(0, len(shapes), 60):
        chunk = slice(start, start + 60)
        around = shapes[max(0, start - 60) : start + 120]
        common = np.median(
            around[np.argsort(-(around @ around.T > 0.8).sum(axis=1))[: max(3, len(around) // 3)]], axis=0
        )
        result[chunk] = shapes[chunk] @ (common / max(float(np.linalg.norm(common)), 1e-9))
    return result


def _shapes(signal_mv: np.ndarray, *, sampling_rate_hz: float, beat_time_s: np.ndarray) -> np.ndarray:
    """Return the beats as rows of unit length without mean, leads side by side."""
    band = bandpass(signal_mv, sampling_rate_hz=sampling_rate_hz, low_hz=1.0, high_hz=30.0)
    step = max(1, int(sampling_rate_hz // _WORKING_RATE_HZ))
    rate_hz = sampling_rate_hz / step
    starts = np.round((beat_time_s - _HALF_S[0]) * rate_hz).astype(int)
    windows = cut(band[::step], starts, width=round(sum(_HALF_S) * rate_hz))
    windows = windows - windows.mean(axis=1, keepdims=True)
    rows = windows.reshape(len(windows), -1)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))
