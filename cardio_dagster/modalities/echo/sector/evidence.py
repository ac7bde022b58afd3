"""Which pixels of a clip show echoes: the largest piece that moves, or that is not background.

Belongs here: thresholds on brightness and change over time, connected pieces. Not here: the
geometry fitted to them (fan.py).
"""

import numpy as np
from scipy import ndimage

ECHO_GREY = 5  # brighter than the background by more than this, allowing for JPEG noise
MOVING_GREY = 6  # range over time above which a pixel moves, allowing for JPEG noise
_SAMPLED_FRAMES = 24
_BACKGROUND_GREY_MAX, _BACKGROUND_SHARE = 64, 0.1  # a brighter ground is tissue; a rarer one is no ground
_STROKE_PX = 5  # what is thinner goes with the opening: text strokes, ruler lines
_PIECE_MOTION = 0.2  # of the change of the most moving large piece: what stands still is a menu or a grey scale
_LARGE = 0.1  # of the size of the largest piece: smaller ones are text and marks
_MOVING_SHARE = 0.5  # of the bright piece that must move for its motion to outline it


def echoes(frames: np.ndarray) -> np.ndarray:
    """Return (h, w) bool: the one piece of (n, h, w) uint8 frames that shows echoes; all false where none does.

    In a clip it is the largest piece that changes over time. Where less than half of the bright
    area changes (a painted or frozen clip) and in a still, it is the largest area brighter than
    the background, among the pieces of a clip that move.
    """
    sampled = sample(frames)
    motion = np.ptp(sampled, axis=0)
    bright = _opened(sampled.max(axis=0) > _background(sampled) + ECHO_GREY)
    piece = _echo_piece(bright, sampled.max(axis=0), motion)
    moving = _largest(_opened(motion > MOVING_GREY))
    filled = ndimage.binary_fill_holes(moving)
    outlined = filled if filled.sum() > _MOVING_SHARE * piece.sum() else ndimage.binary_fill_holes(piece)
    return np.asarray(outlined)


def sample(frames: np.ndarray) -> np.ndarray:
    """Return some frames, equally spaced over the clip."""
    return np.asarray(frames[np.linspace(0, len(frames) - 1, min(len(frames), _SAMPLED_FRAMES)).astype(int)])


def _background(sampled: np.ndarray) -> int:
    """Return the grey of the ground around the sector: the commonest dark one, else 0."""
    counts = np.bincount(sampled.max(axis=0).ravel(), minlength=256)
    grey = int(counts[: _BACKGROUND_GREY_MAX + 1].argmax())
    return grey if counts[grey] >= _BACKGROUND_SHARE * counts.sum() else 0


def _opened(mask: np.ndarray) -> np.ndarray:
    """Return the mask without what is thinner than a stroke; the frame's edge is no edge of the mask."""
    eroded = ndimage.minimum_filter(mask.view(np.uint8), _STROKE_PX, mode="nearest")
    return np.asarray(ndimage.maximum_filter(eroded, _STROKE_PX, mode="nearest").view(bool))


def _echo_piece(mask: np.ndarray, brightest: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Return the largest piece that is no menu: of those that move like the most moving large one, and textured.

    The area counts without the pixels of the piece's commonest grey, which fill a menu or a header bar.
    """
    pieces, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(pieces.ravel())[1:]
    change = ndimage.mean(motion, pieces, np.arange(1, count + 1))
    large = np.flatnonzero(sizes >= _LARGE * sizes.max())
    moving = [i for i in large if change[i] >= _PIECE_MOTION * change[large].max()]
    return np.asarray(pieces == 1 + max(moving, key=lambda i: _textured_area(brightest[pieces == 1 + i])))


def _textured_area(greys: np.ndarray) -> float:
    flat = np.bincount(greys).max() / len(greys)
    return len(greys) * float(1 - flat) ** 2


def _largest(mask: np.ndarray) -> np.ndarray:
    pieces, count = ndimage.label(mask)
    return pieces == 1 + np.bincount(pieces.ravel())[1:].argmax() if count else mask
