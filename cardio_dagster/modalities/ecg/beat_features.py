"""What tells a beat from a wave, and a ventricular beat from the others: numbers of each candidate against its neighbourhood.

Belongs here: the features, all relative to the record's own beats, so that scale, polarity and the number of leads do not
matter. Not here: shapes (beat_shapes.py) or the decision (beats.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.beat_candidates import highest_within, neighbours
from cardio_dagster.modalities.ecg.beat_shapes import compare_shapes
from cardio_dagster.modalities.ecg.beat_signal import Working, at_samples, edged

_MOST_RATIO = 3.0


def features(working: Working, at: np.ndarray, guess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of each candidate, float32 (n, n_features), and its likeness to the dominant shape, (n,).

    `at` are positions in samples of the working signal (parts allowed), `guess` says which of them are taken for beats.
    Needs three guessed beats.
    """
    time_s = at / working.rate_hz
    height = _heights(working, at)
    rr = _rhythm(time_s, guess)
    shapes, likeness = compare_shapes(working, at, guess, pre=rr[:, 0], post=rr[:, 1])
    columns = np.column_stack((_beside(working, time_s, at, height, guess), rr, shapes))
    return columns.astype(np.float32), likeness


def _heights(working: Working, at: np.ndarray) -> np.ndarray:
    """Return the highest joined energy within 80 ms."""
    reach = round(0.08 * working.rate_hz)
    window = np.clip(np.round(at).astype(int)[:, None] + np.arange(-reach, reach + 1), 0, len(working.energy) - 1)
    return np.asarray(working.energy[window].max(axis=1))


def _log(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.clip(values, 0.05, 20.0)))


def _beside(working: Working, time_s: np.ndarray, at: np.ndarray, height: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """Return height, height of what lies 0.36 s before and after over it, local noise, and the guess."""
    before = [highest_within(time_s, height, a, b) / height for a, b in ((-0.2, -0.01), (-0.36, -0.2), (-0.6, -0.36))]
    after = [highest_within(time_s, height, a, b) / height for a, b in ((0.01, 0.2), (0.2, 0.36), (0.36, 0.6))]
    noise = at_samples(working.noise[None], working.centre, at)[0]
    return np.column_stack((_log(height), *map(_log, before), *map(_log, after), _log(noise), guess))


def _rhythm(time_s: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """Return RR before and after over the usual one, their sum, the usual RR, and how irregular the RR is around."""
    previous_s, next_s, usual_s = neighbours(time_s, guess)
    pre = np.minimum((time_s - previous_s) / usual_s, _MOST_RATIO)
    post = np.minimum((next_s - time_s) / usual_s, _MOST_RATIO)
    beat_s = time_s[guess]
    change = np.abs(np.diff(np.diff(beat_s), prepend=0.0, append=0.0))
    change[[0, -1]] = np.median(change[1:-1])
    padded = edged(change[None], 5, 5)[0]
    usual_change = np.median(np.lib.stride_tricks.sliding_window_view(padded, 11), axis=1)
    nearest = np.clip(np.searchsorted(beat_s, time_s), 0, len(beat_s) - 1)
    irregular = np.minimum(usual_change[nearest] / usual_s, 1.0)
    return np.column_stack((pre, post, pre + post, _log(usual_s), irregular))
