"""The endocardial line of the left ventricle on one frame, from the septal to the lateral mitral annulus.

Belongs here: from labels and probabilities to an open line of points at sub-pixel precision. Not
here: how the points move (excursion.py) and what that means (assess.py, scores.py).

Orientation: the septum is taken to lie on the image's left, as in the apical four-chamber view of
the usual display (Lang et al. 2015, doi:10.1016/j.echo.2014.10.003; so it is in CAMUS and in the
public cine). Limit: in the mirrored (Mayo) display septal and lateral segments change places; that
cannot be told from the left heart's outline.
"""

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, depth_first_order

from cardio_dagster.modalities.echo.segmentation.letterbox import clean_scores

BACKGROUND, VENTRICLE, MYOCARDIUM, ATRIUM = range(4)
POINTS = 85  # 7 segments of 12 steps
_DENSE = 512  # points of the closed outline while its base is sought
_SMOOTHING_PX = 1.5  # standard deviation along the line, so that pixels do not lengthen it
_MARGIN_PX = 3
_GAP_SHARE = 0.08  # of the outline: farther from the atrium the wall's end is not sought
_ANNULUS_SHARE_MIN, _ANNULUS_SHARE_MAX = 0.05, 0.4  # of the outline


def endocardial_line(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray | None:
    """Return the endocardium of one frame as (85, 2) points (row, column) of equal distance along the line.

    `labels` is (h, w) with the classes of Segmentation, `probabilities` (3, h, w) uint8. The line is
    where the interpolated score of the cavity equals that of its strongest rival, without the
    side that faces the atrium; it runs from the septal (left) corner of the mitral annulus over
    the apex to the lateral one. Returns None where there is no ventricle, or no atrium that
    touches it over a believable part of the outline.
    """
    if not (labels == VENTRICLE).any():
        return None
    window = _around_ventricle(labels)
    scores = clean_scores(labels[window], probabilities[:, *window])
    outline = even_points(zero_line(scores[VENTRICLE] - np.delete(scores, VENTRICLE, axis=0).max(axis=0)), _DENSE + 1)
    wall = _without_annulus(outline[:-1], scores)
    if wall is None:
        return None
    line = even_points(_smoothed(wall), POINTS) + np.array([window[0].start, window[1].start])
    return np.asarray(line if line[0, 1] <= line[-1, 1] else line[::-1])


def _around_ventricle(labels: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and columns of the ventricle with a margin: the rest of the picture costs time."""
    rows, columns = ndimage.find_objects((labels == VENTRICLE).astype(np.uint8))[0]
    return (
        slice(max(rows.start - _MARGIN_PX, 0), rows.stop + _MARGIN_PX),
        slice(max(columns.start - _MARGIN_PX, 0), columns.stop + _MARGIN_PX),
    )


def zero_line(field: np.ndarray) -> np.ndarray:
    """Return the longest closed line along which a (h, w) field is zero, as (m, 2) points; the last is the first.

    Marching squares: the points lie between neighbouring pixels of different sign, by linear
    interpolation; beyond its edge the field is negative. `field` must be positive somewhere.
    """
    padded = np.pad(field.astype(float), 1, constant_values=-1.0)
    inside = padded > 0
    across, down = inside[:, :-1] != inside[:, 1:], inside[:-1] != inside[1:]
    points = np.concatenate([_crossings(padded, across, 1), _crossings(padded, down, 0)])
    loops, size = _links(inside, across, down), len(points)
    graph = coo_array((np.ones(len(loops)), loops.T), (size, size)).tocsr()
    member = connected_components(graph, directed=False)[1]
    start = int(np.flatnonzero(member == np.bincount(member).argmax())[0])
    order = depth_first_order(graph, start, directed=False, return_predecessors=False)
    return np.asarray(points[[*order, start]] - 1)


def _crossings(padded: np.ndarray, crossed: np.ndarray, along: int) -> np.ndarray:
    """Interpolate the zeros between the pixels of `crossed` and their neighbours along one dimension."""
    at = np.argwhere(crossed)
    here, there = padded[tuple(at.T)], padded[tuple((at + np.eye(2, dtype=int)[along]).T)]
    points = at.astype(float)
    points[:, along] += here / (here - there)
    return points


def _links(inside: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return (m, 2) pairs of crossings that follow each other: those of one cell of 2 x 2 pixels."""
    name_across = np.cumsum(across).reshape(across.shape) - 1
    name_down = np.cumsum(down).reshape(down.shape) - 1 + across.sum()
    names = np.stack([name_across[:-1], name_down[:, 1:], name_across[1:], name_down[:, :-1]], axis=-1)  # clockwise
    crossed = np.stack([across[:-1], down[:, 1:], across[1:], down[:, :-1]], axis=-1)
    count = crossed.sum(axis=-1)
    pairs = [names[count == 2][crossed[count == 2]].reshape(-1, 2)]
    for corner, turn in ((False, 0), (True, 1)):  # a saddle: its inside corners stay apart
        saddle = np.roll(names[(count == 4) & (inside[:-1, :-1] == corner)], turn, axis=-1)
        pairs.append(saddle.reshape(-1, 2))
    return np.concatenate(pairs)


def even_points(line: np.ndarray, count: int) -> np.ndarray:
    """Return `count` points of equal distance along a line (m, 2), both ends included."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, along[-1], count)
    return np.stack([np.interp(wanted, along, line[:, axis]) for axis in (0, 1)], axis=1)


def line_length(line: np.ndarray) -> np.ndarray:
    """Return the length of lines (..., k, 2), in their unit."""
    return np.asarray(np.linalg.norm(np.diff(line, axis=-2), axis=-1).sum(axis=-1))


def _without_annulus(outline: np.ndarray, scores: np.ndarray) -> np.ndarray | None:
    """Cut the part of a closed outline (m, 2) out that faces the atrium, up to where the wall begins."""
    sampled = np.stack([ndimage.map_coordinates(score, outline.T, order=1, mode="nearest") for score in scores])
    facing = sampled[ATRIUM] > np.maximum(sampled[BACKGROUND], sampled[MYOCARDIUM])
    if not facing.any() or facing.all():
        return None
    wall = _longest_run(~facing)
    bare = sampled[BACKGROUND, wall] > sampled[MYOCARDIUM, wall]
    wall = wall[_bare_end(bare) : len(wall) - _bare_end(bare[::-1])]
    share = 1 - len(wall) / len(outline)
    return outline[wall] if _ANNULUS_SHARE_MIN <= share <= _ANNULUS_SHARE_MAX else None


def _longest_run(flags: np.ndarray) -> np.ndarray:
    """Return the indices of the longest run of true flags on a circle, in order; some flag is false."""
    first = int(np.argmin(flags))
    runs, count = ndimage.label(np.roll(flags, -first))
    longest = np.bincount(runs, minlength=count + 1)[1:].argmax() + 1
    return np.asarray((np.flatnonzero(runs == longest) + first) % len(flags))


def _bare_end(bare: np.ndarray) -> int:
    """Return how many points at the start border neither atrium nor wall; 0 where the wall is far."""
    length = int(np.argmin(bare)) if not bare.all() else len(bare)
    return length if length <= _GAP_SHARE * _DENSE else 0


def _smoothed(line: np.ndarray) -> np.ndarray:
    """Smooth an open line with a Gaussian along it; the ends stay where they are."""
    spacing = float(line_length(line)) / max(len(line) - 1, 1)
    mirrored = np.concatenate([2 * line[0] - line[:0:-1], line, 2 * line[-1] - line[-2::-1]])
    smooth = ndimage.gaussian_filter1d(mirrored, _SMOOTHING_PX / max(spacing, 1e-6), axis=0)
    return np.asarray(smooth[len(line) - 1 : 2 * len(line) - 1])
