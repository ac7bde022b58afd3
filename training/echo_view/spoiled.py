"""Negatives made out of real stills, so that real speckle alone does not mean four chambers.

Belongs here: NumPy on squares of SIDE pixels. Not here: the simulator's views, or the augmentation
of every picture (tensors.py). Except for the upside-down displays the outline of the sector is
kept, so that it does not give the answer away.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from training.echo_view.data import SIDE, Pictures

_ROWS, _COLUMNS = np.mgrid[:SIDE, :SIDE].astype(np.float32)
_MIDDLE = (SIDE - 1) / 2
_VENTRICLE_LEFT = 0.03  # share of a cropped picture that may still be ventricle


@dataclass(frozen=True)
class Ground:
    """A still to spoil, (SIDE, SIDE) each: picture, mask, where its sector is, and its content carried on beyond it."""

    image: np.ndarray
    mask: np.ndarray
    sector: np.ndarray
    endless: np.ndarray


def ground(image: np.ndarray, mask: np.ndarray) -> Ground:
    """Prepare one still for every spoiler."""
    return Ground(image, mask, sector_of(image), without_black(image))


def sector_of(image: np.ndarray) -> np.ndarray:
    """Return (SIDE, SIDE) bool: from the first to the last pixel of each row that is not black."""
    seen = image > 0
    reaches = np.maximum.accumulate(seen, axis=1) & np.maximum.accumulate(seen[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(reaches)


def without_black(image: np.ndarray) -> np.ndarray:
    """Reflect the content of the sector over its edge into the black around it."""
    inside = ndimage.binary_erosion(sector_of(image), iterations=2)  # its edge is dim, and would show as a seam
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    beyond = np.clip(2 * nearest - np.stack([_ROWS, _COLUMNS]).astype(int), 0, SIDE - 1)
    reflected = np.where(inside[beyond[0], beyond[1]], image[beyond[0], beyond[1]], image[nearest[0], nearest[1]])
    return np.where(inside, image, reflected)


def _sample(still: Ground, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Look up the content at other places, and keep the outline of the sector."""
    moved = ndimage.map_coordinates(still.endless, [rows, columns], order=1, mode="reflect")
    return np.where(still.sector, moved, 0)


def turned(rng: np.random.Generator, still: Ground) -> np.ndarray:
    """Turn the content by 70 to 180 degrees inside the sector, or the whole picture with it."""
    angle = np.deg2rad(rng.uniform(70, 180)) * rng.choice([-1, 1])
    scale, shift = rng.uniform(0.7, 1.0), rng.normal(0, 6, 2)
    y, x = _ROWS - _MIDDLE, _COLUMNS - _MIDDLE
    rows = (np.cos(angle) * y - np.sin(angle) * x) * scale + _MIDDLE + shift[0]
    columns = (np.sin(angle) * y + np.cos(angle) * x) * scale + _MIDDLE + shift[1]
    if rng.uniform() < 0.25:
        return np.asarray(ndimage.map_coordinates(still.image, [rows, columns], order=1))
    return _sample(still, rows, columns)


def mirrored(rng: np.random.Generator, still: Ground) -> np.ndarray:
    """Show the left heart on the left: four chambers, but not as the measuring expects them."""
    return still.image[:, ::-1]


def without_right_heart(rng: np.random.Generator, still: Ground) -> np.ndarray:
    """Put what lies beside the lateral wall beside the septum as well, as a two-chamber view looks."""
    heart = still.mask > 0
    if not heart.any():
        return still.image
    rows, columns = np.nonzero(heart)
    slope, offset = np.polyfit(rows, columns, 1)
    axis = slope * _ROWS + offset
    reflected = _sample(still, _ROWS, 2 * axis - _COLUMNS)
    grown = ndimage.binary_dilation(heart, iterations=int(rng.integers(1, 4)))
    left = np.clip(ndimage.gaussian_filter(((axis > _COLUMNS) & ~grown).astype(np.float32), 1.5), 0, 1)
    return np.where(still.sector, still.image * (1 - left) + reflected * left, 0)


