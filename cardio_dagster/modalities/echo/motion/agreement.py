"""Whether the other beats of a clip give the same scores.

Belongs here: scoring the other beats and comparing. Not here: the beat that is reported (assess.py).
"""

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.motion.excursion import excursion_pct, widths
from cardio_dagster.modalities.echo.motion.scores import score_segments
from cardio_dagster.modalities.echo.motion.tracking import track

BEATS_MAX = 3  # beats compared, the reported one included: more say little and cost time


def score_agreement(function: Function, beat: Beat, scores: tuple[int | None, ...]) -> tuple[int, float | None]:
    """Return how many beats were compared and the share of equal scores in the others; None without another.

    Segments left unscored in the reported beat are left out.
    """
    scored = np.array([score is not None for score in scores])
    others = [other for other in function.beats if other != beat][: BEATS_MAX - 1]
    again = [values for other in others if (values := _scores(function, other, scored)) is not None]
    if not again or not scored.any():
        return 1, None
    equal = [
        mine == theirs for values in again for mine, theirs in zip(scores, values, strict=True) if mine is not None
    ]
    return 1 + len(again), round(float(np.mean(equal)), 2)


def _scores(function: Function, beat: Beat, scored: np.ndarray) -> tuple[int | None, ...] | None:
    """Score one beat from its end-diastole and end-systole; None where its line is not found."""
    ends = [track(function, frame, frame) for frame in (beat.ed, beat.es)]
    if ends[0] is None or ends[1] is None:
        return None
    excursion = excursion_pct(widths(ends[1].lines[0]), widths(ends[0].lines[0]))
    return score_segments(np.where(scored, excursion, np.nan)).values
