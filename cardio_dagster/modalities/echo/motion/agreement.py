"""The other beats of a clip: how far the segments move in them, and whether they would be scored the same.

Belongs here: measuring the other beats and comparing. Not here: the beat that is reported (assess.py), what a
disagreement means (support.py).
"""

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.motion.excursion import excursion_pct, widths
from cardio_dagster.modalities.echo.motion.scores import score_segments
from cardio_dagster.modalities.echo.motion.thickness import thickening_pct
from cardio_dagster.modalities.echo.motion.tracking import track

BEATS_MAX = 5  # beats compared, the reported one included: more say little and cost time


def other_beats(function: Function, beat: Beat) -> tuple[np.ndarray, np.ndarray]:
    """Return excursion and thickening in percent, each (k, 6), at end-systole of up to four other beats.

    A beat whose line is not found is left out.
    """
    others = [other for other in function.beats if other != beat][: BEATS_MAX - 1]
    found = [values for other in others if (values := _measured(function, other)) is not None]
    both = np.array(found).reshape(len(found), 2, 6)
    return both[:, 0], both[:, 1]


def score_agreement(excursions: np.ndarray, scores: tuple[int | None, ...]) -> tuple[int, float | None]:
    """Return how many beats were compared and the share of equal scores in the others; None without another.

    `excursions` (k, 6) are those of the other beats. Segments left unscored in the reported beat are left out.
    """
    scored = np.array([score is not None for score in scores])
    if not len(excursions) or not scored.any():
        return 1, None
    again = [score_segments(np.where(scored, excursion, np.nan)).values for excursion in excursions]
    equal = [
        mine == theirs for values in again for mine, theirs in zip(scores, values, strict=True) if mine is not None
    ]
    return 1 + len(again), round(float(np.mean(equal)), 2)


def _measured(function: Function, beat: Beat) -> np.ndarray | None:
    """Measure one beat from its end-diastole and end-systole, (2, 6); None where its line is not found."""
    ends = [track(function, frame, frame) for frame in (beat.ed, beat.es)]
    if ends[0] is None or ends[1] is None:
        return None
    ed, es = ends[0].lines[0], ends[1].lines[0]
    excursion = excursion_pct(widths(es), widths(ed))
    return np.stack([excursion, thickening_pct(function.found, beat.ed, beat.es, ed, es)])
