"""Text, marks and traces that lie on the sector: what stands still and bright, or is coloured and thin.

Belongs here: telling burned-in graphics from tissue and from colour Doppler. Not here: what lies
outside the sector, which goes with the mask; letters and boxes (text.py).
"""

import numpy as np
from scipy import ndimage

from cardio_dagster.modalities.echo.sector.colour import PURE_COLOUR, is_tinted, opened_blobs
from cardio_dagster.modalities.echo.sector.evidence import sample
from cardio_dagster.modalities.echo.sector.text import boxed, text_lines

TEXT_SUSPECTED = "text seems to be burned into the image, and is not hidden for sure"
_FRAMES_MIN = 8  # fewer frames do not tell what stands still
_STILL_GREY, _ALMOST_STILL_GREY = 12, 32  # range over time of a mark's core and of its soft edge
_STEP_GREY, _SOFT_STEP_GREY = (
    80,
    16,
)  # brighter than what surrounds it, core and soft edge; the near field has steps of 70
_STROKE_PX = 9  # marks are thinner than this
_SOFT_PX = 2  # width of a soft edge
_MOVING_TISSUE_GREY = 14  # median range over time of the sector below which a clip is as good as a still


def find_overlay(frames: np.ndarray, colour: np.ndarray | None, mask: np.ndarray) -> tuple[np.ndarray, str | None]:
    """Return (h, w) bool, burned-in marks inside `mask`, and why more text may be left there; None where not.

    In a clip of eight frames or more whose tissue moves: thin structures that stay bright and
    unchanged, and lines of letters in its darkest greys. In any image: pure colour in thin structures
    (`colour` as in find_sector), and lines of letters. Text is hidden in boxes. Lines that show on a single image only
    are hidden too, but there letters and tissue are not told apart for sure.
    """
    overlay, lines = np.zeros(mask.shape, bool), np.zeros(mask.shape, bool)
    if colour is not None:
        overlay |= _coloured(frames, colour, mask)
    sampled = sample(frames)
    if len(sampled) >= _FRAMES_MIN and np.median(np.ptp(sampled, axis=0)[mask]) >= _MOVING_TISSUE_GREY:
        overlay |= _still(sampled, mask)
        lines = text_lines(sampled.min(axis=0), mask)
    overlay = boxed(ndimage.binary_dilation(overlay, np.ones((3, 3), bool))) | lines
    unsure = text_lines(sampled[len(sampled) // 2], mask & ~overlay) & mask & ~overlay
    return np.asarray((overlay | unsure) & mask), TEXT_SUSPECTED if unsure.any() else None


def _still(sampled: np.ndarray, mask: np.ndarray) -> np.ndarray:
    motion = np.ptp(sampled, axis=0)
    darkest = sampled.min(axis=0)
    step = ndimage.white_tophat(darkest, (_STROKE_PX, _STROKE_PX))
    core = (motion <= _STILL_GREY) & (step >= _STEP_GREY) & mask
    soft = (motion <= _ALMOST_STILL_GREY) & (step >= _SOFT_STEP_GREY) & mask
    return np.asarray(ndimage.binary_dilation(core, np.ones((3, 3), bool), _SOFT_PX, soft | core))


def _coloured(frames: np.ndarray, colour: np.ndarray, mask: np.ndarray) -> np.ndarray:
    if is_tinted(colour, frames, mask):
        return np.zeros(mask.shape, bool)
    pure = (colour >= PURE_COLOUR) & mask
    return np.asarray(pure & ~opened_blobs(pure))
