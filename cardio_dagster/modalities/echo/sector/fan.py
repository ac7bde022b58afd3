"""The geometry of a fan: two straight edges, a near and a far arc around their crossing.

Belongs here: fitting it to a piece of echoes, and the mask of a fan. Not here: which pixels are
echoes (evidence.py), or whether the fit is good enough (find.py).
"""

from dataclasses import dataclass

import numpy as np

_ANGLES_DEG = np.arange(4.0, 76.0, 0.5)  # of an edge against the vertical
_NEAR_PX = 1.5  # a point this close to an edge votes for it
_MARGIN_PX = 1.0  # added all around, because pixels are counted by their centres
_OUTSIDE_COST = 3.0  # votes that a point beyond the edge takes away
_ARC_BINS = 96
_ROWS_MIN = 16
_TIP_PX = 4  # of the near end, which is narrower than the opening that takes off text strokes


@dataclass(frozen=True, slots=True)
class Fan:
    """Apex (row, column) in pixels, the edges' angles against the vertical in radians, and both radii in pixels.

    The left edge leans by `left` and the right one by `right`, both positive outwards. `support` is
    the share of the weaker edge's rows whose outermost echo lies on it.
    """

    apex_row: float
    apex_column: float
    left: float
    right: float
    near: float
    far: float
    support: float


def fit_fan(seen: np.ndarray) -> Fan | None:
    """Fit a fan that opens downwards to the echoes (h, w) bool; None where two edges do not cross above them.

    Each edge is the line that most of the outermost echoes of the rows lie on and few lie beyond
    (a Hough vote), so that neither dark stretches of the edge nor text that touches it move it; the
    far arc is found in the same way from the farthest echo of each direction.
    """
    rows = np.flatnonzero(seen.any(axis=1))
    if len(rows) < _ROWS_MIN:
        return None
    lefts = seen[rows].argmax(axis=1)
    rights = seen.shape[1] - 1 - seen[rows, ::-1].argmax(axis=1)
    left = _edge(rows, -lefts.astype(float))
    right = _edge(rows, rights.astype(float))
    if left is None or right is None:
        return None
    apex_row = -(left.start + right.start) / (left.slope + right.slope)
    apex_column = right.start + right.slope * apex_row
    if apex_row > rows[0] + 0.2 * len(rows):
        return None
    angles = float(np.arctan(left.slope)), float(np.arctan(right.slope))
    near, far = _arcs(seen, apex_row, apex_column, *angles)
    support = min(
        e.votes / max((far - near) * np.cos(angle), 1.0) for e, angle in zip((left, right), angles, strict=True)
    )
    return Fan(apex_row, apex_column, *angles, near, far, support)


def fan_mask(fan: Fan, shape: tuple[int, ...], *, margin_px: float = _MARGIN_PX) -> np.ndarray:
    """Return (h, w) bool: the pixels whose centres lie in the fan or closer to it than the margin."""
    down, across = np.ogrid[: shape[0], : shape[1]]
    down, across = down - fan.apex_row, across - fan.apex_column
    radius = np.hypot(down, across)
    right_of = across * np.cos(fan.right) - down * np.sin(fan.right)
    left_of = -across * np.cos(fan.left) - down * np.sin(fan.left)
    ring = (radius <= fan.far + margin_px) & (radius >= fan.near - margin_px)
    return np.asarray(ring & (right_of <= margin_px) & (left_of <= margin_px))


@dataclass(frozen=True, slots=True)
class _Edge:
    slope: float
    start: float
    votes: float


def _edge(rows: np.ndarray, outward: np.ndarray) -> _Edge | None:
    """Return the line outward = start + slope * row with most votes, first in steps of 0.5 and then of 0.05 degrees.

    `outward` is the outermost echo of each row, growing outwards; None where no line has more votes for than against it.
    """
    coarse = max(_ANGLES_DEG, key=lambda angle: _line(rows, outward, angle)[1])
    finer = coarse + np.arange(-0.5, 0.55, 0.05)
    angle = max(finer, key=lambda angle: _line(rows, outward, angle)[1])
    distance, votes = _line(rows, outward, angle)
    lean = np.radians(angle)
    return _Edge(float(np.tan(lean)), distance / float(np.cos(lean)), votes) if votes > 0 else None


def _line(rows: np.ndarray, outward: np.ndarray, angle_deg: float) -> tuple[float, float]:
    lean = np.radians(angle_deg)
    return _vote(outward * np.cos(lean) - rows * np.sin(lean))


def _vote(values: np.ndarray) -> tuple[float, float]:
    """Return the place with most values near it and few beyond it, and its votes."""
    values = np.sort(values)
    first = np.searchsorted(values, values - _NEAR_PX)
    last = np.searchsorted(values, values + _NEAR_PX, side="right")
    votes = (last - first) - _OUTSIDE_COST * (len(values) - last)
    best = int(votes.argmax())
    return float(values[(first[best] + last[best]) // 2]), float(votes[best])


def _arcs(seen: np.ndarray, apex_row: float, apex_column: float, left: float, right: float) -> tuple[float, float]:
    rows, columns = np.nonzero(seen)
    radius = np.hypot(rows - apex_row, columns - apex_column)
    angle = np.arctan2(columns - apex_column, rows - apex_row)
    bins = np.digitize(angle, np.linspace(-left, right, _ARC_BINS + 1)) - 1
    inside = (bins >= 0) & (bins < _ARC_BINS)
    farthest, nearest = np.full(_ARC_BINS, -np.inf), np.full(_ARC_BINS, np.inf)
    np.maximum.at(farthest, bins[inside], radius[inside])
    np.minimum.at(nearest, bins[inside], radius[inside])
    filled = np.isfinite(farthest)
    if not filled.any():
        return 0.0, float(radius.max())
    return max(float(np.percentile(nearest[filled], 2)) - _TIP_PX, 0.0), _vote(farthest[filled])[0]
