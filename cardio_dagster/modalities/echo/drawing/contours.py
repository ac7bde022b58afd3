"""Outlines of label maps as polygons.

Belongs here: from pixels to smooth closed lines. Not here: drawing them (frame_figure.py).
"""

import numpy as np
from PIL import Image

from cardio_dagster.modalities.echo.segmentation.letterbox import clean_scores

_ENLARGEMENT = 3  # network pixels are split so that outlines are not staircases
_SMOOTHING = 7  # points of the moving average along the outline
_EVERY = 4  # points kept of the smoothed outline


def outlines(labels: np.ndarray, probabilities: np.ndarray, structure: int) -> list[np.ndarray]:
    """Return the closed outlines of one structure on one frame, each (k, 2) of (row, column).

    Coordinates are network pixels whose centres are whole numbers. Outlines shorter than
    _SMOOTHING points are left out.
    """
    scores = clean_scores(labels, probabilities)
    side = labels.shape[0] * _ENLARGEMENT
    enlarged = [np.asarray(Image.fromarray(s).resize((side, side), Image.Resampling.BILINEAR)) for s in scores]
    loops = _trace(np.argmax(np.stack(enlarged), axis=0) == structure)
    return [_smooth(loop)[::_EVERY] / _ENLARGEMENT - 0.5 for loop in loops if len(loop) > 2 * _SMOOTHING]


def _trace(mask: np.ndarray) -> list[np.ndarray]:
    """Follow the pixel edges around every part of `mask`, inside on the right; vertices as (row, column)."""
    following = _edges(np.pad(mask, 1))
    loops = []
    while following:
        start = next(iter(following))
        loop, vertex = [start], following[start].pop()
        while vertex != start:
            loop.append(vertex)
            vertex = following[vertex].pop()
        following = {vertex: ends for vertex, ends in following.items() if ends}
        loops.append(np.array(loop, float) - 1)
    return loops


def _edges(padded: np.ndarray) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return, for each vertex of the outline, the vertices that the directed pixel edges lead to."""
    rows, columns = np.nonzero(padded)
    following: dict[tuple[int, int], list[tuple[int, int]]] = {}
    sides = (  # neighbour beyond the side, start and end of the side
        ((-1, 0), (0, 0), (0, 1)),
        ((0, 1), (0, 1), (1, 1)),
        ((1, 0), (1, 1), (1, 0)),
        ((0, -1), (1, 0), (0, 0)),
    )
    for (beyond_row, beyond_column), (r0, c0), (r1, c1) in sides:
        outer = ~padded[rows + beyond_row, columns + beyond_column]
        for row, column in zip(rows[outer].tolist(), columns[outer].tolist(), strict=True):
            following.setdefault((row + r0, column + c0), []).append((row + r1, column + c1))
    return following


def _smooth(loop: np.ndarray) -> np.ndarray:
    wrapped = np.concatenate([loop[-(_SMOOTHING // 2) :], loop, loop[: _SMOOTHING // 2]])
    kernel = np.full(_SMOOTHING, 1 / _SMOOTHING)
    return np.stack([np.convolve(wrapped[:, axis], kernel, "valid") for axis in (0, 1)], axis=1)
