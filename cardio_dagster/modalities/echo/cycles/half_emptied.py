"""When a beat has ejected half of its stroke: the sharpest moment of a volume curve, for cycle lengths.

Belongs here: times between frames from the curve. Not here: R waves (r_waves.py), heart rate (rhythm.py).
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import Beat


def half_emptied(curve: np.ndarray, beat: Beat) -> float | None:
    """Return the position, between frames, where the curve falls through the middle of its stroke.

    End-diastole and end-systole lie on flat parts of the curve and are known to a frame or two; the fall
    between them is steep. None where end-diastole comes after end-systole.
    """
    if beat.ed >= beat.es:
        return None
    part = curve[beat.ed : beat.es + 1]
    level = (beat.edv + beat.esv) / 2
    below = np.flatnonzero(part < level)
    if len(below) == 0 or below[0] == 0:
        return None
    after = int(below[0])
    share = (part[after - 1] - level) / (part[after - 1] - part[after])
    return float(beat.ed + after - 1 + share)


def with_cycle_lengths(
    beats: tuple[Beat, ...], curve: np.ndarray, known: np.ndarray, times_s: np.ndarray | None
) -> tuple[Beat, ...]:
    """Add the cycle lengths before and after each beat, from the half-emptied moments.

    `known` (n,) bool says which frames may be relied on: across any other the length is None. So are
    all without frame times (n,) in seconds.
    """
    if times_s is None or not beats:
        return beats
    moments = [half_emptied(curve, b) if known[b.ed : b.es + 1].all() else None for b in beats]
    lengths = [_between(first, second, known, times_s) for first, second in pairwise(moments)]
    around = zip(beats, [None, *lengths], [*lengths, None], strict=True)
    return tuple(replace(beat, rr_before_s=before, rr_s=after) for beat, before, after in around)


def _between(first: float | None, second: float | None, known: np.ndarray, times_s: np.ndarray) -> float | None:
    if first is None or second is None or not known[int(first) : int(second) + 2].all():
        return None
    start, end = np.interp([first, second], np.arange(len(times_s)), times_s)
    return float(end - start)
