"""The sector of a clip: which pixels show echoes, and which of them are burned over.

Belongs here: the decision between fan, box and neither, and the crop box. Not here: which pixels
count as echoes (evidence.py), the geometry (fan.py), text and marks (overlay.py), colour (colour.py).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull

from cardio_dagster.modalities.echo.sector.evidence import echoes
from cardio_dagster.modalities.echo.sector.fan import fan_mask, fit_fan
from cardio_dagster.modalities.echo.sector.overlay import find_overlay

POINTS_DOWN = "the sector's tip points down: the display seems to be upside down"
NO_ECHOES = "no area of the image shows echoes"
_BOX_FILLED = 0.92  # share of its upright rectangle that a box fills; a fan fills about 0.55
_ROBUST = 0.002  # share of the echoes that an edge of the rectangle may leave outside
_FAN_FILLED = 0.70  # share of the fan that the hull of the echoes covers
_FAN_HOLDS = 0.985  # share of the echoes that lie in the fan,
_FAN_HOLDS_MIN, _EDGES_SUPPORTED = 0.7, 0.5  # or fewer, something touches it, where its edges are plain to see


@dataclass(frozen=True, slots=True)
class Sector:
    """Where the echoes are in frames of (h, w).

    `mask` is (h, w) bool, dark parts of the sector included; `overlay` (h, w) bool are text, marks
    and traces on it. The crop box (`top`, `left`, `height`, `width`) is the smallest that holds the
    mask, or the whole frame where the mask is empty. `reason` says why `kind` is "unknown", or that the sector points down,
    `text_suspected` why burned-in text may be left.
    """

    mask: np.ndarray
    overlay: np.ndarray
    top: int
    left: int
    height: int
    width: int
    kind: Literal["fan", "box", "unknown"]
    reason: str | None
    text_suspected: str | None = None

    @property
    def visible(self) -> np.ndarray:
        """Return (h, w) bool: the sector without what is burned over it."""
        return np.asarray(self.mask & ~self.overlay)


def find_sector(frames: np.ndarray, colour: np.ndarray | None) -> Sector:
    """Find the sector of `frames` (n, h, w) uint8 and what is burned over it.

    The echoes are the largest piece that moves, or of a still the largest that is not black. A
    rectangle or a fan (two straight edges, near and far arc) is fitted to it, so that dark parts
    stay inside and text that touches it stays outside; where neither fits, the mask is the
    convex hull of the piece and `kind` is "unknown". `colour` is (h, w) uint8, the largest spread
    between the red, green and blue of a pixel over some frames of the clip; None of grey frames.
    Frames without echoes give an empty mask and a reason.
    """
    seen = echoes(frames)
    if not seen.any():
        nothing = np.zeros(seen.shape, bool)
        return Sector(nothing, nothing, 0, 0, seen.shape[0], seen.shape[1], "unknown", NO_ECHOES)
    mask, kind = _shape(seen)
    rows, columns = ndimage.find_objects(mask.astype(np.uint8))[0]
    height, width = rows.stop - rows.start, columns.stop - columns.start
    reason = None if kind != "unknown" else "neither a fan nor a rectangle fits the echoes"
    reason = POINTS_DOWN if kind != "box" and points_down(seen) else reason
    overlay, suspected = find_overlay(frames, colour, mask)
    return Sector(mask, overlay, rows.start, columns.start, height, width, kind, reason, suspected)


def _shape(seen: np.ndarray) -> tuple[np.ndarray, Literal["fan", "box", "unknown"]]:
    hull = _hull(seen)
    box = _box(seen)
    if (hull & box).sum() >= _BOX_FILLED * box.sum():
        return box, "box"
    fan = fit_fan(seen)
    if fan is not None:
        mask = fan_mask(fan, seen.shape) & _rows_of(seen)
        needed = _FAN_HOLDS_MIN if fan.support >= _EDGES_SUPPORTED else _FAN_HOLDS
        if (seen & mask).sum() >= needed * seen.sum() and (hull & mask).sum() >= _FAN_FILLED * mask.sum():
            return mask, "fan"
    return hull, "unknown"


def points_down(seen: np.ndarray) -> bool:
    """Return whether a fan with its tip at the bottom fits the echoes (h, w) bool better than one with it at the top."""
    hull = _hull(seen)
    rows = np.flatnonzero(hull.any(axis=1))
    middle = (rows[0] + rows[-1]) // 2
    if hull[:middle].sum() <= hull[middle:].sum():  # wider at the bottom, as nearly all are: no need to fit twice
        return False
    return _fits(seen[::-1], hull[::-1]) > max(_fits(seen, hull), _FAN_FILLED)


def _fits(seen: np.ndarray, hull: np.ndarray) -> float:
    """Return how alike the fan fitted to the echoes and their hull are: what they share of what either covers."""
    fan = fit_fan(seen)
    if fan is None:
        return 0.0
    mask = fan_mask(fan, seen.shape) & _rows_of(seen)
    return float((mask & hull).sum() / (mask | hull).sum())


def _box(seen: np.ndarray) -> np.ndarray:
    """Return (h, w) bool: the upright rectangle that leaves at most _ROBUST of the echoes outside each edge."""
    rows, columns = (_robust_range(seen.sum(axis=axis)) for axis in (1, 0))
    box = np.zeros(seen.shape, bool)
    box[rows, columns] = True
    return box


def _rows_of(seen: np.ndarray) -> np.ndarray:
    """Return (h, 1) bool: the rows with echoes and a few more; some displays cut the far arc flat."""
    found = seen.any(axis=1, keepdims=True)
    return np.asarray(ndimage.binary_dilation(found, np.ones((11, 1), bool)))


def _robust_range(counts: np.ndarray) -> slice:
    share = np.cumsum(counts) / counts.sum()
    start, stop = np.searchsorted(share, (_ROBUST, 1 - _ROBUST))
    return slice(int(start), int(stop) + 1)


def _hull(seen: np.ndarray) -> np.ndarray:
    """Return (h, w) bool: the convex hull of the echoes."""
    edge = np.argwhere(seen & ~ndimage.binary_erosion(seen))
    if len(np.unique(edge[:, 0])) < 3 or len(np.unique(edge[:, 1])) < 3:
        return seen
    corners = edge[ConvexHull(edge).vertices]
    canvas = Image.new("1", (seen.shape[1], seen.shape[0]))
    ImageDraw.Draw(canvas).polygon([(int(x), int(y)) for y, x in corners], fill=1, outline=1)
    return np.asarray(canvas)
