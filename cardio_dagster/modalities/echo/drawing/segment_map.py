"""The ventricle's segments as coloured wall around its outlines at end-diastole and end-systole.

Belongs here: from two endocardial lines to shapes in a given box. Not here: lines and the division
into segments (motion/), what the colours mean (motion.py).
"""

import numpy as np

from cardio_dagster.modalities.echo.drawing.palette import END_DIASTOLE, END_SYSTOLE
from cardio_dagster.modalities.echo.drawing.svg import path, text
from cardio_dagster.modalities.echo.motion.endocardium import POINTS
from cardio_dagster.modalities.echo.motion.excursion import long_axes
from cardio_dagster.modalities.echo.motion.segments import SEGMENTS

_WALL = 24.0  # units: a schematic wall, thick enough for the number in it
_GAP = 0.25  # of a step of the line, left free at both ends of a segment
_STEPS = (POINTS - 1) // len(SEGMENTS)
_Box = tuple[float, float, float, float]


def draw_segments(ed_line: np.ndarray, es_line: np.ndarray, colours: dict[int, str], box: _Box) -> str:
    """Return the segments whose colours are given by number, inside `box` (left, top, right, bottom).

    The lines are (85, 2) points (row, column): solid at end-diastole, dashed at end-systole. They are
    laid apex on apex, so that the swing of the whole heart does not look like motion of its wall.
    """
    ed, es = _fitted(ed_line[:, ::-1], _aligned(es_line, ed_line)[:, ::-1], box)
    return (
        "".join(_segment(ed, s.place, s.number, colours[s.number]) for s in SEGMENTS if s.number in colours)
        + f'<g fill="none" stroke-width="2" stroke-linejoin="round"><path d="{path(ed)}" stroke="{END_DIASTOLE}"/>'
        + f'<path d="{path(es)}" stroke="{END_SYSTOLE}" stroke-dasharray="5 3"/></g>'
        + text(*_below(ed[0]), "ED")
        + text(*_below(es[-1]), "ES", anchor="end")
    )


def _aligned(line: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Return a line (k, 2) moved and turned so that its apex and long axis lie on those of another, as motion is measured."""
    (base, apex), (other_base, other_apex) = long_axes(line), long_axes(onto)
    axis, other = complex(*(apex - base)), complex(*(other_apex - other_base))
    turned = (line - apex) @ np.array([1, 1j]) * (other / abs(other)) / (axis / abs(axis))
    return np.asarray(np.stack([turned.real, turned.imag], axis=1) + other_apex)


def _fitted(ed: np.ndarray, es: np.ndarray, box: _Box) -> tuple[np.ndarray, np.ndarray]:
    """Scale two lines (k, 2) of (x, y) alike into the box, with room for the wall around the first."""
    left, top, right, bottom = (box[0] + _WALL, box[1] + _WALL, box[2] - _WALL, box[3] - 20)
    both = np.concatenate([ed, es])
    low, span = both.min(axis=0), np.maximum(np.ptp(both, axis=0), 1e-6)
    scale = float(min((right - left) / span[0], (bottom - top) / span[1]))
    shift = np.array([(left + right) / 2, top]) - scale * (low + np.array([span[0] / 2, 0.0]))
    return ed * scale + shift, es * scale + shift


def _segment(line: np.ndarray, place: int, number: int, colour: str) -> str:
    """Return one segment as a band of wall outside the line, with its number in the middle."""
    tangent = np.gradient(line, axis=0)
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)  # the line runs from the left over the top to the right
    outer = line + _WALL * outward / np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    at = np.linspace(place * _STEPS + _GAP, (place + 1) * _STEPS - _GAP, _STEPS + 1)
    inner_edge, outer_edge = _between(line, at), _between(outer, at)
    band = np.concatenate([inner_edge, outer_edge[::-1]])
    x, y = (inner_edge[_STEPS // 2] + outer_edge[_STEPS // 2]) / 2
    return f'<path d="{path(band, closed=True)}" fill="{colour}" stroke="currentColor" stroke-width="0.5"/>' + text(
        x, y + 4, str(number), anchor="middle", bold=True, colour="#000"
    )


def _between(line: np.ndarray, at: np.ndarray) -> np.ndarray:
    steps = np.arange(len(line))
    return np.stack([np.interp(at, steps, line[:, axis]) for axis in (0, 1)], axis=1)


def _below(end: np.ndarray) -> tuple[float, float]:
    return float(end[0]), float(end[1]) + 16
