"""Thickness of the septal and the lateral wall at the mid level of the ventricle, on one frame.

Belongs here: distances across the myocardium, in pixels. Not here: which frame (cycles/), names (measuring/).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.echo.segmentation.letterbox import clean_scores
from cardio_dagster.modalities.echo.volumes.discs import Axis, sample

_LEVELS = np.linspace(0.4, 0.6, 9)  # of the long axis, base to apex
_STEP = 0.5  # pixels between two samples of a ray
_REACH = 0.5  # of the length of the ventricle: a wall is thinner than that
_LEVELS_MIN = 5  # levels that must show the wall
_EDGE = 2.0  # pixels: an outer border this near the sector's edge is the edge's and not the wall's


@dataclass(frozen=True, slots=True)
class Walls:
    """Thickness in pixels of each wall; None where it is not seen in full. Sides as in annulus.py."""

    septal: float | None
    lateral: float | None


def measure_walls(labels: np.ndarray, probabilities: np.ndarray, axis: Axis, sector: np.ndarray) -> Walls:
    """Measure both walls between 40 and 60 % of the long axis, across the wall and not across the axis.

    `labels` (h, w) and `probabilities` (3, h, w) are those of one frame, `sector` (h, w) bool what the
    probe sees. The direction across is the normal of the line through the endocardium of these
    levels; the thickness is the median over the levels. A wall that ends at the sector's edge,
    or that fewer than five of nine levels show, has none.
    """
    scores = clean_scores(labels, probabilities)
    cavity = scores[1] - np.delete(scores, 1, axis=0).max(axis=0)
    heart = np.maximum(scores[1], scores[2]) - np.maximum(scores[0], scores[3])
    start, end = np.array(axis.base), np.array(axis.apex)
    along = (end - start) / axis.length
    left = np.array([-along[1], along[0]])
    rays = (start + _LEVELS[:, None] * (end - start), np.arange(0, _REACH * axis.length, _STEP))
    return Walls(*(_thickness(cavity, heart, sector, rays, side) for side in (left, -left)))


def _thickness(
    cavity: np.ndarray, heart: np.ndarray, sector: np.ndarray, rays: tuple[np.ndarray, np.ndarray], side: np.ndarray
) -> float | None:
    starts, distances = rays
    inner = starts + _exits(cavity, starts, distances, side)[:, None] * side
    inner = inner[np.isfinite(inner).all(axis=1)]
    if len(inner) < _LEVELS_MIN:
        return None
    normal = _normal(inner, side)
    depths = _exits(heart, inner + _STEP * normal, distances, normal) + _STEP
    beyond = inner + (depths + _EDGE)[:, None] * normal
    seen = np.isfinite(depths) & (depths > 2 * _STEP)
    seen[seen] = sample(sector.astype(float), beyond[seen]) > 0.5
    return float(np.median(depths[seen])) if seen.sum() >= _LEVELS_MIN else None


def _exits(field: np.ndarray, starts: np.ndarray, distances: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return how far (k,) each ray runs before `field` first turns negative; NaN where it never does."""
    values = sample(field, starts[:, None] + distances[:, None] * direction)
    outside = values <= 0
    index = outside.argmax(axis=1)
    rows = np.arange(len(values))
    before, after = values[rows, index - 1], values[rows, index]
    part = np.where(before > after, before / np.where(before > after, before - after, 1), 0)
    exits = distances[np.maximum(index - 1, 0)] + np.clip(part, 0, 1) * _STEP
    return np.where(outside.any(axis=1), np.where(index == 0, 0.0, exits), np.nan)


def _normal(points: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Return the unit normal of the line through (k, 2) points that points to `side`."""
    tangent = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0]
    normal = np.array([-tangent[1], tangent[0]])
    return np.asarray(normal if normal @ side > 0 else -normal)
