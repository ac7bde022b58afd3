"""The picture of regional wall motion: the ventricle with its segments, and how each of them moved.

Belongs here: the layout and the rows of segments. Not here: the ventricle's shape (segment_map.py),
lines, motion and scores (motion/).
"""

import numpy as np

from cardio_dagster.finding import Figure
from cardio_dagster.modalities.echo.drawing.axes import Axes
from cardio_dagster.modalities.echo.drawing.palette import CURVE, END_SYSTOLE, SCORE_WORDS, SCORES, UNSCORED
from cardio_dagster.modalities.echo.drawing.segment_map import draw_segments
from cardio_dagster.modalities.echo.drawing.svg import path, svg_element, text
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.motion.assess import SegmentMotion, WallMotion

_WIDTH, _HEAD, _ROW, _FOOT = 480, 30, 46, 24
_MAP_WIDTH, _TEXT_LEFT, _CHART = 152.0, 162.0, (398.0, 474.0)
_RANGE_MIN = 20.0  # percent: so that noise of a still segment does not fill its chart


def draw_motion(motion: WallMotion, function: Function) -> Figure | None:
    """Draw the segments on the outlines of end-diastole and end-systole, beside the motion curve of each.

    Colour is the score, and its number and word stand beside it; a grey segment was not scored.
    All curves share one scale, in percent of the end-diastolic width, inwards upwards. `function` is
    what the motion was measured on. Returns None where no line was followed (`motion.reason` says why).
    """
    if not len(motion.lines):
        return None
    ed, es = (motion.lines[i - motion.frames[0]] for i in (function.ed, function.es))
    height = _HEAD + _ROW * len(motion.segments) + _FOOT
    rows = "".join(
        _row(motion, segment, function.es, top=_HEAD + i * _ROW) for i, segment in enumerate(motion.segments)
    )
    colours = {segment.number: _colour(segment.score) for segment in motion.segments}
    body = (
        text(0, 12, _head(motion), bold=True)
        + draw_segments(ed, es, colours, (0.0, _HEAD, _MAP_WIDTH, height - _FOOT - 8))
        + rows
        + text(_CHART[1], height - 8, "one beat; line: end-systole", anchor="end")
    )
    description = _describe(motion)
    svg = svg_element(_WIDTH, height, description, body)
    return Figure("echo_wall_motion", "Regional motion of the left ventricle", svg, description)


def _row(motion: WallMotion, segment: SegmentMotion, es: int, *, top: float) -> str:
    words = text(_TEXT_LEFT, top + 15, f"{segment.number} {segment.name}")
    swatch = (
        f'<rect x="{_TEXT_LEFT:.1f}" y="{top + 24:.1f}" width="11" height="11" rx="1.5" fill="{_colour(segment.score)}" '
        f'stroke="currentColor" stroke-width="0.5"/>'
    )
    line = f'<path d="M{_TEXT_LEFT:.1f} {top - 2:.1f}H{_CHART[1]}" stroke="currentColor" stroke-opacity="0.16"/>'
    words += text(_TEXT_LEFT + 16, top + 34, f"{_verdict(segment)}{_excursion(segment)}")
    return line + swatch + words + _chart(motion, segment, es, (_CHART[0], top + 3, _CHART[1], top + _ROW - 7))


def _chart(motion: WallMotion, segment: SegmentMotion, es: int, box: tuple[float, float, float, float]) -> str:
    """Return the curve of one segment on the scale of all, its zero line and the time of end-systole."""
    curve, frames = np.asarray(segment.curve, float), np.asarray(motion.frames, float)
    if len(curve) != len(frames) or not np.isfinite(curve).any():
        return ""
    low, high = _range(motion)
    axes = Axes(box, float(frames[0]), float(frames[-1]), low, high)
    systole = f"M{axes.x(es):.1f} {box[1]:.1f}V{box[3]:.1f}" if frames[0] <= es <= frames[-1] else ""
    return (
        f'<path d="M{box[0]:.1f} {axes.y(0):.1f}H{box[2]:.1f}" stroke="currentColor" stroke-opacity="0.5" stroke-width="0.7"/>'
        + (f'<path d="{systole}" stroke="{END_SYSTOLE}" stroke-width="1" stroke-dasharray="3 2"/>' if systole else "")
        + f'<path d="{path(axes.points(frames, curve))}" fill="none" stroke="{CURVE}" stroke-width="2" stroke-linejoin="round"/>'
    )


def _range(motion: WallMotion) -> tuple[float, float]:
    """Return the smallest and largest value of all curves, zero among them."""
    every = [np.asarray(s.curve, float).ravel() for s in motion.segments]
    values = np.concatenate([*every, [0.0, _RANGE_MIN]])
    return float(np.nanmin(values)), float(np.nanmax(values))


def _colour(score: int | None) -> str:
    return UNSCORED if score is None else SCORES.get(score, UNSCORED)


def _verdict(segment: SegmentMotion) -> str:
    return "not scored" if segment.score is None else f"{segment.score} {SCORE_WORDS.get(segment.score, '')}".strip()


def _excursion(segment: SegmentMotion) -> str:
    value = segment.excursion_pct
    return "" if value is None or not np.isfinite(value) else f", {value:.0f} %"


def _head(motion: WallMotion) -> str:
    index, shortening = motion.wall_motion_score_index, motion.gls_pct
    parts = ["no score index" if index is None else f"Score index {index:.2f}"]
    parts += (
        [] if shortening is None or not np.isfinite(shortening) else [f"longitudinal shortening {shortening:.1f} %"]
    )
    return ", ".join(parts)


def _describe(motion: WallMotion) -> str:
    segments = "; ".join(
        f"segment {s.number} ({s.name}) {_verdict(s)}{_excursion(s)}{f': {s.reason}' if s.score is None and s.reason else ''}"
        for s in motion.segments
    )
    return f"{_head(motion)}. Motion towards the long axis in percent of the end-diastolic width: {segments}"
