"""How a recording looks: brightness of tissues, gain along depth, haze, shadows and lost walls.

Belongs here: what differs between machines, hands and chests, drawn by chance. Not here: anatomy
(anatomy.py) or the drawing itself (painting.py, speckle.py).
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from cardio_dagster.demo.simulated_echo.fields import smooth_field
from cardio_dagster.demo.simulated_echo.sector import Fan


@dataclass(frozen=True, slots=True)
class Look:
    """Grey levels (0 to 255) of tissues and the fields that modulate them over (ranges, beams).

    `gain` is added grey, `haze` a floor of grey, `shadow` grey taken away, `patches` a mottle of mean
    zero; `wall_levels` (n,) is added along the wall from the septal to the lateral base, `mottle` (n,)
    along any lining; `chest` is the grey of what is not heart; `ragged` (2, ranges, beams) shifts edges, in samples.
    """

    blood: float
    atrial_blood: float
    wall: float
    lining: float
    valve: float
    dynamic_range_db: float
    gamma: float
    axial_mm: float
    lateral_rad: float
    gain: np.ndarray
    haze: np.ndarray
    shadow: np.ndarray
    patches: np.ndarray
    wall_levels: np.ndarray
    mottle: np.ndarray
    chest: np.ndarray
    ragged: np.ndarray
    softness: float
    glow: tuple[tuple[float, float], tuple[float, float]]
    grain: float


def draw_look(
    rng: np.random.Generator,
    fan: Fan,
    *,
    gain_db: float = 0.0,
    shadow: float | None = None,
    drop_out: float | None = None,
) -> Look:
    """Draw a look.

    `gain_db` is added to all echoes; `shadow` and `drop_out` (0 to 1, None by chance) are the depth of
    rib shadows and the share of the lateral wall's and apex's brightness that is lost.
    """
    blood = float(np.clip(rng.normal(50, 20), 8, 110))
    wall = blood + rng.uniform(30, 92)
    dynamic_range = rng.uniform(48, 68)
    lost = rng.beta(1.3, 2.2) if drop_out is None else drop_out
    dark = rng.choice([0.0, 1.0], p=[0.6, 0.4]) * rng.uniform(0.2, 1) if shadow is None else shadow
    return Look(
        blood,
        blood + rng.uniform(-8, 55),
        wall,
        min(wall + rng.uniform(20, 85), 235),
        min(wall + rng.uniform(15, 90), 240),
        dynamic_range,
        rng.uniform(0.85, 1.2),
        axial_mm=rng.uniform(0.28, 0.52),
        lateral_rad=np.deg2rad(rng.uniform(0.4, 0.85)),
        gain=_gain(rng, fan) + gain_db * 255 / dynamic_range,
        haze=_haze(rng, fan, blood),
        shadow=_shadows(rng, fan, dark),
        patches=_patches(rng, fan),
        wall_levels=_wall_levels(rng, lost, wall - blood),
        mottle=np.interp(np.linspace(0, 1, 40), np.linspace(0, 1, 14), rng.normal(0, 22, 14)),
        chest=_chest(rng, fan, float(np.clip(wall + rng.normal(-24, 20), 25, 150))),
        ragged=np.stack([smooth_field(rng, fan.shape, 40), 0.6 * smooth_field(rng, fan.shape, 40)])
        * rng.uniform(0.9, 2.8),
        glow=((rng.uniform(0, 75), rng.uniform(3.5, 7)), (rng.uniform(0, 75), rng.uniform(4, 10))),
        softness=rng.uniform(1.0, 2.2),
        grain=rng.uniform(0.4, 0.85),
    )


def _chest(rng: np.random.Generator, fan: Fan, level: float) -> np.ndarray:
    """Return tissue around the heart: arcs across the beams, brighter below and beside the heart."""
    depth, angle = fan.ranges_mm() / fan.depth_mm, fan.angles_rad() / fan.half_angle_rad
    below = 1 / (1 + np.exp((rng.uniform(0.6, 0.9) - depth) / 0.07))
    right = 1 / (1 + np.exp((rng.uniform(0.3, 0.7) - angle) / 0.1)) * (depth > 0.25) * np.clip(4 * (1.05 - depth), 0, 1)
    bright = below * rng.uniform(-25, 100) + right * rng.uniform(-40, 60)
    arcs = smooth_field(rng, fan.shape, 26, 6) * rng.uniform(6, 26) * (0.4 + below)
    return np.asarray(
        level + bright + arcs + np.clip(1.3 * np.sinh(smooth_field(rng, fan.shape, 7, 5)) * rng.uniform(8, 22), -32, 95)
    )


def _patches(rng: np.random.Generator, fan: Fan) -> np.ndarray:
    """Return the unevenness of any tissue, at three scales."""
    coarse, middle = smooth_field(rng, fan.shape, 7) * rng.uniform(8, 22), smooth_field(rng, fan.shape, 20, 14)
    fine = smooth_field(rng, fan.shape, 60, 34)
    near = fan.ranges_mm() / (fan.ranges_mm() + 12)  # cells of a constant angle would be rays near the probe
    return np.asarray(near * (coarse + middle * rng.uniform(9, 22) + fine * rng.uniform(10, 26)))


def _gain(rng: np.random.Generator, fan: Fan) -> np.ndarray:
    """Return the time-gain curve with its sliders off, and beams that fade towards the sides."""
    depth = fan.ranges_mm() / fan.depth_mm
    sliders = np.interp(depth, np.linspace(0, 1, 6), rng.normal(5, 9, 6) + np.linspace(0, rng.uniform(-10, 40), 6))
    angle = fan.angles_rad() / fan.half_angle_rad
    side = rng.uniform(-45, 8) * np.abs(angle) ** 3 + rng.normal(0, 9) * angle
    return np.asarray(gaussian_filter(sliders, (fan.shape[0] / 20, 0)) + side)


def _haze(rng: np.random.Generator, fan: Fan, blood: float) -> np.ndarray:
    """Return near-field clutter with its reverberation bands, and fog somewhere in the sector."""
    depth, angle = fan.ranges_mm(), fan.angles_rad() / fan.half_angle_rad
    near = rng.uniform(60, 180) * np.exp(-((depth / rng.uniform(9, 24)) ** 1.5))
    step = rng.uniform(2.2, 6)
    bands = (
        rng.uniform(0, 90)
        * np.cos(2 * np.pi * depth / step)
        * np.exp(-depth / rng.uniform(6, 15))
        * (1 - 0.6 * angle**2)
    )
    place = rng.uniform([-1, 0.1], [1, 0.7])
    fog = np.exp(-(((angle - place[0]) / 0.5) ** 2) - ((depth / fan.depth_mm - place[1]) / 0.3) ** 2)
    return np.asarray(near + bands + (blood + rng.uniform(-30, 45)) * fog)


def _shadows(rng: np.random.Generator, fan: Fan, depth: float) -> np.ndarray:
    """Return the grey taken away behind ribs and lung: two wedges from the probe down, mostly at the sides."""
    angle = fan.angles_rad() / fan.half_angle_rad
    dark = np.zeros(fan.shape)
    for _ in range(2):
        middle = np.sign(rng.normal()) * rng.beta(4, 1.4)
        width, start = rng.uniform(0.06, 0.22), rng.uniform(5, 35)
        wedge = 1 / (1 + np.exp((np.abs(angle - middle) - width) / 0.03))
        dark = np.maximum(dark, wedge / (1 + np.exp((start - fan.ranges_mm()) / 4)) * rng.uniform(50, 110))
    return dark * depth


def _wall_levels(rng: np.random.Generator, lost: float, contrast: float) -> np.ndarray:
    """Return brightness along the wall: walls along the beam fade, the lateral one more than the septum."""
    along = np.linspace(-1, 1, 49)
    lateral = 1 / (1 + np.exp(-(along - 0.1) / 0.12))
    apical = np.exp(-(((along - 0.1) / 0.25) ** 2))
    gone = lost * contrast * (0.8 * lateral + rng.uniform(0, 0.8) * apical)
    mottle = np.interp(along, np.linspace(-1, 1, 14), rng.normal(0, 18, 14))
    septum = np.exp(-(((along + 0.6) / 0.3) ** 2)) * rng.uniform(0, 35)
    return np.asarray(septum + mottle - gone)
