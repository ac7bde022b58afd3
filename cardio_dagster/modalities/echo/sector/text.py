"""Lines of burned-in text: letters beside each other, found by their edges, and the boxes that hide them whole.

Belongs here: what a letter and a line look like in one image. Not here: what stands still over a clip, colour,
the decision what is hidden (overlay.py).

Letters that are blacked one by one stay readable as silhouettes: what is hidden is always a box.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

# of 97 CAMUS stills none has four such letters in a row and one has three; of words painted on them 92 % have four
LETTERS = 3
_STROKE_PX = 9  # strokes are thinner than this
_STROKE_GREY = 40  # a stroke is brighter than what lies around it by this
_EDGE_GREY = 40  # between neighbouring pixels: echoes are blurred by the beam, letters are not
_HEIGHT_PX = 5, 40
_WIDTH_PX = 60  # of a letter that runs into the next
_LEVEL = 0.25  # of the height by which neighbours may differ in their tops and bottoms, and a pixel
_GAP = 1.2  # heights between neighbours
_PAD_ALONG, _PAD_ACROSS = 0.8, 0.35  # heights added around a line: a letter missed at its end, soft edges
_FILLED = 0.4  # share of its box that a letter with soft edges fills; a trace or a contour fills less, and is not boxed
_MOST_PIECES = 1500  # more are grain, and would take long to compare


@dataclass(frozen=True, slots=True)
class Pieces:
    """Boxes of marks in an image, (k,) each: first and last row and column, the last excluded."""

    top: np.ndarray
    bottom: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @property
    def height(self) -> np.ndarray:
        """Return the heights in pixels."""
        return np.asarray(self.bottom - self.top)


def text_lines(image: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return (h, w) bool: padded boxes around the lines of three letters or more in an image (h, w) uint8.

    A letter is a piece of thin, bright strokes with sharp edges, 5 to 40 pixels high; those of a line stand on one
    level and near each other. `where` (h, w) bool is looked at only.
    """
    pieces = _pieces(_strokes(image) & where)
    if pieces is None:
        return np.zeros(image.shape, bool)
    level = _LEVEL * np.maximum.outer(pieces.height, pieces.height) + 1
    tops, bottoms = (np.abs(np.subtract.outer(side, side)) for side in (pieces.top, pieces.bottom))
    joined = _near(pieces) & (tops <= level) & (bottoms <= level)
    return _boxes(pieces, joined, image.shape, LETTERS)


def boxed(marks: np.ndarray) -> np.ndarray:
    """Return marks (h, w) bool with the boxes around those that could be letters, and the gaps between these, filled."""
    filled = ndimage.binary_dilation(marks, np.ones((3, 3), bool))  # a broken letter is one piece
    pieces = _pieces(filled, least_filled=_FILLED)
    if pieces is None:
        return marks
    overlap = np.minimum.outer(pieces.bottom, pieces.bottom) - np.maximum.outer(pieces.top, pieces.top)
    joined = _near(pieces) & (overlap > 0.5 * np.minimum.outer(pieces.height, pieces.height))
    return np.asarray(marks | _boxes(pieces, joined, marks.shape, 1))


def _strokes(image: np.ndarray) -> np.ndarray:
    bright = ndimage.white_tophat(image, (_STROKE_PX, _STROKE_PX)) >= _STROKE_GREY
    steps = np.zeros(image.shape, np.int16)
    for axis in (0, 1):
        step = np.abs(np.diff(image.astype(np.int16), axis=axis))
        for side in ((1, 0), (0, 1)):  # a step belongs to both pixels
            padding = [(0, 0), (0, 0)]
            padding[axis] = side
            steps = np.maximum(steps, np.pad(step, padding))
    return np.asarray(bright & (steps >= _EDGE_GREY))


def _pieces(marks: np.ndarray, *, least_filled: float = 0.0) -> Pieces | None:
    """Return the connected marks of a letter's size; None where there is none or where they are countless."""
    labels, count = ndimage.label(marks, np.ones((3, 3), bool))
    if count == 0:
        return None
    places = np.array([(r.start, r.stop, c.start, c.stop) for r, c in ndimage.find_objects(labels)]).T
    height, width = places[1] - places[0], places[3] - places[2]
    sized = (height >= _HEIGHT_PX[0]) & (height <= _HEIGHT_PX[1])
    if least_filled:
        sized &= np.bincount(labels.ravel())[1:] >= least_filled * height * width
    else:
        sized &= width <= _WIDTH_PX
    return Pieces(*places[:, sized]) if 0 < sized.sum() <= _MOST_PIECES else None


def _near(pieces: Pieces) -> np.ndarray:
    """Return (k, k) bool: which of them are apart by no more than _GAP heights along the line."""
    apart = np.maximum.outer(pieces.left, pieces.left) - np.minimum.outer(pieces.right, pieces.right)
    return np.asarray(apart <= _GAP * np.maximum.outer(pieces.height, pieces.height))


def _boxes(pieces: Pieces, joined: np.ndarray, shape: tuple[int, ...], least: int) -> np.ndarray:
    """Return (h, w) bool: the padded box of each group of `least` joined pieces or more."""
    boxes = np.zeros(shape, bool)
    groups, group = connected_components(joined, directed=False)
    for members in (group == i for i in range(groups)):
        if members.sum() < least:
            continue
        top, bottom, left, right = (
            int(f(side[members])) for f, side in zip((min, max, min, max), _sides(pieces), strict=True)
        )
        along, across = (round(share * float(pieces.height[members].max())) for share in (_PAD_ALONG, _PAD_ACROSS))
        boxes[max(top - across, 0) : bottom + across, max(left - along, 0) : right + along] = True
    return boxes


def _sides(pieces: Pieces) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return pieces.top, pieces.bottom, pieces.left, pieces.right
