"""The picture of the ventricle's volume over time.

Belongs here: SVG text of the curve. Not here: contours (frame_figure.py), measuring (function.py).
"""

from collections.abc import Callable

import numpy as np

from cardio_dagster.finding import Figure
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.drawing.svg import svg_element

Scale = Callable[[float], float]

_LINE, _ED, _ES = "#3b82c4", "#2a9d6f", "#d1495b"  # contrast of 3 or more to white and to near-black
_CURVE_W, _CURVE_H, _LEFT, _BOTTOM, _TOP = 660, 220, 56, 40, 16


def draw_curve(function: Function) -> Figure:
    """Draw the volume of the ventricle over time with the ED and ES of every beat; needs a beat."""
    prepared, rate = function.prepared, function.prepared.timing.frame_rate_hz
    times = np.arange(len(function.curve)) / rate if rate else prepared.frame_indices + 1.0
    factor = function.volume_ml(1.0) or 100 / float(function.curve.max())
    unit = "mL" if function.mm_per_pixel else "% of largest"
    raw = np.array([np.nan if v is None else v.volume * factor for v in function.ventricles])
    top = 1.05 * float(np.nanmax([raw, function.curve * factor]))
    x, y = _scales(times, top)
    points = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in zip(times, function.curve * factor, strict=True))
    dots = "".join(
        f'<circle cx="{x(t):.1f}" cy="{y(v):.1f}" r="1.6"/>' for t, v in zip(times, raw, strict=True) if np.isfinite(v)
    )
    body = (
        f'<g fill="currentColor" fill-opacity="0.4">{dots}</g>'
        f'<polyline points="{points}" fill="none" stroke="{_LINE}" stroke-width="2"/>'
        + _marks(function, factor, times, (x, y))
        + _axes(times, top, (x, y), ("time (s)" if rate else "frame", f"LV volume ({unit})"))
    )
    description = f"Volume of the left ventricle over {len(times)} frames with {len(function.beats)} beats marked"
    return Figure(
        "echo_volume_curve",
        "Left-ventricular volume over time",
        svg_element(_CURVE_W, _CURVE_H, description, body),
        description,
    )


def _scales(times: np.ndarray, top: float) -> tuple[Scale, Scale]:
    start, span = float(times[0]), float(times[-1] - times[0])

    def x(time: float) -> float:
        return _LEFT + 14 + (time - start) / span * (_CURVE_W - _LEFT - 40)

    def y(volume: float) -> float:
        return _CURVE_H - _BOTTOM - volume / top * (_CURVE_H - _BOTTOM - _TOP)

    return x, y


def _marks(function: Function, factor: float, times: np.ndarray, scales: tuple[Scale, Scale]) -> str:
    x, y = scales
    marks = []
    for beat in function.beats:
        weight = 700 if beat == function.beat else 400
        for label, frame, volume, colour, shift in (
            ("ED", beat.ed, beat.edv, _ED, -8),
            ("ES", beat.es, beat.esv, _ES, 18),
        ):
            cx, cy = x(float(times[frame])), y(volume * factor)
            marks.append(
                f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="4.5" fill="{colour}"/>'
                f'<text x="{cx:.1f}" y="{cy + shift:.1f}" text-anchor="middle" font-weight="{weight}" fill="currentColor">{label}</text>'
            )
    return f'<g font-size="11">{"".join(marks)}</g>'


def _axes(times: np.ndarray, top: float, scales: tuple[Scale, Scale], titles: tuple[str, str]) -> str:
    (x, y), (x_title, y_title) = scales, titles
    bottom, right = _CURVE_H - _BOTTOM, _CURVE_W - 16
    lines = f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="currentColor" stroke-width="1"/>'
    ticks = "".join(
        f'<text x="{x(t):.1f}" y="{bottom + 15}" text-anchor="middle">{t:g}</text>'
        for t in _ticks(float(times[0]), float(times[-1]))
    )
    ticks += "".join(
        f'<text x="{_LEFT - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{v:g}</text>' for v in _ticks(0.0, top)
    )
    names = (
        f'<text x="{(_LEFT + right) / 2}" y="{_CURVE_H - 8}" text-anchor="middle">{x_title}</text>'
        f'<text transform="translate(14 {(_TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">{y_title}</text>'
    )
    return lines + f'<g font-size="11" fill="currentColor">{ticks}{names}</g>'


def _ticks(low: float, high: float) -> np.ndarray:
    """Return four to ten round values from `low` to `high`."""
    raw = (high - low) / 5
    magnitude = 10 ** np.floor(np.log10(raw))
    step = magnitude * min((1, 2, 5, 10), key=lambda m: abs(m - raw / magnitude))
    return np.asarray(np.round(np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step, 6))
