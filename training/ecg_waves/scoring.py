"""Counting hits, misses and errors of wave edges as the project's outside measurement does.

Belongs here: matching within 150 ms, per edge; only waves inside what the experts looked at. Not here: running anything.
"""

from dataclasses import dataclass, field

import numpy as np

from cardio_dagster.modalities.ecg.signal import Delineation

TOLERANCE_S = 0.15
_BEYOND_SPAN_S = 0.02


@dataclass
class Score:
    """Errors of one edge in ms (found less marked), and how many were missed or invented."""

    errors_ms: list[float] = field(default_factory=list)
    missed: int = 0
    invented: int = 0

    @property
    def f1(self) -> float:
        hits = len(self.errors_ms)
        return 200 * hits / max(2 * hits + self.missed + self.invented, 1)

    @property
    def sd_ms(self) -> float:
        return float(np.std(self.errors_ms)) if self.errors_ms else np.nan

    @property
    def mean_ms(self) -> float:
        return float(np.mean(self.errors_ms)) if self.errors_ms else np.nan


def score_lead(
    scores: list[Score], marks: list[tuple[int, int, float, float, float]], found: Delineation, column: int
) -> None:
    """Add one lead to the scores of its six edges."""
    if not marks:
        return
    low, high = min(m[2] for m in marks) - _BEYOND_SPAN_S, max(m[4] for m in marks) + _BEYOND_SPAN_S
    for wave, times in enumerate((found.p, found.qrs, found.t)):
        onset, offset = times.onset_s[:, column], times.offset_s[:, column]
        with np.errstate(invalid="ignore"):
            inside = (onset >= low) & (offset <= high)
        for side, edge in enumerate((onset, offset)):
            marked = [mark[2 + 2 * side] for mark in marks if mark[1] == wave]
            _match(scores[2 * wave + side], marked, edge[inside])


def _match(score: Score, marked: list[float], found: np.ndarray) -> None:
    """Pair one to one, the nearest first."""
    pairs = sorted(
        (abs(f - m), i, j) for i, m in enumerate(marked) for j, f in enumerate(found) if abs(f - m) <= TOLERANCE_S
    )
    taken_m, taken_f = set(), set()
    for _, i, j in pairs:
        if i not in taken_m and j not in taken_f:
            taken_m.add(i)
            taken_f.add(j)
            score.errors_ms.append(1000 * (found[j] - marked[i]))
    score.missed += len(marked) - len(taken_m)
    score.invented += len(found) - len(taken_f)


def auc(truth: np.ndarray, value: np.ndarray) -> float:
    """Return the area under the receiver operating curve."""
    from scipy.stats import rankdata

    truth = truth.astype(bool)
    n_true, n_false = truth.sum(), (~truth).sum()
    return float((rankdata(value)[truth].sum() - n_true * (n_true + 1) / 2) / max(n_true * n_false, 1))
