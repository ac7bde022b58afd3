"""How beats are counted, and how limits are chosen from judged recordings.

Belongs here: counting and choosing. Not here: networks (model.py) or who judges whom (evaluate.py).
"""

from dataclasses import dataclass

import numpy as np

from training.ecg_beats.recording import NORMAL, VENTRICULAR, Recording, match

LIMITS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
TEMPERATURES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5)
_LEAST_V = 10


@dataclass(frozen=True)
class Counts:
    """Hits, misses and false alarms."""

    hits: int
    misses: int
    false: int

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.hits + other.hits, self.misses + other.misses, self.false + other.false)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, 2 * self.hits + self.misses + self.false)


def count(reference_s: np.ndarray, found_s: np.ndarray) -> Counts:
    partner, taken = match(reference_s, found_s)
    return Counts(int((partner >= 0).sum()), int((partner < 0).sum()), int((~taken).sum()))


def count_v(recording: Recording, found_s: np.ndarray) -> Counts:
    return count(recording.beat_s[recording.beat_class == VENTRICULAR], found_s)


def error(counts: list[Counts], n_beats: list[int]) -> float:
    """Return the sum over recordings of missed ventricular beats in percent and of false ones per 2000 beats.

    So each patient weighs the same, whether with ten extrasystoles or with five hundred.
    """
    return sum(
        100 * c.misses / max(c.hits + c.misses, _LEAST_V) + 2000 * c.false / n
        for c, n in zip(counts, n_beats, strict=True)
    )


def nll(p: np.ndarray, label: np.ndarray, temperature: float) -> float:
    """Return the mean negative log-likelihood of the beat-or-not answer; `label` as in recording.py."""
    logits = np.log(np.maximum(p, 1e-7)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    tempered = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    is_beat = (label == NORMAL) | (label == VENTRICULAR)
    return float(-np.log(np.where(is_beat, 1.0 - tempered[:, 0], tempered[:, 0]) + 1e-9).mean())


def line(name: str, beats: Counts, v: Counts) -> str:
    n = beats.hits + beats.misses
    return (
        f"{name:6} {n:6} beats  Se {100 * beats.hits / n:7.3f}  +P {100 * beats.hits / (beats.hits + beats.false):7.3f}"
        f"  ({beats.misses} missed, {beats.false} false)   PVC {v.hits + v.misses:4}  F1 {v.f1:.3f}"
        f" ({v.misses} missed, {v.false} false)"
    )
