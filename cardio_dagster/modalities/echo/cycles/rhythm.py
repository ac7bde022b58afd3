"""The rhythm of a clip's beats, and which of them are averaged.

Belongs here: rules on cycle lengths. Not here: finding beats (beats.py, r_waves.py), diagnoses from the ECG.

Guidelines ask for the mean of at least three beats, of five in atrial fibrillation (Lang et al. 2015,
doi:10.1016/j.echo.2014.10.003); early beats and those after them do not stand for the others. Clips are
often shorter: then what there is is averaged, and it is said.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import Beat

EARLY = 0.8  # of the median cycle: a beat after a shorter one is early
_LATE = 1.1  # of the median cycle: after an early beat, a beat after a longer one is strengthened by the pause
_REGULAR = 0.15  # of the median: the largest deviation of a regular cycle
_CYCLES_MIN = 3  # cycle lengths from which a rhythm can be told: of two that differ, neither is the usual one
# Points, in a rhythm that is not irregular: repeated studies of stable patients differ by about 10 (Thavendiranathan et al.
# 2013, doi:10.1016/j.jacc.2012.09.035).
EF_RANGE_MAX_PCT = 15.0
BEATS_WANTED = {"regular": 3, "ectopic": 3, "irregular": 5, "unknown": 3}


@dataclass(frozen=True, slots=True)
class Selection:
    """`averaged` are the beats of the mean; `rhythm` is a key of BEATS_WANTED; `left_out` says why others are not."""

    averaged: tuple[Beat, ...]
    rhythm: str
    left_out: str | None


def select_beats(beats: tuple[Beat, ...]) -> Selection:
    """Choose the beats to average by the cycle lengths before them.

    A beat after a cycle shorter than 80 % of the median is early; the beat that follows it after a
    cycle longer than 110 % is strengthened by the pause. Both are left out. The rhythm is "regular"
    where every other cycle lies within 15 % of the median and none is early, "ectopic" where some are,
    "irregular" otherwise and "unknown" with fewer than three cycle lengths; then, or
    where nothing would remain, every beat is averaged.
    """
    lengths = np.array([np.nan if beat.rr_before_s is None else beat.rr_before_s for beat in beats])
    if np.isfinite(lengths).sum() < _CYCLES_MIN:
        return Selection(beats, "unknown", None)
    relative = lengths / np.nanmedian(lengths)
    early = relative < EARLY
    paused = np.concatenate([[False], early[:-1]]) & (relative > _LATE)
    rhythm = _rhythm(relative, early, paused)
    kept = tuple(beat for beat, out in zip(beats, early | paused, strict=True) if not out)
    if not kept or len(kept) == len(beats):
        return Selection(beats, rhythm, None)
    numbers = ", ".join(str(i + 1) for i in np.flatnonzero(early | paused))
    return Selection(kept, rhythm, f"beat {numbers} not averaged: early, or after the pause behind an early one")


def _rhythm(relative: np.ndarray, early: np.ndarray, paused: np.ndarray) -> str:
    known = np.isfinite(relative)
    others = relative[known & ~early & ~paused]
    if (np.abs(others - np.median(others)) > _REGULAR * np.median(others)).any() or early.sum() > known.sum() / 3:
        return "irregular"
    return "ectopic" if early.any() else "regular"


def ef_range_pct(selection: Selection) -> float | None:
    """Return the range of the EF over the averaged beats in points; None of one beat, or in an irregular rhythm."""
    fractions = [beat.ef_pct for beat in selection.averaged]
    if len(fractions) < 2 or selection.rhythm == "irregular":
        return None
    return max(fractions) - min(fractions)


def rate_bpm(cycle_lengths_s: list[float], rhythm: str) -> float | None:
    """Return beats a minute: 60 over the median cycle length in s, in an irregular rhythm over the mean; None of none."""
    if not cycle_lengths_s:
        return None
    middle = np.mean if rhythm == "irregular" else np.median
    return float(60 / middle(cycle_lengths_s))


def representative(beats: tuple[Beat, ...]) -> Beat:
    """Return the beat whose ejection fraction lies nearest to the mean, the earlier one of two."""
    mean = np.mean([beat.ef_pct for beat in beats])
    return min(beats, key=lambda beat: abs(beat.ef_pct - float(mean)))
