"""The picture of the contours, the long axis and the discs on the ED and ES frames.

Belongs here: SVG text over a small JPEG. Not here: the volume curve (curve_figure.py), measuring
(function.py).
"""

import base64
import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from cardio_dagster.finding import Figure
from cardio_dagster.modalities.echo.clip import Letterbox
from cardio_dagster.modalities.echo.drawing.contours import outlines
from cardio_dagster.modalities.echo.detect import ATRIUM, MYOCARDIUM, VENTRICLE
from cardio_dagster.modalities.echo.volumes.discs import DISCS, Chamber
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.drawing.svg import svg_element

_PANEL = 320  # SVG units of the longer side of a picture
_MARGIN, _CAPTION, _LEGEND = 8, 22, 24
_STRUCTURES = (
    (MYOCARDIUM, "#ffd166", "myocardium"),
    (ATRIUM, "#ff7096", "left atrium"),
    (VENTRICLE, "#4cc9f0", "left ventricle"),
)


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
    svg = svg_element(total_width, total_height, description, panels + _legend(total_height - _LEGEND / 2))
    return Figure("echo_frames", "Left ventricle, myocardium and left atrium", svg, description)


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


def _data_uri(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
