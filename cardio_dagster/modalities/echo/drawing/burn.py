"""Contours burned into small colour pictures.

Belongs here: from label maps to pixels of a picture. Not here: contours as lines of an SVG
(contours.py, overlay.py), the moving picture (loop.py).
"""

import numpy as np

from cardio_dagster.modalities.echo.clip import Letterbox, PreparedClip, Segmentation
from cardio_dagster.modalities.echo.drawing.palette import STRUCTURES, rgb
from cardio_dagster.modalities.echo.drawing.pictures import on_crop, sector_pictures

_ROUNDING_PX = 1.5  # network pixels
_LINE_PX = 1.9  # picture pixels
_FLAT = 5  # of 255: a soft mask this near its ends is far from its edge
_MASKS = np.array([[255 * (s.label == label) for s in STRUCTURES] for label in range(4)], np.uint8)


def burned(prepared: PreparedClip, found: Segmentation, positions: np.ndarray, width: int) -> list[np.ndarray]:
    """Return (h, w, 3) uint8 pictures of the chosen frames at `positions`, at most `width` across, with their contours."""
    greys = sector_pictures(prepared, positions.tolist(), width)
    return [_burned(grey, found.labels[i], prepared.letterbox) for i, grey in zip(positions, greys, strict=True)]


def _burned(grey: np.ndarray, labels: np.ndarray, box: Letterbox) -> np.ndarray:
    picture = np.repeat(grey[..., None], 3, axis=2)
    soft = on_crop(np.take(_MASKS, labels, axis=0), box, (grey.shape[1], grey.shape[0]), _ROUNDING_PX)
    for i, structure in enumerate(STRUCTURES):
        at, opacity = _edge(soft[..., i])
        below = picture[at].astype(np.float32)
        picture[at] = np.round(below + opacity[:, None] * (np.array(rgb(structure.colour)) - below))
    return picture


def _edge(mask: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return where a soft mask (h, w) passes one half of 255, as (rows, columns), and the opacity of a line there.

    The distance to the line is the value over the gradient; on the rim of the picture there is no line.
    """
    inner = mask[1:-1, 1:-1]
    rows, columns = (at + 1 for at in np.nonzero((inner > _FLAT) & (inner < 255 - _FLAT)))
    down = mask[rows + 1, columns].astype(np.float32) - mask[rows - 1, columns]
    across = mask[rows, columns + 1].astype(np.float32) - mask[rows, columns - 1]
    distance = np.abs(mask[rows, columns] - 127.5) / np.maximum(np.hypot(down, across) / 2, 1)
    return (rows, columns), np.clip(_LINE_PX / 2 + 0.5 - distance, 0, 1)
