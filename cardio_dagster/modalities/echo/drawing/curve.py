"""The picture of the ventricle's volume over time.

Belongs here: the curve, the frames left out, R waves. Not here: the marks of the beats
(beat_marks.py), axes (axes.py), contours (frames.py), measuring (function.py).
"""

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from cardio_dagster.finding import Figure
from cardio_dagster.modalities.echo.clip import PreparedClip
from cardio_dagster.modalities.echo.cycles.find import frame_times_s
from cardio_dagster.modalities.echo.drawing.axes import Axes, draw_axes
from cardio_dagster.modalities.echo.drawing.beat_marks import draw_beats, draw_ejection_fractions
from cardio_dagster.modalities.echo.drawing.palette import CURVE, R_WAVE
from cardio_dagster.modalities.echo.drawing.svg import path, svg_element, text
from cardio_dagster.modalities.echo.function import Function

_WIDTH, _HEIGHT = 480, 278
_BOX = (44.0, 72.0, 468.0, 216.0)
_HEADROOM = 1.15  # above the largest volume, for the letters ED


@dataclass(frozen=True, slots=True)
class _Series:
    """What is drawn: times (n,) of the frames, `curve` (n,) smoothed and `raw` (n,) per frame, NaN where left out."""

    times: np.ndarray
    curve: np.ndarray
    raw: np.ndarray
    unit: str


def draw_curve(function: Function) -> Figure | None:
    """Draw the volume of the ventricle over time with ED, ES and EF of every beat.

    Dots are the single frames, the line is the smoothed curve; over frames that were left out
    (no ventricle found, or low confidence) it is dashed on a grey ground. Without a pixel spacing the unit is the share of the
    largest volume, without a frame rate the abscissa counts frames. Returns None for a still and
    where no frame was measured.
    """
    if len(function.curve) < 2 or not np.isfinite(function.curve).any():
        return None
    series = _series(function)
    top = _HEADROOM * float(np.nanmax([series.raw, series.curve]))
    axes = Axes(_BOX, float(series.times[0]), float(series.times[-1]), 0.0, top)
    timed = function.prepared.timing.frame_rate_hz is not None
    body = (
        draw_axes(axes, "time (s)" if timed else "frame (rate unknown)", f"LV volume ({series.unit})")
        + _gaps(axes, series)
        + _lines(axes, series)
        + draw_beats(axes, function, series.times, series.curve)
        + draw_ejection_fractions(axes, function, series.times)
        + _r_waves(axes, function.prepared)
        + text(2, _HEIGHT - 6, _key(function, series))
    )
    description = _describe(function, series)
    svg = svg_element(_WIDTH, _HEIGHT, description, body)
    return Figure("echo_volume_curve", "Left-ventricular volume over time", svg, description)


def _series(function: Function) -> _Series:
    factor = function.volume_ml(1.0) or 100 / float(np.nanmax(function.curve))
    raw = np.array([np.nan if v is None else v.volume * factor for v in function.ventricles])
    times = frame_times_s(function.prepared)
    unit = "mL" if function.mm_per_pixel else "% of largest"
    return _Series(
        function.prepared.frame_indices + 1.0 if times is None else times, function.curve * factor, raw, unit
    )


def _gaps(axes: Axes, series: _Series) -> str:
    """Return a grey ground behind every run of frames that were left out."""
    _, top, _, bottom = axes.box
    half = (series.times[1] - series.times[0]) / 2
    ground = []
    for missing, run in groupby(range(len(series.times)), key=lambda i: bool(np.isnan(series.raw[i]))):
        if missing:
            at = list(run)
            x0 = axes.x(max(series.times[at[0]] - half, axes.x_low))
            x1 = axes.x(min(series.times[at[-1]] + half, axes.x_high))
            ground.append(f'<rect x="{x0:.1f}" y="{top:.1f}" width="{x1 - x0:.1f}" height="{bottom - top:.1f}"/>')
    return f'<g fill-opacity="0.13">{"".join(ground)}</g>' if ground else ""


def _lines(axes: Axes, series: _Series) -> str:
    """Return the dots, the whole curve dashed, and over it the curve where both neighbours were measured."""
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.5"/>' for x, y in axes.points(series.times, series.raw))
    whole = path(axes.points(series.times, series.curve))
    runs = (
        list(run) for seen, run in groupby(range(len(series.raw)), lambda i: bool(np.isfinite(series.raw[i]))) if seen
    )
    solid = "".join(path(axes.points(series.times[run], series.curve[run])) for run in runs)
    return (
        f'<g fill-opacity="0.45">{dots}</g><g fill="none" stroke="{CURVE}" stroke-linejoin="round">'
        f'<path d="{whole}" stroke-width="1.2" stroke-dasharray="3 3"/><path d="{solid}" stroke-width="2"/></g>'
    )


def _r_waves(axes: Axes, prepared: PreparedClip) -> str:
    """Return a tick and the letter R on the time axis for each R wave within the shown time."""
    if prepared.timing.frame_rate_hz is None:
        return ""
    bottom = axes.box[3]
    shown = [float(t) for t in prepared.r_waves.times_s if axes.x_low <= t <= axes.x_high]
    lines = "".join(f"M{axes.x(t):.1f} {bottom:.1f}v-14" for t in shown)
    letters = "".join(text(axes.x(t) + 3, bottom - 4, "R", bold=True) for t in shown)
    return f'<path d="{lines}" stroke="{R_WAVE}" stroke-width="2"/>{letters}' if shown else ""


def _key(function: Function, series: _Series) -> str:
    """Return what the signs mean, in one line that a phone can hold."""
    parts = ["Dots: frames; line: smoothed"]
    parts += ["grey: left out"] if np.isnan(series.raw).any() else []
    parts += ["R: ECG"] if len(function.prepared.r_waves.times_s) and function.prepared.timing.frame_rate_hz else []
    parts += ["dashed bracket: not averaged"] if len(function.averaged) < len(function.beats) else []
    return "; ".join(parts)


def _describe(function: Function, series: _Series) -> str:
    missing = int(np.isnan(series.raw).sum())
    fractions = ", ".join(f"{beat.ef_pct:.0f} %" for beat in function.beats)
    beats = (
        f"{len(function.beats)} beats marked, ejection fraction {fractions}" if fractions else function.no_beat_reason
    )
    left_out = f"; {missing} frames were left out" if missing else ""
    unknown = (
        "" if function.mm_per_pixel else f"; in percent of the largest: {function.no_size_reason or 'no pixel spacing'}"
    )
    return (
        f"Volume of the left ventricle over {len(series.times)} frames: {beats or 'no beat found'}{left_out}{unknown}"
    )
