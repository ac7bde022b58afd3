"""Pictures of what was measured: contours on the ED and ES frames, the volume curve.

Belongs here: SVG text, readable on light and dark pages, without ids, scripts or links. Not
here: what is measured (function.py).
"""

import base64
import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from cardio_dagster.finding import Figure
from cardio_dagster.modalities.echo.clip import Letterbox
from cardio_dagster.modalities.echo.contours import outlines
from cardio_dagster.modalities.echo.detection import ATRIUM, MYOCARDIUM, VENTRICLE
from cardio_dagster.modalities.echo.discs import DISCS, Chamber
from cardio_dagster.modalities.echo.function import Function

Scale = Callable[[float], float]

_PANEL = 320  # SVG units of the longer side of a picture
_MARGIN, _CAPTION, _LEGEND = 8, 22, 24
_STRUCTURES = (
    (MYOCARDIUM, "#ffd166", "myocardium"),
    (ATRIUM, "#ff7096", "left atrium"),
    (VENTRICLE, "#4cc9f0", "left ventricle"),
)
_LINE, _ED, _ES = "#3b82c4", "#2a9d6f", "#d1495b"  # contrast of 3 or more to white and to near-black
_CURVE_W, _CURVE_H, _LEFT, _BOTTOM, _TOP = 660, 220, 56, 40, 16


def draw_frames(function: Function) -> Figure:
    """Draw end-diastole and end-systole side by side with contours, long axis and discs.

    Without a beat one frame is drawn: the one of the largest ventricle, or the middle one.
    """
    if function.beat:
        shown = [("End-diastole", function.beat.ed), ("End-systole", function.beat.es)]
    else:
        shown = [
            ("Largest ventricle", function.ed) if function.ventricles else ("Middle", len(function.found.labels) // 2)
        ]
    height, width = _panel_size(function.prepared.letterbox)
    panels = "".join(
        _panel(function, title, frame, left=_MARGIN + index * (width + _MARGIN))
        for index, (title, frame) in enumerate(shown)
    )
    total_width = max(len(shown) * (width + _MARGIN) + _MARGIN, _PANEL)
    total_height = height + _CAPTION + _LEGEND + _MARGIN
    titles = " and ".join(f"{title.lower()} (frame {function.frame_number(frame)})" for title, frame in shown)
    description = f"Echo at {titles} with the outlines of left ventricle, myocardium and left atrium"
    svg = _svg(total_width, total_height, description, panels + _legend(total_height - _LEGEND / 2))
    return Figure("echo_frames", "Left ventricle, myocardium and left atrium", svg, description)


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
        _svg(_CURVE_W, _CURVE_H, description, body),
        description,
    )


def _panel_size(box: Letterbox) -> tuple[float, float]:
    return _PANEL * box.height / box.side, _PANEL * box.width / box.side


def _panel(function: Function, title: str, frame: int, *, left: float) -> str:
    prepared, found = function.prepared, function.found
    height, width = _panel_size(prepared.letterbox)
    place = _placement(prepared.letterbox)
    drawn = "".join(
        _path(outline, place, colour)
        for structure, colour, _ in _STRUCTURES
        for outline in outlines(found.labels[frame], found.probabilities[frame], structure)
    )
    chamber = function.ventricles[frame] if function.ventricles else None
    drawn += _discs(chamber, place) if chamber else ""
    return (
        f'<g transform="translate({left:.1f} {_CAPTION})">'
        f'<text x="0" y="-7" font-size="13" fill="currentColor">{title}, frame {function.frame_number(frame)}</text>'
        f'<image width="{width:.1f}" height="{height:.1f}" preserveAspectRatio="none" href="{_data_uri(prepared.pictures[frame])}"/>'
        f'<g fill="none" stroke-linejoin="round">{drawn}</g></g>'
    )


def _placement(box: Letterbox) -> Callable[[np.ndarray], np.ndarray]:
    """Return the map from network pixels (k, 2) of (row, column) to panel units (k, 2) of (x, y)."""

    def place(points: np.ndarray) -> np.ndarray:
        file_pixels = (points + 0.5) * box.side / box.size - (box.pad_top, box.pad_left)
        return np.asarray(file_pixels[:, ::-1] * _PANEL / box.side)

    return place


def _path(outline: np.ndarray, place: Callable[[np.ndarray], np.ndarray], colour: str) -> str:
    points = " ".join(f"{x:.1f} {y:.1f}" for x, y in place(outline))
    return f'<path d="M{points}Z" stroke="{colour}" stroke-width="1.6"/>'


def _discs(chamber: Chamber, place: Callable[[np.ndarray], np.ndarray]) -> str:
    """Draw the long axis, and each disc as a chord of its diameter around it."""
    base, apex = np.array(chamber.axis.base), np.array(chamber.axis.apex)
    along = (apex - base) / chamber.axis.length
    across = np.array([-along[1], along[0]])
    centres = base + ((np.arange(DISCS) + 0.5) / DISCS)[:, None] * (apex - base)
    starts = place(centres - chamber.diameters[:, None] / 2 * across)
    ends = place(centres + chamber.diameters[:, None] / 2 * across)
    chords = "".join(f"M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}" for a, b in zip(starts, ends, strict=True))
    (x0, y0), (x1, y1) = place(np.stack([base, apex]))
    return (
        f'<path d="{chords}" stroke="#fff" stroke-opacity="0.35" stroke-width="0.8"/>'
        f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" stroke="#fff" stroke-width="1.2" stroke-dasharray="4 3"/>'
    )


def _legend(y: float) -> str:
    entries = "".join(
        f'<rect x="{_MARGIN + i * 105}" y="{y - 7:.1f}" width="10" height="10" fill="{colour}" stroke="currentColor" stroke-width="0.5"/>'
        f'<text x="{_MARGIN + 14 + i * 105}" y="{y + 2:.1f}">{label}</text>'
        for i, (_, colour, label) in enumerate(_STRUCTURES)
    )
    return f'<g font-size="11" fill="currentColor">{entries}</g>'


def _scales(times: np.ndarray, top: float) -> tuple[Scale, Scale]:
    start, span = float(times[0]), float(times[-1] - times[0])

    def x(time: float) -> float:
        return _LEFT + (time - start) / span * (_CURVE_W - _LEFT - 16)

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


def _data_uri(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _svg(width: float, height: float, description: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" '
        f'aria-label="{description}" style="max-width:100%;height:auto" font-family="system-ui, sans-serif">{body}</svg>'
    )
