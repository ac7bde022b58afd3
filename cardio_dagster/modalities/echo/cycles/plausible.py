"""Beats whose systole is of a length that a heart can have.

Belongs here: the limits of the time from end-diastole to end-systole. Not here: finding beats (beats.py,
r_waves.py), which of them are averaged (rhythm.py).

Source: electromechanical systole, from Q wave to closure of the aortic valve, lasts 546 - 2.1 ms x heart rate in
men, 549 - 2.0 ms x heart rate in women (Weissler et al. 1968, doi:10.1161/01.CIR.37.2.149; 541 - 2.2 and 540 - 2.0 in
Chest 1981;80:613, PMID 7297154); ejection alone 413 - 1.7 ms x heart rate, 158 ms at 150 beats a minute. A failing
heart ejects for a shorter time. A volume curve has flat ends: the largest ventricle may be
found up to a diastasis too early, and a frame too late.
"""

from dataclasses import replace

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import Beat

SYSTOLE_MIN_S = 0.15  # at any rate
UNKNOWN_RATE_MIN_S = 0.2  # half of an electromechanical systole at 70 beats a minute
SHARE_MIN, SHARE_MAX = 0.5, 1.75  # of the electromechanical systole at the clip's rate
_RATE_BPM = (40.0, 150.0)  # the regression is not carried farther


def systole_s(rate_bpm: float) -> float:
    """Return the usual length of electromechanical systole in s at a heart rate (Weissler 1968, men).

    >>> round(systole_s(60), 3), round(systole_s(100), 3)
    (0.42, 0.336)
    """
    return 0.546 - 0.0021 * float(np.clip(rate_bpm, *_RATE_BPM))


def plausible_beats(beats: tuple[Beat, ...], times_s: np.ndarray | None) -> tuple[Beat, ...]:
    """Return the beats whose systole is neither too short nor too long; all without frame times (n,).

    The shortest one allowed is 0.15 s and half of the electromechanical systole at the rate of the beats that remain
    (0.2 s where there is no rate), the longest 1.75 times that systole; half a frame is allowed for. Beats paired
    with the diastole after them have no systole to judge. A cycle length that reaches to a beat left out is
    None, but for those of R waves.
    """
    if times_s is None or not beats:
        return beats
    half_frame = float(times_s[1] - times_s[0]) / 2
    first = [_lies(beat, times_s, SYSTOLE_MIN_S - half_frame, np.inf) for beat in beats]
    low, high = _limits(_without(beats, first))
    kept = [ok and _lies(b, times_s, low - half_frame, high + half_frame) for b, ok in zip(beats, first, strict=True)]
    return _without(beats, kept)


def _limits(beats: tuple[Beat, ...]) -> tuple[float, float]:
    cycles = [beat.rr_s for beat in beats if beat.rr_s]
    if not cycles:
        return UNKNOWN_RATE_MIN_S, np.inf
    usual = systole_s(60 / float(np.median(cycles)))
    return max(SHARE_MIN * usual, SYSTOLE_MIN_S), SHARE_MAX * usual


def _lies(beat: Beat, times_s: np.ndarray, low: float, high: float) -> bool:
    return beat.ed > beat.es or low <= float(times_s[beat.es] - times_s[beat.ed]) <= high


def _without(beats: tuple[Beat, ...], kept: list[bool]) -> tuple[Beat, ...]:
    """Return the beats that are kept, without the cycle lengths that the others bound."""
    around = zip(beats, [True, *kept[:-1]], kept, [*kept[1:], True], strict=True)
    return tuple(_trimmed(beat, before, after) for beat, before, ok, after in around if ok)


def _trimmed(beat: Beat, before: bool, after: bool) -> Beat:
    if beat.r_wave_s is not None:
        return beat
    return replace(beat, rr_before_s=beat.rr_before_s if before else None, rr_s=beat.rr_s if after else None)
