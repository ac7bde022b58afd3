"""Whether what a segment seems to do is borne out: by the other beats, by its wall, by its neighbour.

Belongs here: the reasons against scores that rest on one sign only. Not here: the picture's reasons (trust.py), scores
(scores.py).

Basal segments are followed poorly: the line ends there, at a corner that a change of gain or angle shifts. On the public
cine, recorded at 11 gains, angles and scales, the excursion of the basal inferoseptum is 3 to 22 % in 44 beats of a normal
heart (other segments stay within a third of their mean). So a basal segment is called weak only where
several beats, the thickening of its wall and the segment above it say so too.
"""

import numpy as np

from cardio_dagster.modalities.echo.motion.scores import HYPOKINETIC, NORMAL_MEAN_PCT

BASAL_AND_ABOVE = {0: 1, 5: 4}  # place among the scored segments: that of the neighbour towards the apex
THICKENING_MAX_PCT = 10.0  # of a weak segment; experts' outlines of normal ventricles thicken by 19 +- 18 %
BASAL_REASON = "a basal segment is followed poorly: its small excursion is not borne out by {lacking}"
DIFFERS_REASON = "it is weak in the beat shown, and not in the others"


def why_basal_unscored(excursion_pct: np.ndarray, thickening_pct: np.ndarray) -> tuple[str | None, ...]:
    """Return for each scored segment why its weakness must not be believed, or None; only basal ones have a reason.

    `excursion_pct` and `thickening_pct` are (beats, 6), the beat shown first; NaN where not seen.
    """
    reasons: list[str | None] = [None] * excursion_pct.shape[1]
    is_weak, often_weak = _weakness(excursion_pct)
    thin = np.array(
        [np.nanmedian(t) <= THICKENING_MAX_PCT if np.isfinite(t).any() else False for t in thickening_pct.T]
    )
    for basal, above in BASAL_AND_ABOVE.items():
        signs = {
            "a second beat": len(excursion_pct) > 1 and bool(often_weak[basal]),
            "the thickening of its wall": bool(thin[basal]),
            "the segment above it": bool(often_weak[above]),
        }
        lacking = [sign for sign, is_there in signs.items() if not is_there]
        if (is_weak[basal] or often_weak[basal]) and lacking:
            reasons[basal] = BASAL_REASON.format(lacking=" or ".join(lacking))
    return tuple(reasons)


def contradicted(excursion_pct: np.ndarray) -> np.ndarray:
    """Return (6,) bool: segments that are weak in the first row of excursions (beats, 6), and not in their median."""
    is_weak, often_weak = _weakness(excursion_pct)
    return np.asarray(is_weak & ~often_weak)


def is_confirmed(excursion_pct: np.ndarray) -> np.ndarray:
    """Return (6,) bool: segments that are weak in the beat shown and in another one at least."""
    weak = excursion_pct < HYPOKINETIC * NORMAL_MEAN_PCT
    return np.asarray(weak[0] & weak[1:].any(axis=0))


def _weakness(excursion_pct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shares = excursion_pct / NORMAL_MEAN_PCT
    return shares[0] < HYPOKINETIC, np.median(shares, axis=0) < HYPOKINETIC
