"""QRS complexes over all leads: where the ventricles were depolarised, what kind of beat each is, and how sure that is.

Belongs here: the order of finding and deciding. Not here: candidates, features, the model (beat_*.py) or the edges of waves
(delineation.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.beats.candidates import REFRACTORY_S, apart, candidates, first_guess, peak_positions
from cardio_dagster.modalities.ecg.beats.features import features
from cardio_dagster.modalities.ecg.beats.model import beat_probabilities
from cardio_dagster.modalities.ecg.beats.signal import Working, work
from cardio_dagster.modalities.ecg.beats.types import type_beats
from cardio_dagster.modalities.ecg.signal import Beats

_ROUNDS = 2  # the first against the guess by rules, the next against what the first one found
_LEAST_BEATS = 3  # fewer have no rhythm and no dominant shape: the rules decide alone
SURE = 0.4  # probability of a beat
VENTRICULAR = 0.6  # probability of a ventricular one; both limits as training/ecg_beats/evaluate.py prints them
_WHOLE_S = (0.12, 0.15)  # a beat nearer to either end is cut, and looks like none of the others
_USUAL_STRENGTH = 0.42  # of the slope energy: even odds for rules alone
MIN_QRS_MV = 0.05  # peak to peak in the QRS band; the lowest true beat of LUDB and CinC 2017 samples has 0.09

Judge = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Decided:
    """Beats in samples of the working signal, their likeness, and the probabilities (n, 3) of their candidates."""

    working: Working
    at: np.ndarray
    likeness: np.ndarray
    p: np.ndarray


def find_beats(signal_mv: np.ndarray, *, sampling_rate_hz: float, threads: int = 1) -> Beats:
    """Return the QRS complexes with type, likeness to the dominant shape and probability, ascending; empty where there are none.

    Method: peaks of the joined slope of all leads in 5 to 25 Hz, each lead scaled to its local QRS height and weighted by
    its local trust, are candidates; rules guess which are beats; a small network judges each candidate by its height, rhythm
    and shape against the beats around (no beat, normal-like, ventricular), twice. S is a rule (types.py).
    After Pan and Tompkins 1985 (10.1109/TBME.1985.325532) as far as the slope goes. With fewer than three beats the
    guess stands, the types are U and the probability follows from the slope alone.

    `signal_mv` has the shape (n_samples, n_leads), is finite, and holds usable leads only. `probability` is that of a beat.
    """
    if not len(signal_mv) or not signal_mv.shape[1]:
        nothing = np.empty(0)
        return Beats(nothing, (), nothing, nothing, None)

    def judge(features: np.ndarray) -> np.ndarray:
        return beat_probabilities(features, threads=threads)

    return typed(decide(signal_mv, sampling_rate_hz=sampling_rate_hz, judge=judge, sure=SURE), ventricular=VENTRICULAR)


def decide(signal_mv: np.ndarray, *, sampling_rate_hz: float, judge: Judge, sure: float) -> Decided:
    """Return the beats that `judge` gives a probability of `sure` or more: features (n, n_features) to probabilities (n, 3)."""
    working = work(signal_mv, sampling_rate_hz=sampling_rate_hz)
    peaks = candidates(working)
    peaks = peaks[_heights_mv(working, peaks) >= MIN_QRS_MV]
    at = peak_positions(working, peaks)
    strength = working.energy[peaks]
    chosen = first_guess(peaks / working.rate_hz, strength)
    is_beat = strength / (strength + _USUAL_STRENGTH)
    likeness, p = np.ones(len(at)), np.column_stack((1.0 - is_beat, is_beat, np.zeros(len(at))))
    for _ in range(_ROUNDS):
        if chosen.sum() < _LEAST_BEATS:
            break
        numbers, likeness = features(working, at, chosen)
        p = judge(numbers)
        is_beat = 1.0 - p[:, 0]
        before = chosen
        chosen = apart(at / working.rate_hz, np.where(is_beat >= sure, is_beat, 0.0), least_s=REFRACTORY_S)
        if np.array_equal(before, chosen):
            break  # another round would see the same
    return Decided(working, at[chosen], likeness[chosen], p[chosen])


def is_ventricular(found: Decided, *, limit: float) -> np.ndarray:
    """Return which beats are ventricular; one that an end of the recording cuts is not judged."""
    first, last = (round(edge_s * found.working.rate_hz) for edge_s in _WHOLE_S)
    whole = (found.at >= first) & (found.at < len(found.working.energy) - last)
    return np.asarray(whole & (found.p[:, 2] >= limit))


def typed(found: Decided, *, ventricular: float) -> Beats:
    """Return the beats with letters, V from a probability of `ventricular` on."""
    time_s = found.at / found.working.rate_hz
    v = is_ventricular(found, limit=ventricular)
    types = type_beats(beat_time_s=time_s, likeness=found.likeness, ventricular=v)
    return Beats(time_s, types, found.likeness, 1.0 - found.p[:, 0], _background(found.working, found.at))


def _background(working: Working, at: np.ndarray) -> float | None:
    """Return the usual size of the QRS band over its size at the beats; None without beats.

    About 0.05 where quiet lies between beats (0.23 at most in LUDB), 0.3 and more in noise, 0.5 in
    ventricular fibrillation, 0.7 in a sine.
    """
    if not len(at):
        return None
    size = np.sqrt((working.band_mv**2).sum(axis=0))
    peaks = size[_around(at, len(size), rate_hz=working.rate_hz)].max(axis=1)
    return float(np.median(size) / max(float(np.median(peaks)), 1e-9))


def _around(at: np.ndarray, length: int, *, rate_hz: float) -> np.ndarray:
    """Return the sample numbers within 100 ms of each position, shape (n, width)."""
    reach = max(1, round(0.1 * rate_hz))
    return np.asarray(np.clip(np.round(at).astype(int)[:, None] + np.arange(-reach, reach + 1), 0, length - 1))


def _heights_mv(working: Working, at: np.ndarray) -> np.ndarray:
    """Return per position the largest peak-to-peak voltage of any lead within 100 ms, in the QRS band."""
    windows = working.band_mv[:, _around(at, working.band_mv.shape[1], rate_hz=working.rate_hz)]
    return np.asarray(np.ptp(windows, axis=2).max(axis=0, initial=0.0))
