"""A recording with annotated beats, and the examples made of it: candidates with features and what they are.

Belongs here: labels and matching. Not here: reading files (data.py), changed copies (noise.py, synthetic.py), the network.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.beats.candidates import candidates, first_guess, peak_positions
from cardio_dagster.modalities.ecg.beats.features import features
from cardio_dagster.modalities.ecg.beats.signal import work

# SOME_BEAT: a beat whose type nobody wrote down; NOT_VENTRICULAR: a beat of another type, or none
NO_BEAT, NORMAL, VENTRICULAR, SOME_BEAT, NOT_VENTRICULAR = range(5)
TOLERANCE_S = 0.15


@dataclass(frozen=True)
class Recording:
    """`beat_s` ascending; `beat_class` as above; only what lies in `known_s` is annotated.

    `others` is what candidates without annotation are: NO_BEAT, or NOT_VENTRICULAR where beats were not annotated at all.
    """

    name: str
    source: str
    signal_mv: np.ndarray
    sampling_rate_hz: float
    beat_s: np.ndarray
    beat_class: np.ndarray
    known_s: tuple[float, float]
    others: int = NO_BEAT


@dataclass(frozen=True)
class Examples:
    """`kind` tells variants of a recording with extrasystoles put in (1) from the others (0)."""

    features: np.ndarray
    label: np.ndarray
    recording: np.ndarray
    kind: np.ndarray


def label_candidates(recording: Recording, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the class of each candidate, -1 where nothing is annotated, and which ones are at annotated beats."""
    label = np.full(len(time_s), recording.others)
    partner, is_beat = match(recording.beat_s, time_s)
    label[partner[partner >= 0]] = recording.beat_class[partner >= 0]
    if recording.others == NOT_VENTRICULAR:
        label[label == NORMAL] = NOT_VENTRICULAR
    label[(time_s < recording.known_s[0]) | (time_s > recording.known_s[1])] = -1
    return label, is_beat


def match(reference_s: np.ndarray, found_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return per reference beat the found one within 150 ms (-1 without), and which found ones are taken; one to one."""
    taken = np.zeros(len(found_s), dtype=bool)
    partner = np.full(len(reference_s), -1)
    for i, time in enumerate(reference_s):
        k = int(np.searchsorted(found_s, time))
        near = [
            q for q in (k - 1, k) if 0 <= q < len(found_s) and not taken[q] and abs(found_s[q] - time) <= TOLERANCE_S
        ]
        if near:
            partner[i] = min(near, key=lambda q: abs(found_s[q] - time))
            taken[partner[i]] = True
    return partner, taken


def examples_of(recording: Recording, *, group: int, kind: int) -> list[Examples]:
    """Return the examples of one recording, once against the first guess and once against the annotated beats."""
    working = work(recording.signal_mv, sampling_rate_hz=recording.sampling_rate_hz)
    peaks = candidates(working)
    at = peak_positions(working, peaks)
    label, is_beat = label_candidates(recording, at / working.rate_hz)
    guess = first_guess(peaks / working.rate_hz, working.energy[peaks])
    parts = []
    for beats in (guess, np.where(label < 0, guess, is_beat)):
        if beats.sum() < 3:
            continue
        x, known = features(working, at, beats)[0][label >= 0], label[label >= 0]
        parts.append(Examples(x, known, np.full(len(x), group), np.full(len(x), kind)))
    return parts
