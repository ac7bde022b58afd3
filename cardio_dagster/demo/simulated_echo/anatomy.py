"""Whose heart it is: sizes and shapes drawn by chance from one generator.

Belongs here: the spread of sizes between people, for the ventricle, the other chambers and how the
heart lies under the probe. Not here: motion (cycle.py) or drawing (scene.py).
"""

from dataclasses import dataclass, replace

import numpy as np

from cardio_dagster.demo.simulated_echo.sector import Fan
from cardio_dagster.demo.simulated_echo.ventricle import LEVELS, POINTS_PER_SIDE, Ventricle


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A heart at end-diastole and where its long axis lies: `apex_mm` (2,) and the tilt of the axis.

    A positive tilt carries the base to the right of the apex. Lengths in millimetres; the right
    ventricle's width is at its base, the atria's are their largest.
    `shortening_per_ef` is the share of the long axis lost for an ejection fraction of 1.
    """

    ventricle: Ventricle
    apex_mm: np.ndarray
    tilt_rad: float
    atrium_length_mm: float
    atrium_width_mm: float
    atrium_lean: float
    right_width_mm: float
    right_length_share: float
    right_atrium_mm: float
    septum_atrial_mm: float
    shortening_per_ef: float


def draw_ventricle(rng: np.random.Generator, *, length_mm: float, width_mm: float, wall_mm: float) -> Ventricle:
    """Draw a healthy ventricle with the given length, largest width and mean wall thickness."""
    widest, base = rng.uniform(0.25, 0.5), rng.uniform(0.68, 0.95)
    power, root = rng.uniform(1.8, 2.8), rng.uniform(1.7, 2.2)
    above = 1 - np.clip((LEVELS - widest) / (1 - widest), 0, 1) ** power
    below = 1 - (1 - base) * np.clip((widest - LEVELS) / widest, 0, None) ** 2
    half = width_mm / 2 * below * np.maximum(above, 0) ** (1 / root)
    bow = half.max() * rng.uniform(-0.05, 0.22) * np.sin(np.pi * LEVELS)  # the lateral wall is the rounder one
    ripple = 1 + _ripple(rng, 0.035) * np.sin(np.pi * LEVELS)
    other = 1 + _ripple(rng, 0.035) * np.sin(np.pi * LEVELS)
    thickness = _wall(rng, wall_mm)
    ones = np.ones(POINTS_PER_SIDE)
    return Ventricle(length_mm, (half - bow) * ripple, (half + bow) * other, thickness, ones, ones)


def draw_anatomy(rng: np.random.Generator, fan: Fan, *, scale: float = 1.0) -> Anatomy:
    """Draw a heart that fills the fan as apical four-chamber recordings do; `scale` enlarges all of it."""
    length = float(np.clip(rng.normal(0.49, 0.045) * fan.depth_mm, 62, 112)) * scale
    width = length * float(np.clip(rng.normal(0.56, 0.06), 0.42, 0.75))
    wall = float(np.clip(rng.normal(10.8, 1.6), 7.0, 16.5)) * scale
    ventricle = draw_ventricle(rng, length_mm=length, width_mm=width, wall_mm=wall)
    tilt = np.deg2rad(np.clip(rng.normal(8, 9), -18, 32))
    top = max(wall * 0.95 + 3, float(rng.normal(0.185, 0.035)) * fan.depth_mm)
    middle_x = rng.normal(0.035, 0.025) * fan.width_px * fan.pixel_spacing_mm
    apex = np.array([middle_x - np.sin(tilt) * length * 0.45, top])
    return Anatomy(
        ventricle,
        apex,
        float(tilt),
        atrium_length_mm=float(np.clip(rng.normal(46, 9), 24, 72)) * scale,
        atrium_width_mm=float(np.clip(rng.normal(40, 5), 28, 58)) * scale,
        atrium_lean=float(rng.normal(-0.05, 0.1)),
        right_width_mm=float(np.clip(rng.normal(31, 6), 18, 50)) * scale,
        right_length_share=float(rng.uniform(0.62, 0.85)),
        right_atrium_mm=float(np.clip(rng.normal(38, 6), 24, 55)) * scale,
        septum_atrial_mm=float(rng.uniform(3, 6)) * scale,
        shortening_per_ef=float(np.clip(rng.normal(0.27, 0.03), 0.2, 0.34)),
    )


def turned(anatomy: Anatomy, degrees: float) -> Anatomy:
    """Return the heart turned clockwise in the picture about the middle of its ventricle."""
    half = anatomy.ventricle.length_mm / 2
    tilt = anatomy.tilt_rad - np.deg2rad(degrees)
    middle = anatomy.apex_mm + half * np.array([np.sin(anatomy.tilt_rad), np.cos(anatomy.tilt_rad)])
    apex = middle - half * np.array([np.sin(tilt), np.cos(tilt)])
    return replace(anatomy, apex_mm=apex, tilt_rad=float(tilt))


def to_picture(points: np.ndarray, base_mm: np.ndarray, tilt_rad: float) -> np.ndarray:
    """Return points (n, 2) of the ventricle's own coordinates in those of the probe; `base_mm` is the annulus."""
    up = np.array([-np.sin(tilt_rad), -np.cos(tilt_rad)])
    across = np.array([np.cos(tilt_rad), -np.sin(tilt_rad)])
    return np.asarray(base_mm + points[:, :1] * across + points[:, 1:] * up)


def _ripple(rng: np.random.Generator, size: float) -> np.ndarray:
    """Return a smooth curve of mean zero along LEVELS."""
    waves = np.arange(1, 5)
    return np.asarray(
        (rng.normal(0, size, 4)[:, None] * np.sin(np.pi * waves[:, None] * LEVELS + rng.uniform(0, 6.3, (4, 1)))).sum(0)
    )


def _wall(rng: np.random.Generator, wall_mm: float) -> np.ndarray:
    """Return the thickness along the wall: thinner towards the apex in some, a septal bulge in others."""
    along = np.concatenate([LEVELS, LEVELS[-2::-1]])
    septal = np.arange(len(along)) < POINTS_PER_SIDE
    taper = 1 - rng.uniform(-0.05, 0.25) * along**2
    bulge = 1 + septal * rng.choice([0.0, 0.3], p=[0.8, 0.2]) * np.exp(-(((along - 0.2) / 0.15) ** 2))
    side = np.interp(np.arange(len(along)), [0, len(along) - 1], 1 + np.array([1, -1]) * rng.normal(0, 0.08))
    return np.asarray(wall_mm * taper * bulge * side)
