"""Chamber volumes by the method of discs, from one apical plane.

Belongs here: long axis, discs, volume and area of one chamber on one frame, in pixels. Not
here: which frame (cycles/), millimetres and names (measuring/).

Method: Lang et al. 2015, doi:10.1016/j.echo.2014.10.003: 20 discs of equal height, stacked along
the long axis from the middle of the mitral annulus to the apex, taken as circular because there is
one plane. Deviation: contours are those of the network and not traced by hand.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from cardio_dagster.modalities.echo.segmentation.letterbox import clean_scores
from cardio_dagster.modalities.echo.volumes.annulus import most_distant, surroundings, touching_pixels

DISCS = 20
LINES_PER_DISC = 3  # chords averaged for one disc
_STEP = 0.5  # pixels between two samples of a chord; between them the boundary is interpolated
_AREA_MIN = 30  # pixels: smaller than this a chamber has no axis


@dataclass(frozen=True, slots=True)
class Axis:
    """A line from the middle of the mitral annulus to the far end of a chamber, (row, column) in pixels."""

    base: tuple[float, float]
    apex: tuple[float, float]

    @property
    def length(self) -> float:
        """Return the length in pixels."""
        return float(np.hypot(self.apex[0] - self.base[0], self.apex[1] - self.base[1]))


@dataclass(frozen=True, slots=True)
class Chamber:
    """One chamber on one frame: `volume` in cubic, `area` in square, `diameters` (20,) in plain pixels.

    `diameters` run from base to apex.
    """

    axis: Axis
    volume: float
    area: float
    diameters: np.ndarray


def measure_chamber(labels: np.ndarray, probabilities: np.ndarray, chamber: int, partner: int) -> Chamber | None:
    """Measure `chamber` on one frame from cleaned labels (h, w) and probabilities (3, h, w).

    `partner` is the chamber on the other side of the mitral valve. The boundary is where the
    interpolated probability of the chamber equals that of its strongest rival. Returns None
    where the chamber is too small or has no axis.
    """
    mask = labels == chamber
    if mask.sum() < _AREA_MIN:
        return None
    box = surroundings(mask)
    scores = clean_scores(labels[box], probabilities[:, *box])
    field = scores[chamber] - np.delete(scores, chamber, axis=0).max(axis=0)
    measured = stack_discs(field, mask[box], annulus_middle(mask[box], labels[box] == partner))
    return None if measured is None else _moved(measured, box[0].start, box[1].start)


def annulus_middle(mask: np.ndarray, partner: np.ndarray) -> tuple[float, float]:
    """Return the middle of the mitral annulus as (row, column).

    It is the middle of the two most distant pixels of the chamber that touch its partner; where
    there is no partner in sight, that end of the chamber's principal axis that is broader.
    """
    points = touching_pixels(mask, partner)
    if len(points) < 2:
        return _broad_end(np.argwhere(mask).astype(float))
    first, second = most_distant(points)
    middle = (first + second) / 2
    return float(middle[0]), float(middle[1])


def stack_discs(field: np.ndarray, mask: np.ndarray, base: tuple[float, float]) -> Chamber | None:
    """Stack 20 discs inside a chamber, where `field` (h, w) is positive, from `base` to its far end.

    `mask` says roughly which pixels are the chamber's. Returns None where the axis misses it.
    """
    axis = _trimmed_axis(field, mask, np.array(base))
    if axis is None:
        return None
    start, end = np.array(axis.base), np.array(axis.apex)
    along = (end - start) / axis.length
    across = np.array([-along[1], along[0]])
    heights = (np.arange(DISCS * LINES_PER_DISC) + 0.5) / (DISCS * LINES_PER_DISC) * axis.length
    widest = np.abs((np.argwhere(mask) - start) @ across).max() + 1
    reach = np.arange(-widest, widest + _STEP, _STEP)
    points = start + heights[:, None, None] * along + reach[:, None] * across
    chords = positive_length(sample(field, points), _STEP)
    squares = (chords**2).reshape(DISCS, LINES_PER_DISC).mean(axis=1)
    volume = float(np.pi / 4 * squares.sum() * axis.length / DISCS)
    return Chamber(axis, volume, float(mask.sum()), np.sqrt(squares))


def positive_length(profiles: np.ndarray, step: float) -> np.ndarray:
    """Return how long each profile (..., k), sampled every `step` and linear in between, is above zero."""
    above, apart = np.maximum(profiles, 0), np.abs(profiles)
    part = (above[..., :-1] + above[..., 1:]) / np.maximum(apart[..., :-1] + apart[..., 1:], 1e-9)
    return np.asarray(part.sum(axis=-1) * step)


def sample(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Interpolate `field` (h, w) bilinearly at (..., 2) points of (row, column); outside of it the answer is -1."""
    coordinates = np.moveaxis(points, -1, 0)
    return np.asarray(ndimage.map_coordinates(field, coordinates, order=1, cval=-1.0))


def _moved(chamber: Chamber, rows: int, columns: int) -> Chamber:
    (r0, c0), (r1, c1) = chamber.axis.base, chamber.axis.apex
    axis = Axis((r0 + rows, c0 + columns), (r1 + rows, c1 + columns))
    return Chamber(axis, chamber.volume, chamber.area, chamber.diameters)


def _trimmed_axis(field: np.ndarray, mask: np.ndarray, base: np.ndarray) -> Axis | None:
    """Draw the line from `base` to the farthest pixel and cut it where it leaves the chamber."""
    pixels = np.argwhere(mask).astype(float)
    towards = pixels[np.hypot(*(pixels - base).T).argmax()] - base
    distance = float(np.hypot(*towards))
    if distance == 0:
        return None
    direction = towards / distance
    fine = _STEP / 2
    positions = np.arange(-5, distance + 5, fine)
    inside = positions[sample(field, base + positions[:, None] * direction) > 0]
    if len(inside) < 2:
        return None
    first, last = base + (inside[0] - fine / 2) * direction, base + (inside[-1] + fine / 2) * direction
    return Axis((float(first[0]), float(first[1])), (float(last[0]), float(last[1])))


def _broad_end(pixels: np.ndarray) -> tuple[float, float]:
    centred = pixels - pixels.mean(axis=0)
    principal = np.linalg.svd(centred, full_matrices=False)[2][0]
    along = centred @ principal
    skew = float((along**3).mean())  # a broad base has the shorter, fuller tail
    end = along.min() if skew > 0 else along.max()
    middle = pixels.mean(axis=0) + end * principal
    return float(middle[0]), float(middle[1])
