"""The mitral annulus on one frame: the two hinges between ventricle and atrium.

Belongs here: where the chambers touch, width and middle. Not here: movement over time and names (measuring/).
The labels do not tell the septum from the lateral wall. With the apex up the septum lies on the left of the
image, the display that ASE asks for; on a mirrored display the two names are exchanged.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

_REACH = 2  # pixels between ventricle and atrium over which they still touch
_MARGIN = 6  # pixels around a chamber that are looked at
_NEIGHBOURS = np.ones((3, 3), bool)


@dataclass(frozen=True, slots=True)
class Annulus:
    """The two ends of the mitral annulus, (row, column) in pixels; `septal` lies left when the apex is up."""

    septal: tuple[float, float]
    lateral: tuple[float, float]

    @property
    def width(self) -> float:
        """Return the distance of the hinges in pixels."""
        return float(np.hypot(self.septal[0] - self.lateral[0], self.septal[1] - self.lateral[1]))

    @property
    def middle(self) -> tuple[float, float]:
        """Return the point half way between the hinges."""
        return (self.septal[0] + self.lateral[0]) / 2, (self.septal[1] + self.lateral[1]) / 2


def find_annulus(ventricle: np.ndarray, atrium: np.ndarray) -> Annulus | None:
    """Return the annulus of two masks (h, w) bool; None where they do not touch.

    The hinges are the two most distant pixels of the ventricle that lie within two pixels of the atrium.
    """
    touching = touching_pixels(ventricle, atrium)
    if len(touching) < 2:
        return None
    first, second = most_distant(touching)
    upwards = np.argwhere(ventricle).mean(axis=0) - touching.mean(axis=0)
    leftwards = np.array([-upwards[1], upwards[0]])
    if (first - second) @ leftwards < 0:
        first, second = second, first
    return Annulus((float(first[0]), float(first[1])), (float(second[0]), float(second[1])))


def touching_pixels(chamber: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Return (k, 2) float rows and columns of the pixels of `chamber` within two pixels of `partner`."""
    if not chamber.any():
        return np.empty((0, 2))
    box = surroundings(chamber)
    near = ndimage.binary_dilation(partner[box], _NEIGHBOURS, iterations=_REACH)
    return np.asarray(np.argwhere(chamber[box] & near) + np.array([box[0].start, box[1].start], float))


def surroundings(mask: np.ndarray) -> tuple[slice, slice]:
    """Return the rectangle around a mask that is not empty, with a margin: the rest would only cost time."""
    spans = []
    for axis in (1, 0):
        hit = np.flatnonzero(mask.any(axis=axis))
        spans.append(slice(max(int(hit[0]) - _MARGIN, 0), int(hit[-1]) + 1 + _MARGIN))
    return spans[0], spans[1]


def most_distant(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the two points of (k, 2), k of 2 or more, that lie farthest apart."""
    centred = points - points.mean(axis=0)
    squares = (centred**2).sum(axis=1)
    apart = squares[:, None] + squares - 2 * centred @ centred.T  # squared distances
    first, second = np.unravel_index(apart.argmax(), apart.shape)
    return points[first], points[second]
