"""Outlines of label maps as polygons.

Belongs here: from labels and probabilities to smooth closed lines. Not here: drawing them (overlay.py)
or measuring along them (motion/).
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from cardio_dagster.modalities.echo.motion.endocardium import even_points, line_length, zero_line
from cardio_dagster.modalities.echo.segmentation.letterbox import clean_scores

_POINT_PX = 1.5  # network pixels between two points of an outline
_ROUNDING_PX = 1.5  # standard deviation along the line, so that pixels leave no staircase
_POINTS_MIN = 6


def outline(labels: np.ndarray, probabilities: np.ndarray, structure: int) -> np.ndarray | None:
    """Return the closed outline of one structure on one frame as (k, 2) points (row, column).

    It runs where the interpolated score of the structure equals that of its strongest rival, in
    network pixels whose centres are whole numbers; of several parts the longest outline is taken.
    Returns None where the structure is absent, or less than about three pixels across.
    """
    if not (labels == structure).any():
        return None
    scores = clean_scores(labels, probabilities)
    line = zero_line(scores[structure] - np.delete(scores, structure, axis=0).max(axis=0))
    count = round(float(line_length(line)) / _POINT_PX)
    if count < _POINTS_MIN:
        return None
    points = even_points(line, count + 1)[:-1]
    return np.asarray(gaussian_filter1d(points, _ROUNDING_PX / _POINT_PX, axis=0, mode="wrap"))
