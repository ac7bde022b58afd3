"""Counting what was found against what experts marked.

Belongs here: matching in time and the figures made of it. Not here: reading records, or any detector.
"""

from dataclasses import dataclass, field

import numpy as np

WINDOW_S = 0.15  # ANSI/AAMI EC57


def match(reference_s: np.ndarray, found_s: np.ndarray, *, window_s: float = WINDOW_S) -> tuple[np.ndarray, int, int]:
    """Return the errors of the matched pairs in seconds (found less reference), the misses and the false alarms.

    One to one, the nearest pair first; both arrays ascend.
    """
    pairs = _near_pairs(np.asarray(reference_s), np.asarray(found_s), window_s)
    taken_reference, taken_found, errors = set(), set(), []
    for _, i, j in sorted(pairs):
        if i not in taken_reference and j not in taken_found:
            taken_reference.add(i)
            taken_found.add(j)
            errors.append(float(found_s[j] - reference_s[i]))
    return np.array(errors), len(reference_s) - len(errors), len(found_s) - len(errors)


def _near_pairs(reference_s: np.ndarray, found_s: np.ndarray, window_s: float) -> list[tuple[float, int, int]]:
    first = np.searchsorted(found_s, reference_s - window_s)
    last = np.searchsorted(found_s, reference_s + window_s, side="right")
    return [
        (abs(float(found_s[j] - r)), i, j)
        for i, (r, a, b) in enumerate(zip(reference_s, first, last, strict=True))
        for j in range(a, b)
    ]


@dataclass
class Tally:
    """Hits with their errors in seconds, misses and false alarms, summed over records."""

    errors_s: list[np.ndarray] = field(default_factory=list)
    misses: int = 0
    false_alarms: int = 0

    def add(self, reference_s: np.ndarray, found_s: np.ndarray) -> None:
        """Match one record and add the counts."""
        errors, misses, false_alarms = match(reference_s, found_s)
        self.errors_s.append(errors)
        self.misses += misses
        self.false_alarms += false_alarms

    @property
    def hits(self) -> int:
        """Return the number of matched pairs."""
        return sum(len(errors) for errors in self.errors_s)

    @property
    def sensitivity_pct(self) -> float:
        """Return the share of the reference that was found."""
        return 100.0 * self.hits / max(self.hits + self.misses, 1)

    @property
    def predictive_pct(self) -> float:
        """Return the share of what was found that is in the reference (+P)."""
        return 100.0 * self.hits / max(self.hits + self.false_alarms, 1)

    @property
    def f1_pct(self) -> float:
        """Return the harmonic mean of both."""
        return 200.0 * self.hits / max(2 * self.hits + self.misses + self.false_alarms, 1)

    def error_ms(self) -> tuple[float, float]:
        """Return mean and standard deviation of the errors in ms; NaN without hits."""
        all_ms = 1000.0 * np.concatenate([np.empty(0), *self.errors_s])
        return (float(all_ms.mean()), float(all_ms.std())) if len(all_ms) else (np.nan, np.nan)
