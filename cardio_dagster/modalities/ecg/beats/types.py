"""What kind of beat each one is: normal, ventricular or supraventricular extrasystole.

Belongs here: letters from shape and prematurity. Not here: the judgement of shapes (model.py), pacing (pacing.py), or the
rhythm as a whole (rhythm.py). Fusion beats count as normal.
"""

import numpy as np

_LEAST_BEATS = 4  # no shape is dominant among fewer
_VERY_EARLY = 0.8  # RR over the local median
_LIKE = 0.7
_IRREGULAR = 0.15  # usual change from one RR interval to the next, as part of it: beyond it prematurity says nothing


def type_beats(*, beat_time_s: np.ndarray, likeness: np.ndarray, ventricular: np.ndarray) -> tuple[str, ...]:
    """Return one letter per beat: N, V, S or U.

    V: as judged. S: not V, like the dominant shape, and clearly premature in a regular rhythm.
    U for all where there are fewer than four beats, because no shape is dominant then.
    """
    if len(beat_time_s) < _LEAST_BEATS:
        return ("U",) * len(beat_time_s)
    rr_s = np.diff(beat_time_s)
    is_irregular = np.median(np.abs(np.diff(rr_s))) > _IRREGULAR * np.median(rr_s)
    early = _prematurity(rr_s) < _VERY_EARLY
    # what follows an extrasystole of the ventricle closely is no second extrasystole for that
    early[1:] &= ~ventricular[:-1]
    supraventricular = ~ventricular & early & (likeness > _LIKE) & (not is_irregular)
    return tuple("V" if v else "S" if s else "N" for v, s in zip(ventricular, supraventricular, strict=True))


def _prematurity(rr_s: np.ndarray) -> np.ndarray:
    """Return each beat's preceding RR interval over the median of the eleven around it; 1 for the first beat."""
    padded = np.pad(rr_s, 5, mode="edge")
    local_s = np.median(np.lib.stride_tricks.sliding_window_view(padded, 11), axis=1)
    return np.concatenate(([1.0], rr_s / local_s))
