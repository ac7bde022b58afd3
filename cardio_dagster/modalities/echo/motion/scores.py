"""From excursions to wall motion scores: 1 normal, 2 hypokinetic, 3 akinetic, 4 dyskinetic.

Belongs here: the normal excursion of each segment, the thresholds and how they were found. Not here:
which segments may be scored (trust.py), measuring (excursion.py) and wording (measures.py).

The scores are those of Lang et al. 2015, doi:10.1016/j.echo.2014.10.003 (normal or hyperkinetic,
hypokinetic, akinetic, dyskinetic; the wall motion score index is their mean over the segments
scored). There they are given by eye, from thickening; here they are read from excursion, because
thickening of the experts' outlines in CAMUS says little (EF above 55 %: 19 +- 18 %).

NORMAL is from the experts' outlines of the 148 CAMUS patients with an EF of 55 to 75 % in this plane
(Leclerc et al. 2019, doi:10.1109/TMI.2019.2900516; not all of them need be healthy). A published
range of the same quantity, from magnetic resonance in 120 healthy people: basal 33, mid 38, apical
29 % (doi:10.3390/jcdd10120474).

Thresholds were chosen on the same patients, and on outlines of theirs whose motion was scaled to 40, 0 and
-40 % in one to three segments. With mean and spread from one half of the patients, 4 % of the segments and
15 % of the patients with an EF above 55 % in the other half get a score above 1. Between EF 30 and 40 %, 84 %
of the segments get 2. One segment scaled to 40 % is found in half of the cases, to 0 in nine of ten.
"""

from dataclasses import dataclass

import numpy as np

VERSION = "motion scores 1"
NORMAL_MEAN_PCT = np.array([20.2, 32.8, 35.0, 38.2, 36.3, 28.7])
NORMAL_SD_PCT = np.array([7.3, 9.7, 9.3, 7.2, 5.9, 6.8])
HYPOKINETIC, AKINETIC, DYSKINETIC = 0.6, 0.3, -0.1  # of the normal mean: below it
ALIKE_HYPOKINETIC, ALIKE_AKINETIC = 0.7, 0.1  # the same where the segments move alike: their mean is steadier
ALIKE_MAX = 1.2  # mean squared deviation from each other, in normal standard deviations
SEGMENTS_FOR_ALIKE = 3


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of the six segments, None where unscored; `alike` where all share the score of their mean."""

    values: tuple[int | None, ...]
    alike: bool


def score_segments(excursion_pct: np.ndarray) -> Scores:
    """Score excursions (6,) in percent of the end-diastolic distance; NaN is left unscored.

    Each excursion is taken as a share of the normal mean of its segment. Where the segments differ no more
    than those of four in five normal ventricles do, the differences are noise: all get the score of
    their mean, so that a ventricle that is weak all over comes out as such. Else each gets its own.
    """
    shares = excursion_pct / NORMAL_MEAN_PCT
    mean, spread = _mean_and_spread(shares)
    known = np.isfinite(shares)
    alike = bool(known.sum() >= SEGMENTS_FOR_ALIKE and spread <= ALIKE_MAX)
    if alike:
        shares = np.where(known, mean, np.nan)
    hypokinetic, akinetic = (ALIKE_HYPOKINETIC, ALIKE_AKINETIC) if alike else (HYPOKINETIC, AKINETIC)
    return Scores(tuple(_score(float(share), hypokinetic, akinetic) for share in shares), alike)


def score_index(scores: tuple[int | None, ...]) -> float | None:
    """Return the mean of the scores that are given; None where none is."""
    given = [score for score in scores if score is not None]
    return float(np.mean(given)) if given else None


def _mean_and_spread(shares: np.ndarray) -> tuple[float, float]:
    """Return the precision-weighted mean of the known shares and their squared deviation per degree of freedom."""
    known = np.isfinite(shares)
    if known.sum() < 2:
        return float("nan"), float("inf")
    deviation = (NORMAL_SD_PCT / NORMAL_MEAN_PCT)[known]
    mean = float(np.average(shares[known], weights=1 / deviation**2))
    return mean, float((((shares[known] - mean) / deviation) ** 2).sum() / (known.sum() - 1))


def _score(share: float, hypokinetic: float, akinetic: float) -> int | None:
    if np.isnan(share):
        return None
    return 1 + sum(share < limit for limit in (hypokinetic, akinetic, DYSKINETIC))
