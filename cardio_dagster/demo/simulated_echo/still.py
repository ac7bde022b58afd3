"""Single apical four-chamber pictures with their labels, to train on.

Belongs here: one call from a seed to a picture. Not here: clips (clip.py) or other views.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.demo.simulated_echo.anatomy import draw_anatomy
from cardio_dagster.demo.simulated_echo.look import draw_look
from cardio_dagster.demo.simulated_echo.painting import paint
from cardio_dagster.demo.simulated_echo.scene import build_scene, label_mask
from cardio_dagster.demo.simulated_echo.sector import Fan
from cardio_dagster.demo.simulated_echo.speckle import display, draw_scatterers
from cardio_dagster.demo.simulated_echo.ventricle import contour_at, diastolic_volume_ml, wall_volume_ml


@dataclass(frozen=True, slots=True)
class SimulatedStill:
    """A picture (h, w) uint8 and its labels (h, w) uint8: 0 background, 1 cavity, 2 wall, 3 left atrium."""

    image: np.ndarray
    mask: np.ndarray
    pixel_spacing_mm: float


def draw_fan(rng: np.random.Generator, pixel_spacing_mm: float = 0.5) -> Fan:
    """Draw a sector as deep and as wide as those of the reference recordings."""
    depth = float(rng.choice([130, 140, 150, 160, 170, 180, 190], p=[0.12, 0.2, 0.2, 0.18, 0.18, 0.07, 0.05]))
    half = np.deg2rad(rng.choice([30.0, 37.3, 37.3, 37.3, 40.0, 44.0]))
    return Fan(depth, float(half), pixel_spacing_mm)


def simulate_still(seed: int) -> SimulatedStill:
    """Make one picture of a heart at some moment of its beat, with labels as in the CAMUS data.

    Size, shape, tilt, moment, ejection fraction and look are drawn from the seed; the same seed gives
    the same picture.
    """
    rng = np.random.default_rng(seed)
    fan = draw_fan(rng)
    anatomy = draw_anatomy(rng, fan)
    emptied = rng.choice([0.0, 1.0, rng.uniform()]) * rng.uniform(0.15, 0.65)
    ventricle = anatomy.ventricle
    length = ventricle.length_mm * (1 - anatomy.shortening_per_ef * emptied)
    volume = diastolic_volume_ml(ventricle) * (1 - emptied)
    contour = contour_at(ventricle, volume, length, wall_volume_ml(ventricle))
    down = np.array([np.sin(anatomy.tilt_rad), np.cos(anatomy.tilt_rad)])
    valve = float(rng.choice([0.0, rng.uniform()], p=[0.65, 0.35]))
    scene = build_scene(anatomy, contour, base_mm=anatomy.apex_mm + length * down, valve_open=valve)
    look = draw_look(rng, fan)
    image = display(paint(scene, look, fan), draw_scatterers(rng, fan.shape), look, fan)
    return SimulatedStill(image, label_mask(scene, fan), fan.pixel_spacing_mm)
