"""One feature in two spans: how far apart, and whether chance explains it.

Belongs here: the index, the tests and the words for both spans. Not here: which features, what is an alarm (shifts.py).

Population stability index: sum over bins of (p - q) ln(p / q) (Lewis 1994; the same as Jeffreys' divergence). Bins of numbers hold
equal shares of both spans together, at most ten and no more than a fifth of the smaller span, because the index rises by chance with the
number of bins; a bin that one span does not reach counts half a study there.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

MAX_BINS, PER_BIN = 10, 5
MIN_EXPECTED = 5  # of a cell of a contingency table; rarer words are counted together


@dataclass(frozen=True, slots=True)
class Tested:
    """What one test found; `psi` and `p` are None where one span is empty. `points` is the change of a share, in percent."""

    test: str
    recent_n: int
    before_n: int
    psi: float | None = None
    p: float | None = None
    points: float | None = None
    recent: str = ""
    before: str = ""

    def is_large(self, min_psi: float, min_points: float) -> bool:
        """Return whether the change would matter if it were no chance."""
        if self.points is not None:
            return abs(self.points) >= min_points
        return self.psi is not None and self.psi >= min_psi


def psi(recent: Sequence[int], before: Sequence[int]) -> float:
    """Return the population stability index of two lists of counts over the same bins.

    >>> round(psi([50, 50], [50, 50]), 3), round(psi([20, 80], [50, 50]), 3)
    (0.0, 0.416)
    """
    p, q = (np.maximum(np.asarray(counts, float), 0.5) for counts in (recent, before))
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((p - q) * np.log(p / q)))


def compare_numbers(recent: Sequence[float], before: Sequence[float]) -> Tested:
    """Compare by Kolmogorov and Smirnov's test of two samples (doi:10.1214/aoms/1177730256)."""
    if not recent or not before:
        return Tested("Kolmogorov-Smirnov", len(recent), len(before))
    bins = max(2, min(MAX_BINS, min(len(recent), len(before)) // PER_BIN))
    edges = np.unique(np.quantile([*recent, *before], np.linspace(0, 1, bins + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        for values in (recent, before)
    ]
    p = float(stats.ks_2samp(recent, before, method="asymp").pvalue)
    index = psi(counts[0].tolist(), counts[1].tolist())
    return Tested(
        "Kolmogorov-Smirnov", len(recent), len(before), index, p, None, _quartiles(recent), _quartiles(before)
    )


def compare_words(recent: Sequence[str], before: Sequence[str]) -> Tested:
    """Compare by the chi-square test of the table of counts; words expected fewer than five times are counted as one."""
    if not recent or not before:
        return Tested("chi-square", len(recent), len(before))
    table = _table(Counter(recent), Counter(before))
    p = float(stats.chi2_contingency(table, correction=False).pvalue) if table.shape[1] > 1 else 1.0
    index = psi(table[0].tolist(), table[1].tolist())
    return Tested("chi-square", len(recent), len(before), index, p, None, *_most_changed(recent, before))


def compare_shares(recent: Sequence[bool], before: Sequence[bool]) -> Tested:
    """Compare by Fisher's exact test."""
    if not recent or not before:
        return Tested("Fisher", len(recent), len(before))
    table = [[sum(span), len(span) - sum(span)] for span in (recent, before)]
    shares = [100 * row[0] / sum(row) for row in table]
    p = float(stats.fisher_exact(table).pvalue)
    told = [f"{share:.1f} %" for share in shares]
    return Tested("Fisher", len(recent), len(before), psi(*table), p, shares[0] - shares[1], *told)


def _table(recent: Counter[str], before: Counter[str]) -> np.ndarray:
    smaller = min(recent.total(), before.total()) / (recent.total() + before.total())
    rare = {w for w in recent | before if (recent[w] + before[w]) * smaller < MIN_EXPECTED}
    columns = [[recent[w], before[w]] for w in sorted((recent | before).keys() - rare)]
    if rare:
        columns.append([sum(c[w] for w in rare) for c in (recent, before)])
    return np.array(columns).T


def _quartiles(values: Sequence[float]) -> str:
    low, middle, high = (f"{v:.3g}" for v in np.percentile(values, (25, 50, 75)))
    return middle if low == high else f"{middle} ({low} to {high})"


def _most_changed(recent: Sequence[str], before: Sequence[str]) -> tuple[str, str]:
    """Return the word whose share changed most, with its share in each span."""
    counts = Counter(recent), Counter(before)
    shares = {w: [100 * c[w] / c.total() for c in counts] for w in sorted(counts[0] | counts[1])}
    word = max(shares, key=lambda w: abs(shares[w][0] - shares[w][1]))
    return f"{word}, {shares[word][0]:.0f} %", f"{word}, {shares[word][1]:.0f} %"
