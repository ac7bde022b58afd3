"""The fan of a phased array: where a beam and a range lie in the picture.

Belongs here: the geometry of the sector and the step from beam samples to pixels. Not here: what
the beams meet (scene.py) or how loud it is (speckle.py).

Positions are (x, y) in millimetres: x to the right of the probe, y down from it.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.ndimage import map_coordinates

BEAM_STEP_RAD = np.deg2rad(0.45)
RANGE_STEP_MM = 0.5


@dataclass(frozen=True, slots=True)
class Fan:
    """A sector with its probe at the middle of the upper border, `depth_mm` deep, as a picture of `height_px` rows."""

    depth_mm: float
    half_angle_rad: float
    pixel_spacing_mm: float

    @property
    def height_px(self) -> int:
        """Rows of the picture; the deepest beam ends at the last."""
        return round(self.depth_mm / self.pixel_spacing_mm)

    @property
    def width_px(self) -> int:
        """Columns of the picture; the outermost beams end at the first and the last."""
        return round(2 * self.depth_mm * math.sin(self.half_angle_rad) / self.pixel_spacing_mm)

    @property
    def shape(self) -> tuple[int, int]:
        """Samples along a beam, and beams."""
        return int(np.ceil(self.depth_mm / RANGE_STEP_MM)) + 1, int(
            np.ceil(2 * self.half_angle_rad / BEAM_STEP_RAD)
        ) + 1

    def ranges_mm(self) -> np.ndarray:
        """Return the depth of each sample as a column (ranges, 1)."""
        ranges = np.arange(self.shape[0], dtype=float) * RANGE_STEP_MM
        return np.asarray(ranges)[:, None]

    def angles_rad(self) -> np.ndarray:
        """Return the angle of each beam as a row (1, beams), negative on the left."""
        angles = np.arange(self.shape[1], dtype=float) * BEAM_STEP_RAD - self.half_angle_rad
        return np.asarray(angles)[None, :]

    def positions_mm(self) -> np.ndarray:
        """Return the (x, y) of every beam sample, (ranges, beams, 2)."""
        r, a = self.ranges_mm(), self.angles_rad()
        return np.stack([r * np.sin(a), r * np.cos(a)], -1)

    def to_beams(self, points_mm: np.ndarray) -> np.ndarray:
        """Return (beam, range) sample coordinates of points (n, 2) in millimetres."""
        x, y = points_mm[..., 0], points_mm[..., 1]
        beam = (np.arctan2(x, y) + self.half_angle_rad) / BEAM_STEP_RAD
        return np.stack([beam, np.hypot(x, y) / RANGE_STEP_MM], -1)

    def to_pixels(self, points_mm: np.ndarray) -> np.ndarray:
        """Return (column, row) of points (n, 2) in millimetres; pixel centres are whole numbers."""
        points = points_mm / self.pixel_spacing_mm
        return np.asarray(points + np.array([(self.width_px - 1) / 2, -0.5]))


@lru_cache(maxsize=64)
def _pixel_beams(fan: Fan) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels inside the fan (h, w) bool and their (range, beam) coordinates (2, n)."""
    rows, columns = np.mgrid[: fan.height_px, : fan.width_px].astype(float)
    pixels = np.stack([columns - (fan.width_px - 1) / 2, rows + 0.5], -1) * fan.pixel_spacing_mm
    beams = fan.to_beams(pixels)
    reach, half = np.hypot(pixels[..., 0], pixels[..., 1]), fan.pixel_spacing_mm / 2
    angle = np.abs(np.arctan2(pixels[..., 0], pixels[..., 1]))
    # half a pixel more each way: a pixel counts when the sector touches it, not only its centre
    inside = (reach <= fan.depth_mm + half) & (angle <= fan.half_angle_rad + half / reach)
    return inside, beams[inside][:, ::-1].T.astype(np.float32)


def visible(fan: Fan) -> np.ndarray:
    """Return which pixels the sector covers, (h, w) bool."""
    return _pixel_beams(fan)[0]


def scan_convert(samples: np.ndarray, fan: Fan) -> np.ndarray:
    """Return beam samples (ranges, beams) as a picture (h, w) float32; zero outside of the sector."""
    inside, coordinates = _pixel_beams(fan)
    picture = np.zeros(inside.shape, np.float32)
    picture[inside] = map_coordinates(samples.astype(np.float32), coordinates, order=1, mode="nearest")
    return picture
