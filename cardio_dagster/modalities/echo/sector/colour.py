"""What colour means in a sector: colour Doppler, a tinted grey scale, or marks.

Belongs here: telling them apart from the spread between the colour channels. Not here: where the
sector is (find.py).
"""

import numpy as np
from scipy import ndimage

PURE_COLOUR = 48  # spread between channels; chroma noise of JPEG stays below
_BLOB_PX = 5  # an area of colour holds a square of this side; marks and traces do not
_DOPPLER_SHARE = 0.01  # of the sector
_TINT_GREY, _TINT_COLOUR, _TINT_SHARE = 48, 12, 0.7  # of what is bright, nearly all is coloured


def mode_of(colour: np.ndarray | None, frames: np.ndarray, mask: np.ndarray) -> str:
    """Return "colour_doppler" where coloured areas fill 1 % of the sector, else "b_mode".

    `colour` (h, w) uint8 and `frames` (n, h, w) uint8 are those of find_sector, `mask` (h, w) bool its
    sector. A grey scale that is tinted as a whole, and thin coloured marks, are B-mode.
    """
    if colour is None or not mask.any() or is_tinted(colour, frames, mask):
        return "b_mode"
    blobs = opened_blobs((colour >= PURE_COLOUR) & mask)
    return "colour_doppler" if blobs.sum() >= _DOPPLER_SHARE * mask.sum() else "b_mode"


def is_tinted(colour: np.ndarray, frames: np.ndarray, mask: np.ndarray) -> bool:
    """Return whether the grey scale itself is coloured: nearly everything bright is."""
    bright = (frames[len(frames) // 2] >= _TINT_GREY) & mask
    return bool(bright.any() and np.mean(colour[bright] >= _TINT_COLOUR) >= _TINT_SHARE)


def opened_blobs(coloured: np.ndarray) -> np.ndarray:
    """Return the parts of a mask that hold a square of _BLOB_PX, whole."""
    core = ndimage.binary_opening(coloured, np.ones((_BLOB_PX, _BLOB_PX), bool))
    return np.asarray(ndimage.binary_propagation(core, mask=coloured))
