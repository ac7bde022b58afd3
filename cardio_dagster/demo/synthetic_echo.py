"""A made-up apical four-chamber clip: a beating ellipse with wall and atrium in a speckled sector.

Belongs here: clips whose volumes are known, for demonstration and tests. Not here: a
simulator of real anatomy, or reading and measuring clips.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

HEIGHT_PX, WIDTH_PX = 320, 360
_APEX_Y_PX = 60.0
_WALL_MM = 9.0


@dataclass(frozen=True, slots=True)
class SyntheticClip:
    """Frames (t, h, w) uint8 with the true LV volume (ml) of each, and their geometry."""

    frames: np.ndarray
    pixel_spacing_mm: float
    frame_rate_hz: float
    volume_ml: np.ndarray

    @property
    def lvef_pct(self) -> float:
        """True ejection fraction from the largest and the smallest volume."""
        return float(100 * (1 - self.volume_ml.min() / self.volume_ml.max()))


def synthetic_clip(
    *,
    lvef_pct: float = 60.0,
    end_diastolic_volume_ml: float = 110.0,
    heart_rate_bpm: float = 70.0,
    n_frames: int = 60,
    frame_rate_hz: float = 30.0,
    pixel_spacing_mm: float = 0.5,
    seed: int = 0,
) -> SyntheticClip:
    """Make a clip whose ventricle is a half prolate ellipsoid of known volume in each frame.

    Volume of the half ellipsoid with base radius r and length l: 2/3 pi r^2 l.
    """
    rng = np.random.default_rng(seed)
    phase = np.arange(n_frames) / frame_rate_hz * heart_rate_bpm / 60
    contraction = 0.5 * (1 - np.cos(2 * np.pi * phase))
    volume_ml = end_diastolic_volume_ml * (1 - lvef_pct / 100 * contraction)
    speckle = _speckle(rng)
    frames = np.stack([_frame(v, speckle, pixel_spacing_mm) for v in volume_ml])
    return SyntheticClip(frames, pixel_spacing_mm, frame_rate_hz, volume_ml)


def _speckle(rng: np.random.Generator) -> np.ndarray:
    grains = gaussian_filter(rng.rayleigh(1.0, (HEIGHT_PX, WIDTH_PX)), (0.8, 1.6))
    return np.asarray(grains / grains.mean())


def _frame(volume_ml: float, speckle: np.ndarray, pixel_spacing_mm: float) -> np.ndarray:
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX].astype(float)
    dx_mm = (x - WIDTH_PX * 0.55) * pixel_spacing_mm
    length_mm, radius_mm = _axes_mm(volume_ml)
    base_y_px = _APEX_Y_PX + 88.0 / pixel_spacing_mm
    above_base_mm = (base_y_px - y) * pixel_spacing_mm
    cavity = _inside(dx_mm, above_base_mm, radius_mm, length_mm)
    wall = _inside(dx_mm, above_base_mm, radius_mm + _WALL_MM, length_mm + _WALL_MM) & ~cavity
    atrium = ((dx_mm / 19) ** 2 + ((above_base_mm + 21) / 19) ** 2 < 1) & (above_base_mm < 0)
    brightness = np.full(y.shape, 55.0)
    brightness[wall] = 135.0
    brightness[cavity | atrium] = 14.0
    brightness[(np.abs(above_base_mm) < 1.5) & (np.abs(dx_mm) < radius_mm)] = 120.0  # mitral leaflets
    image = gaussian_filter(brightness, 1.2) * speckle
    image[np.abs(x - WIDTH_PX / 2) > (y + 4) * 0.95] = 0  # the sector
    image[np.hypot(x - WIDTH_PX / 2, y) > HEIGHT_PX - 8] = 0
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def _axes_mm(volume_ml: float) -> tuple[float, float]:
    """Return length and base radius of a half ellipsoid with a length of 3.6 radii."""
    radius_mm = (volume_ml * 1000 * 3 / (2 * np.pi * 3.6)) ** (1 / 3)
    return 3.6 * radius_mm, radius_mm


def _inside(dx_mm: np.ndarray, above_base_mm: np.ndarray, radius_mm: float, length_mm: float) -> np.ndarray:
    inside = (dx_mm / radius_mm) ** 2 + (above_base_mm / length_mm) ** 2 < 1
    return np.asarray(inside & (above_base_mm >= 0))
