"""Which segments may be scored: the reasons against it.

Belongs here: the sector's border, uncertain boundaries, unsteady lines, the apical cap. Not here:
scores (scores.py) or whether the whole clip is trusted (function.py).
"""

import numpy as np
from scipy import ndimage

from cardio_dagster.modalities.echo.clip import Segmentation
from cardio_dagster.modalities.echo.motion.segments import mean_of_core
from cardio_dagster.modalities.echo.motion.thickness import outward_normals
from cardio_dagster.modalities.echo.segmentation.letterbox import clean_scores

CAP_REASON = "the tip has no excursion to score (ASE/EACVI 2015: segment 17 is left out of wall motion scoring)"
OUTSIDE_SHARE_MAX = 0.25  # of a segment's points beyond the sector
BOUNDARY_CONFIDENCE_MIN = 0.75  # below it contours were off by 11 mm on held-out CAMUS patients, above 0.8 by 3
JITTER_MAX_PCT = 10.0  # of the end-diastolic distance: root mean square of what smoothing in time took away
_BAND = np.arange(-2, 2.5, 0.5)  # pixels on either side of the boundary
_BORDER_PX = 1  # a boundary on the last pixel of the sector is where the picture ends, not the cavity


def outside_share(sector: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Return (6,) the share of each scored segment's points that lie beyond the sector (h, w) or on its border."""
    inner = ndimage.binary_erosion(sector, iterations=_BORDER_PX, border_value=0)
    rows, columns = np.round(line).astype(int).T
    rows, columns = rows.clip(0, sector.shape[0] - 1), columns.clip(0, sector.shape[1] - 1)
    return mean_of_core((~inner[rows, columns]).astype(float))


def boundary_confidence(labels: np.ndarray, probabilities: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Return (6,) the mean winning probability within two pixels of each scored segment's boundary, on one frame."""
    points = line[:, None] + _BAND[:, None] * outward_normals(line)[:, None]
    winning = clean_scores(labels, probabilities).max(axis=0)
    return mean_of_core(
        ndimage.map_coordinates(winning, np.moveaxis(points, -1, 0), order=1, mode="nearest").mean(axis=1)
    )


def why_unscored(
    found: Segmentation, sector: np.ndarray, frames: dict[int, np.ndarray], jitter_pct: np.ndarray
) -> tuple[str | None, ...]:
    """Return for each scored segment why it must not be scored, or None.

    `frames` gives the line (85, 2) of the frames that the score rests on (end-diastole and end-systole),
    by position among the chosen frames; `jitter_pct` is (6,).
    """
    outside = np.max([outside_share(sector, line) for line in frames.values()], axis=0)
    confidence = np.min(
        [boundary_confidence(found.labels[i], found.probabilities[i], line) for i, line in frames.items()], axis=0
    )
    return tuple(
        _reason(*values) for values in zip(outside.tolist(), confidence.tolist(), jitter_pct.tolist(), strict=True)
    )


def _reason(outside: float, confidence: float, jitter_pct: float) -> str | None:
    if outside > OUTSIDE_SHARE_MAX:
        return f"{outside:.0%} of the segment lies at or beyond the sector's border"
    if confidence < BOUNDARY_CONFIDENCE_MIN:
        return f"its boundary is uncertain (confidence {confidence:.2f}, {BOUNDARY_CONFIDENCE_MIN} needed)"
    if jitter_pct > JITTER_MAX_PCT:
        return f"its contour jumps from frame to frame (by {jitter_pct:.0f} % of its distance from the axis)"
    return None
