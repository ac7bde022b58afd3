"""How far each segment of the endocardial line moves towards the ventricle's long axis.

Belongs here: the long axis of a line, distances from it, excursion and longitudinal shortening. Not
here: lines (endocardium.py), smoothing in time (tracking.py), scores (scores.py).

Frame of reference: a floating axis. Every frame has its own long axis, from the middle of the mitral
annulus to the apex, and distances are taken across it. Whatever moves or turns the whole ventricle
(breath, the probe, the swing of the heart) drops out. The centreline method (Sheehan et al. 1986,
doi:10.1161/01.cir.74.2.293) keeps the frame fixed; on the reference set the swing made the normal
range of the mid septum in a fixed frame 42 % of its mean, on the floating axis 30 %. The price: next
to the annulus the two walls share their motion, as its middle is by definition half-way.
"""

import numpy as np

from cardio_dagster.modalities.echo.motion.endocardium import line_length
from cardio_dagster.modalities.echo.motion.segments import SCORED, mean_of_core

_TIP = 0.1  # of the length: points whose distance from the annulus falls that far behind weigh 1/e as the apex


def long_axes(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of the annulus and the apex of lines (..., k, 2), each (..., 2).

    The apex is the mean of all points, weighted by exp(-(d_max - d) / (0.1 d_max)), d being the distance
    from the middle of the annulus: it moves smoothly where the tip is blunt.
    """
    base = (lines[..., 0, :] + lines[..., -1, :]) / 2
    distance = np.linalg.norm(lines - base[..., None, :], axis=-1)
    farthest = distance.max(axis=-1, keepdims=True)
    weight = np.exp((distance - farthest) / (_TIP * farthest))
    apex = (lines * weight[..., None]).sum(axis=-2) / weight.sum(axis=-1)[..., None]
    return base, apex


def widths(lines: np.ndarray) -> np.ndarray:
    """Return (..., 6): the mean distance of the scored segments from the long axis, in the unit of the lines.

    It is negative where a segment lies beyond the axis.
    """
    base, apex = long_axes(lines)
    along = (apex - base) / np.linalg.norm(apex - base, axis=-1, keepdims=True)
    across = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    lateral = ((lines[..., -1, :] - lines[..., 0, :]) * across).sum(axis=-1, keepdims=True)
    offsets = ((lines - base[..., None, :]) * across[..., None, :]).sum(axis=-1) * np.sign(lateral)
    return np.asarray(mean_of_core(offsets) * [segment.side for segment in SCORED])


def excursion_pct(width: np.ndarray, width_ed: np.ndarray) -> np.ndarray:
    """Return the excursion of widths (..., 6) in percent of those at end-diastole (6,): positive inwards."""
    return np.asarray(100 * (width_ed - width) / width_ed)


def shortening_pct(line: np.ndarray, line_ed: np.ndarray) -> float:
    """Return the change of the endocardial line's length since end-diastole in percent: negative where it shortens."""
    return float(100 * (line_length(line) / line_length(line_ed) - 1))