def cropped(rng: np.random.Generator, still: Ground) -> np.ndarray:
    """Magnify a part that shows hardly any ventricle."""
    for _ in range(20):
        scale = rng.uniform(0.3, 0.5)
        rows = (_ROWS - _MIDDLE) * scale + rng.uniform(0.2, 0.95) * SIDE
        columns = (_COLUMNS - _MIDDLE) * scale + rng.uniform(0.05, 0.95) * SIDE
        ventricle = ndimage.map_coordinates((still.mask == 1).astype(np.float32), [rows, columns], order=0)
        if ventricle.mean() < _VENTRICLE_LEFT:
            return _sample(still, rows, columns)
    return shuffled(rng, still)


def warped(rng: np.random.Generator, still: Ground) -> np.ndarray:
    """Bend the picture until no wall keeps its shape."""
    bend = [ndimage.zoom(rng.normal(0, rng.uniform(14, 24), (5, 5)), SIDE / 5, order=3) for _ in range(2)]
    return _sample(still, _ROWS + bend[0], _COLUMNS + bend[1])


def shuffled(rng: np.random.Generator, still: Ground) -> np.ndarray:
    """Exchange square patches of the picture, softly joined."""
    n = int(rng.choice([4, 8]))
    patches = (
        still.endless.reshape(n, SIDE // n, n, SIDE // n).transpose(0, 2, 1, 3).reshape(n * n, SIDE // n, SIDE // n)
    )
    joined = rng.permutation(patches).reshape(n, n, SIDE // n, SIDE // n).transpose(0, 2, 1, 3).reshape(SIDE, SIDE)
    return np.where(still.sector, ndimage.gaussian_filter(joined.astype(np.float32), rng.uniform(0.3, 1.5)), 0)


def texture(rng: np.random.Generator, still: Ground) -> np.ndarray:
    """Fill the sector, or a rectangle, with speckle, bands and blobs of random grain and brightness."""
    inside = still.sector if rng.uniform() < 0.6 else _rectangle(rng)
    grain = rng.uniform(0.5, 3, 2) * rng.choice([1, 1, 4], 2)
    speckle = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), grain)
    blobs = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), rng.uniform(4, 25, 2))
    depth = np.exp(-rng.uniform(0, 4) * np.maximum(_ROWS / SIDE - rng.uniform(0, 0.5), 0))
    level = rng.uniform(20, 160) * (1 + 0.5 * speckle / speckle.std()) * np.exp(rng.uniform(0, 1) * blobs / blobs.std())
    return np.where(inside, np.clip(level * depth, 0, 255), 0)


def _rectangle(rng: np.random.Generator) -> np.ndarray:
    half = rng.uniform(0.2, 0.5, 2) * SIDE
    half[rng.integers(2)] = SIDE / 2
    return np.asarray((np.abs(_ROWS - _MIDDLE) <= half[0]) & (np.abs(_COLUMNS - _MIDDLE) <= half[1]))


SPOILED: dict[str, Callable[[np.random.Generator, Ground], np.ndarray]] = {
    "turned": turned,
    "mirrored": mirrored,
    "without_right_heart": without_right_heart,
    "cropped": cropped,
    "warped": warped,
    "shuffled": shuffled,
    "texture": texture,
}


def spoil(images: np.ndarray, masks: np.ndarray, *, seed: int, copies: int = 1) -> Pictures:
    """Make `copies` of every kind in SPOILED from every still; the same seed gives the same pictures."""
    made, kinds = [], []
    for copy in range(copies):
        for i, (image, mask) in enumerate(zip(images, masks, strict=True)):
            still = ground(image, mask)
            for kind, spoiler in SPOILED.items():
                made.append(spoiler(np.random.default_rng([seed, copy, i, len(kind)]), still).astype(np.uint8))
                kinds.append(kind)
    return Pictures(np.stack(made), np.array(kinds, "U24"))
