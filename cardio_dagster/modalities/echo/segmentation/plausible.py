"""What is possible in a heart: chambers in one part and without holes, the atrium below the ventricle.

Belongs here: from probabilities to labels that anatomy allows, frame by frame, and steadying over
time. Not here: running the network (network.py).
"""

import numpy as np
from scipy import ndimage

VENTRICLE, MYOCARDIUM, ATRIUM = 1, 2, 3
STEADYING = (0.25, 0.5, 0.25)  # weights of the frame before, the frame and the one after
_WITHIN_FRAME = ndimage.generate_binary_structure(3, 1) & np.array([False, True, False])[:, None, None]
_LARGE = 0.25  # of a structure on a frame: a smaller stray part says nothing of where it lies
_REACH = 3  # pixels over which a structure still touches its neighbour


def steady(probabilities: np.ndarray) -> np.ndarray:
    """Return (n, 4, h, w) probabilities averaged with those of the neighbouring frames, the ends with themselves."""
    before, itself, after = STEADYING
    steadied = itself * probabilities
    steadied[1:] += before * probabilities[:-1]
    steadied[0] += before * probabilities[0]
    steadied[:-1] += after * probabilities[1:]
    steadied[-1] += after * probabilities[-1]
    return np.asarray(steadied)


def clean(labels: np.ndarray) -> np.ndarray:
    """Return (n, h, w) uint8 labels that anatomy allows.

    Of the ventricle the largest part is kept, of the atrium the largest that touches it, of the
    myocardium every large part that touches it (the wall of the apex is often not seen); an atrium whose centre is not below (in image rows, the apex being on top) that of the
    ventricle is none. Holes in a chamber become the chamber's, and what ventricle and myocardium
    enclose between them becomes myocardium. A ventricle in two large parts with an "atrium" between
    them (a reverberation that looks like a valve) is joined first.
    """
    labels = np.stack([_joined(frame) for frame in labels])
    ventricle = _without_holes(_largest_parts(labels == VENTRICLE))
    near = ndimage.binary_dilation(ventricle, _WITHIN_FRAME, iterations=_REACH)
    myocardium = _large_parts(labels == MYOCARDIUM, near) & ~ventricle
    atrium = _without_holes(_largest_parts(labels == ATRIUM, near))
    atrium &= _is_below(atrium, ventricle)[:, None, None]
    cleaned = np.zeros_like(labels)
    cleaned[_without_holes(ventricle | myocardium)] = MYOCARDIUM
    cleaned[atrium] = ATRIUM
    cleaned[ventricle] = VENTRICLE
    return cleaned


def _joined(labels: np.ndarray) -> np.ndarray:
    """Return labels (h, w) in which atrium above a large part of the ventricle is ventricle."""
    parts, count = ndimage.label(labels == VENTRICLE)
    if count < 2:
        return labels
    sizes = np.bincount(parts.ravel())[1:]
    large = np.flatnonzero(sizes >= _LARGE * sizes.sum()) + 1
    lowest = max(row for row, _ in ndimage.center_of_mass(parts > 0, parts, large))
    atria, count = ndimage.label(labels == ATRIUM)
    rows = [row for row, _ in ndimage.center_of_mass(atria > 0, atria, range(1, count + 1))]
    above = np.flatnonzero(np.array(rows) < lowest) + 1
    return np.where(np.isin(atria, above), VENTRICLE, labels).astype(labels.dtype) if len(large) > 1 else labels


def _is_below(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Return (n,) bool: whether the mean row of `lower` is greater; true where either is empty."""
    rows = np.arange(lower.shape[1])[None, :, None]
    means = [(mask * rows).sum((1, 2)) / np.maximum(mask.sum((1, 2)), 1) for mask in (lower, upper)]
    missing = ~(lower.any((1, 2)) & upper.any((1, 2)))
    return np.asarray((means[0] > means[1]) | missing)


def _largest_parts(mask: np.ndarray, near: np.ndarray | None = None) -> np.ndarray:
    """Keep the largest connected part on each frame of (n, h, w), of those that touch `near` where it is given."""
    parts, count = ndimage.label(mask, structure=_WITHIN_FRAME)
    if count == 0:
        return mask
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    if near is not None:
        sizes[~np.isin(np.arange(count + 1), parts[near])] = 0
    sizes[0] = 0
    best = sizes[parts].reshape(len(mask), -1)
    winners = parts.reshape(len(mask), -1)[np.arange(len(mask)), best.argmax(axis=1)]
    winners[best.max(axis=1) == 0] = -1
    return np.asarray((parts == winners[:, None, None]) & mask)


def _large_parts(mask: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Keep of (n, h, w) the parts that touch `near` and hold a quarter of their frame's pixels or more."""
    parts, count = ndimage.label(mask, structure=_WITHIN_FRAME)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    touching = np.isin(np.arange(count + 1), parts[near & mask])
    enough = sizes[parts] >= _LARGE * mask.sum((1, 2))[:, None, None]
    return np.asarray(mask & enough & touching[parts])


def _without_holes(mask: np.ndarray) -> np.ndarray:
    """Fill what (n, h, w) encloses on each frame."""
    padded = np.pad(~mask, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    outside, _ = ndimage.label(padded, structure=_WITHIN_FRAME)
    is_open = outside == outside[:, :1, :1]
    return np.asarray(~is_open[:, 1:-1, 1:-1])
