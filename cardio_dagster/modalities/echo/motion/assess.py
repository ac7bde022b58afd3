"""Regional wall motion of one clip: segments with their curves and scores, and longitudinal shortening.

Belongs here: putting lines, excursions, scores and reasons together. Not here: each of these
(endocardium.py, tracking.py, excursion.py, scores.py, trust.py, support.py), names for the report (measures.py).

What is not given, and why: longitudinal shortening by segment, because points that correspond by their
share of the line's length shorten all alike (material points need speckle tracking). Thickening is given
and never scored (scores.py says why); it may only speak against the score of a basal segment (support.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.motion.agreement import other_beats, score_agreement
from cardio_dagster.modalities.echo.motion.excursion import excursion_pct, shortening_pct, widths
from cardio_dagster.modalities.echo.motion.scores import Scores, score_index, score_segments
from cardio_dagster.modalities.echo.motion.segments import SCORED, SEGMENTS, Segment
from cardio_dagster.modalities.echo.motion.support import (
    DIFFERS_REASON,
    contradicted,
    is_confirmed,
    why_basal_unscored,
)
from cardio_dagster.modalities.echo.motion.thickness import thickening_pct
from cardio_dagster.modalities.echo.motion.tracking import Track, track, whole_beat
from cardio_dagster.modalities.echo.motion.trust import CAP_REASON, why_unscored

NO_LINE = "the endocardium between the corners of the mitral annulus was not found on enough frames of the beat"


@dataclass(frozen=True, slots=True)
class SegmentMotion:
    """One segment over the beat; exactly one of `score` and `reason` is None, and without a score there is no number.

    `excursion_pct` is how much nearer to the long axis it is at end-systole, in percent of its distance
    at end-diastole (negative: outwards); `excursion_mm` the same in millimetres, None without a pixel
    spacing; `thickening_pct` the change of wall thickness, None where the wall's outer edge is not
    seen. `is_confirmed`: it is weak in another beat too. `curve` (m,) is the excursion in percent on each frame of the beat, empty where nothing was measured.
    """

    number: int
    name: str
    score: int | None
    reason: str | None
    excursion_pct: float | None
    excursion_mm: float | None
    thickening_pct: float | None
    curve: np.ndarray
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class WallMotion:
    """The wall over the representative beat.

    `frames` (m,) are positions among the chosen frames, `times_s` (m,) seconds since the first chosen
    frame, empty where the frame rate is not known; `lines` (m, 85, 2) the endocardium, (row, column) in
    network pixels. `ed_frame` and `es_frame` are numbers in the file, from 1, None without a beat. `alike`: all scored segments move alike, and share the score of their mean.
    `agreement` is the share of segment scores of the other beats that equal those of this one, None
    without another beat; `beats` counts the beats compared, this one included. `confidence` is the mean of ED and ES. Of each None the reason
    stands beside it or in the segments.
    """

    segments: tuple[SegmentMotion, ...]
    alike: bool
    wall_motion_score_index: float | None
    gls_pct: float | None
    reason: str | None
    frames: np.ndarray
    times_s: np.ndarray
    ed_frame: int | None
    es_frame: int | None
    beats: int
    agreement: float | None
    lines: np.ndarray
    confidence: float | None = None


def assess_motion(function: Function) -> WallMotion:
    """Follow the endocardium over the representative beat and score its segments.

    Without a beat (a still, uncertain contours) and without a line every segment is None with that reason.
    """
    beat = function.beat
    if beat is None:
        return _nothing(function.no_beat_reason or "no beat was found")
    followed = track(function, *whole_beat(function, beat))
    return _nothing(NO_LINE) if followed is None else _assess(function, beat, followed)


def _assess(function: Function, beat: Beat, followed: Track) -> WallMotion:
    ed, es = followed.at(beat.ed), followed.at(beat.es)
    curves = excursion_pct(widths(followed.lines), widths(ed))
    at_es, thicker = curves[beat.es - followed.frames[0]], thickening_pct(function.found, beat.ed, beat.es, ed, es)
    others, thicker_others = other_beats(function, beat)
    excursions = np.vstack([at_es, others])
    reasons = _either(
        _reasons(function, beat, followed, curves), why_basal_unscored(excursions, np.vstack([thicker, thicker_others]))
    )
    scores, reasons = _scored(excursions, reasons)
    moved_mm = (widths(ed) - widths(es)) * (function.mm_per_pixel or np.nan)
    segments = _segments(scores, reasons, np.stack([at_es, moved_mm, thicker, is_confirmed(excursions)]), curves)
    beats, agreement = score_agreement(others, scores.values)
    rate = function.prepared.timing.frame_rate_hz
    times = np.empty(0) if rate is None else followed.frames / rate
    return WallMotion(
        segments, scores.alike, score_index(scores.values), round(shortening_pct(es, ed), 1), None, followed.frames,
        times, function.frame_number(beat.ed), function.frame_number(beat.es), beats, agreement, followed.lines,
        round(float(np.mean(function.found.confidence[[beat.ed, beat.es]])), 3),
    )  # fmt: skip


def _scored(excursions: np.ndarray, reasons: tuple[str | None, ...]) -> tuple[Scores, tuple[str | None, ...]]:
    """Score the first of the beats (k, 6); a segment that only it makes abnormal gets a reason instead."""
    scores = score_segments(np.where([reason is None for reason in reasons], excursions[0], np.nan))
    if scores.alike:
        return scores, reasons
    doubted = [bool(c) and (s or 1) > 1 for c, s in zip(contradicted(excursions), scores.values, strict=True)]
    reasons = _either(reasons, tuple(DIFFERS_REASON if d else None for d in doubted))
    return score_segments(np.where([reason is None for reason in reasons], excursions[0], np.nan)), reasons


def _either(first: tuple[str | None, ...], second: tuple[str | None, ...]) -> tuple[str | None, ...]:
    return tuple(a or b for a, b in zip(first, second, strict=True))


def _reasons(function: Function, beat: Beat, followed: Track, curves: np.ndarray) -> tuple[str | None, ...]:
    """Return for each scored segment why it must not be scored, or None."""
    ends = {frame: followed.at(frame) for frame in (beat.ed, beat.es)}
    unsmoothed = excursion_pct(widths(followed.raw), widths(ends[beat.ed]))
    jitter = np.sqrt(((unsmoothed - curves) ** 2).mean(axis=0))
    return why_unscored(function.found, function.prepared.sector, ends, jitter)


def _segments(
    scores: Scores, reasons: tuple[str | None, ...], at_es: np.ndarray, curves: np.ndarray
) -> tuple[SegmentMotion, ...]:
    """Put the scored, the unscored and the apical cap in the order of SEGMENTS.

    `at_es` is (4, 6): excursion in percent, in millimetres, thickening, confirmed; `curves` (m, 6).
    """
    found = {segment.number: _unscored(segment, CAP_REASON) for segment in SEGMENTS}
    for i, segment in enumerate(SCORED):
        reason, score = reasons[i], scores.values[i]
        pct, mm, thicker = (_number(value) for value in at_es[:3, i])
        sure = bool(at_es[3, i])
        motion = SegmentMotion(segment.number, segment.name, score, None, pct, mm, thicker, curves[:, i], sure)
        found[segment.number] = _unscored(segment, reason) if reason else motion
    return tuple(found.values())


def _unscored(segment: Segment, reason: str) -> SegmentMotion:
    return SegmentMotion(segment.number, segment.name, None, reason, None, None, None, np.empty(0))


def _number(value: float) -> float | None:
    return round(float(value), 1) if np.isfinite(value) else None


def _nothing(reason: str) -> WallMotion:
    segments = tuple(_unscored(segment, reason) for segment in SEGMENTS)
    nothing, no_lines = np.empty(0), np.empty((0, 0, 2))
    return WallMotion(segments, False, None, None, reason, nothing.astype(int), nothing, None, None, 0, None, no_lines)
