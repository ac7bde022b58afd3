"""Matching in time what was found with what experts marked.

Belongs here: one-to-one pairs. Not here: reading records. Window: 150 ms either side, ANSI/AAMI EC57.
"""

from dataclasses import dataclass

import numpy as np

WINDOW_S = 0.15


@dataclass(frozen=True, slots=True)
class Matched:
    """The errors of the pairs in ms (found less marked), what was missed and what was found for nothing."""

    errors_ms: tuple[float, ...]
    missed: int
    invented: int

    @property
    def hits(self) -> int:
        """Return the number of pairs."""
        return len(self.errors_ms)

    @property
    def f1_sums(self) -> tuple[float, float, float]:
        """Return hits, false alarms and misses, as Form.F1 takes them."""
        return (float(self.hits), float(self.invented), float(self.missed))

    @property
    def spread_sums(self) -> tuple[float, float, float]:
        """Return sum, sum of squares and count of the errors, as Form.SPREAD takes them."""
        return (sum(self.errors_ms), sum(e * e for e in self.errors_ms), float(self.hits))


def match(marked_s: np.ndarray, found_s: np.ndarray, window_s: float = WINDOW_S) -> Matched:
    """Pair one to one, the nearest first; both arrays ascend."""
    first = np.searchsorted(found_s, marked_s - window_s)
    last = np.searchsorted(found_s, marked_s + window_s, side="right")
    near = sorted(
        (abs(float(found_s[j] - mark)), i, j)
        for i, (mark, a, b) in enumerate(zip(marked_s, first, last, strict=True))
        for j in range(a, b)
    )
    taken_marks: set[int] = set()
    taken_found: set[int] = set()
    errors_ms = []
    for _, i, j in near:
        if i not in taken_marks and j not in taken_found:
            taken_marks.add(i)
            taken_found.add(j)
            errors_ms.append(1000 * float(found_s[j] - marked_s[i]))
    return Matched(tuple(errors_ms), len(marked_s) - len(errors_ms), len(found_s) - len(errors_ms))


def joined(parts: list[Matched]) -> Matched:
    """Return several as one."""
    errors = tuple(error for part in parts for error in part.errors_ms)
    return Matched(errors, sum(p.missed for p in parts), sum(p.invented for p in parts))
