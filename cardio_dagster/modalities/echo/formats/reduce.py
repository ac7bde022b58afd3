"""One frame at a time made smaller: luma, how much colour it shows, block means by a whole number.

Belongs here: arithmetic on a single frame of any format. Not here: decoding, choosing frames
(limits.py), the sector (sector/).
"""

import numpy as np
from PIL import Image

SIDE_KEPT = 640  # pixels: no kept side is longer, so that a long cine of large frames stays small
COLOUR_FRAMES = 16  # frames of a clip in which colour is looked for


def reduction_for(height: int, width: int) -> int:
    """Return the smallest whole number by which no side of the rectangle stays longer than SIDE_KEPT."""
    return max(-(-max(height, width) // SIDE_KEPT), 1)


def block_mean(frame: np.ndarray, reduction: int) -> np.ndarray:
    """Return the means of blocks of `reduction` x `reduction` pixels.

    (h, w) uint8 to (ceil(h / reduction), ceil(w / reduction)) uint8, to within 1; a block cut by
    the right or lower border is the mean of what is left of it.
    """
    if reduction == 1:
        return frame
    return np.asarray(Image.fromarray(np.ascontiguousarray(frame)).reduce(reduction))


def luma(colours: np.ndarray) -> np.ndarray:
    """Return the luma of RGB, (h, w, 3) uint8 to (h, w) uint8 (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B)."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(colours)).convert("L"))


def colour_spread(colours: np.ndarray, reduction: int) -> np.ndarray:
    """Return how far each block is from grey: the mean of max(R, G, B) - min(R, G, B).

    (h, w, 3) uint8 to (ceil(h / reduction), ceil(w / reduction)) uint8; 0 is grey.
    """
    red, green, blue = (colours[..., c] for c in range(3))
    highest = np.maximum(np.maximum(red, green), blue)
    return block_mean(highest - np.minimum(np.minimum(red, green), blue), reduction)
