"""Thickness of the wall behind each segment of the endocardial line, on one frame.

Belongs here: rays from the endocardium outwards through the myocardium's probability. Not here: the
line itself (endocardium.py) and whether thickening is told (assess.py).
"""

import numpy as np
from scipy import ndimage

from cardio_dagster.modalities.echo.clip import Segmentation
from cardio_dagster.modalities.echo.motion.endocardium import MYOCARDIUM
from cardio_dagster.modalities.echo.motion.segments import mean_of_core
from cardio_dagster.modalities.echo.segmentation.letterbox import clean_scores

_STEP = 0.25  # pixels between two samples of a ray
_REACH_SHARE = 0.35  # of the distance from annulus to apex: no wall is thicker
_LEAD = 2  # pixels of cavity that a ray may cross before it meets the wall


def outward_normals(line: np.ndarray) -> np.ndarray:
    """Return unit vectors (k, 2) across a line (k, 2) that runs around the cavity, pointing out of it."""
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    normals = np.stack([-along[:, 1], along[:, 0]], axis=1)
    outwards = ((line - line.mean(axis=0)) * normals).sum()
    return np.asarray(normals * np.sign(outwards))


def wall_thickness(labels: np.ndarray, probabilities: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Return (6,) the mean thickness of the wall behind the scored segments, in pixels.

    Along the normal of each point it is the length over which the myocardium's score is the highest,
    up to the first gap. NaN where the rays of a segment meet no wall, or none ends within reach.
    """
    scores = clean_scores(labels, probabilities)
    field = scores[MYOCARDIUM] - np.delete(scores, MYOCARDIUM, axis=0).max(axis=0)
    apart = float(np.linalg.norm((line[0] + line[-1]) / 2 - line[len(line) // 2]))
    steps = np.arange(-_LEAD, _REACH_SHARE * apart, _STEP)
    rays = line[:, None] + steps[:, None] * outward_normals(line)[:, None]
    inside = ndimage.map_coordinates(field, np.moveaxis(rays, -1, 0), order=1, cval=-1.0) > 0
    entered = np.cumsum(inside, axis=1) > 0
    left = np.cumsum(entered & ~inside, axis=1) > 0
    length = (inside & ~left).sum(axis=1) * _STEP
    return mean_of_core(np.where(left[:, -1] & entered[:, -1], length, np.nan))


def thickening_pct(
    found: Segmentation, ed: int, es: int, line_ed: np.ndarray, line_es: np.ndarray
) -> np.ndarray:  # fmt: skip
    """Return (6,) the change of wall thickness from frame `ed` to `es` in percent, NaN where it is not seen."""
    thick_ed = wall_thickness(found.labels[ed], found.probabilities[ed], line_ed)
    thick_es = wall_thickness(found.labels[es], found.probabilities[es], line_es)
    return np.asarray(100 * (thick_es / np.where(thick_ed > 0, thick_ed, np.nan) - 1))
