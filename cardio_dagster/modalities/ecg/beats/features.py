"""What tells a beat from a wave, and a ventricular beat from the others: numbers of each candidate against its neighbourhood.

Belongs here: the features, all relative to the record's own beats, so that scale, polarity and the number of leads do not
matter. Not here: shapes (shapes.py) or the decision (find.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.beats.candidates import highest_within, neighbours
from cardio_dagster.modalities.ecg.beats.shapes import compare_shapes
from cardio_dagster.modalities.ecg.beats.signal import Working, at_samples, edged

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
    """Return RR before and after over the usual one and over the RR before that, the usual RR, and how irregular it is.

    In an irregular rhythm a short RR says little, so its place among the RR intervals around goes with it.
    """
    previous_s, next_s, usual_s = neighbours(time_s, guess)
    pre = np.minimum((time_s - previous_s) / usual_s, _MOST_RATIO)
    post = np.minimum((next_s - time_s) / usual_s, _MOST_RATIO)
    beat_s = time_s[guess]
    rr_s = np.diff(beat_s)
    nearest = np.clip(np.searchsorted(beat_s, time_s), 0, len(beat_s) - 1)
    around_s = np.lib.stride_tricks.sliding_window_view(edged(rr_s[None], 6, 5)[0], 11)[np.minimum(nearest, len(rr_s))]
    place = (around_s < 0.97 * (time_s - previous_s)[:, None]).mean(axis=1)
    last = np.concatenate((rr_s[:1], rr_s[:1], rr_s))[nearest]
    against_last = np.minimum((time_s - previous_s) / np.maximum(last, 0.05), _MOST_RATIO)
    irregular = _irregularity(rr_s)[nearest] / usual_s
    return np.column_stack((pre, post, pre + post, _log(usual_s), np.minimum(irregular, 1.0), place, against_last))


def _irregularity(rr_s: np.ndarray) -> np.ndarray:
    """Return per beat the median change from one RR interval to the next of the eleven around it, in s."""
    change = np.abs(np.diff(rr_s, prepend=rr_s[:1], append=rr_s[-1:]))
    change[[0, -1]] = np.median(change[1:-1])
    windows = np.lib.stride_tricks.sliding_window_view(edged(change[None], 5, 5)[0], 11)
    return np.asarray(np.partition(windows, 5, axis=1)[:, 5])
