"""Speckled sectors of known shape, and text painted on or beside them."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

SHAPE = (240, 320)


def fan_of(shape=SHAPE, *, apex=(20, 160), half_deg=38.0, near=6.0, far=190.0) -> np.ndarray:
    """(h, w) bool: the true sector."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    radius, angle = np.hypot(y - apex[0], x - apex[1]), np.degrees(np.arctan2(x - apex[1], y - apex[0]))
    return (radius <= far) & (radius >= near) & (np.abs(angle) <= half_deg)


def speckled(mask: np.ndarray, *, frames: int, seed: int = 0) -> np.ndarray:
    """Frames (n, h, w) of moving speckle in the mask, with a dark cavity in its middle; black beside it."""
    rng = np.random.default_rng(seed)
    grains = np.stack([ndimage.gaussian_filter(rng.rayleigh(1.0, mask.shape), 1.0) for _ in range(frames)])
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    rows, columns = np.nonzero(mask)
    cavity = ((y - rows.mean()) / 50) ** 2 + ((x - columns.mean()) / 26) ** 2 < 1
    level = np.where(cavity, 25.0, 110.0)
    return np.where(mask, np.clip(grains / grains.mean() * level, 1, 255), 0).astype(np.uint8)


def text(shape: tuple[int, int], words: str, place: tuple[int, int], *, size: int = 14) -> np.ndarray:
    """(h, w) uint8: white words, their upper left corner at the place (row, column)."""
    canvas = Image.new("L", (shape[1], shape[0]))
    ImageDraw.Draw(canvas).text((place[1], place[0]), words, fill=220, font=ImageFont.load_default(size))
    return np.asarray(canvas)


def painted(frames: np.ndarray, words: np.ndarray) -> np.ndarray:
    """The frames with the words over them, soft edges mixed."""
    share = words / 220
    return np.round(frames * (1 - share) + 220 * share).astype(np.uint8)
