"""Pictures that are not an apical four-chamber view, for a classifier to tell apart.

Belongs here: one call from a seed and a kind to a picture, and the views derived from the four
chambers. Not here: parasternal views (parasternal.py), organs (other_organs.py), traces over time (traces.py) or the four-chamber view (still.py).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cardio_dagster.demo.simulated_echo.anatomy import draw_anatomy, turned
from cardio_dagster.demo.simulated_echo.fields import smooth_field
from cardio_dagster.demo.simulated_echo.look import Look, draw_look
from cardio_dagster.demo.simulated_echo.other_organs import draw_not_cardiac
from cardio_dagster.demo.simulated_echo.painting import finish, paint
from cardio_dagster.demo.simulated_echo.parasternal import draw_parasternal_long, draw_parasternal_short
from cardio_dagster.demo.simulated_echo.scene import Scene, build_scene
from cardio_dagster.demo.simulated_echo.sector import Fan
from cardio_dagster.demo.simulated_echo.speckle import display, draw_scatterers
from cardio_dagster.demo.simulated_echo.still import draw_fan
from cardio_dagster.demo.simulated_echo.traces import draw_m_mode, draw_spectral_doppler
from cardio_dagster.demo.simulated_echo.ventricle import contour_at, diastolic_volume_ml, wall_volume_ml


def simulate_other_view(seed: int, kind: str) -> np.ndarray:
    """Make one picture (h, w) uint8 of a kind in OTHER_VIEWS; the same seed gives the same picture.

    Raises:
        ValueError: a kind that is not in OTHER_VIEWS.
    """
    if kind not in OTHER_VIEWS:
        raise ValueError(f"kind must be one of {', '.join(OTHER_VIEWS)}")
    return OTHER_VIEWS[kind](np.random.default_rng([seed, 2, list(OTHER_VIEWS).index(kind)]))


def _record(rng: np.random.Generator, mean_grey: np.ndarray, look: Look, fan: Fan) -> np.ndarray:
    return display(mean_grey, draw_scatterers(rng, fan.shape), look, fan)


def _apical(rng: np.random.Generator, fan: Fan, *, degrees: float, move_mm: np.ndarray) -> Scene:
    anatomy = turned(draw_anatomy(rng, fan, scale=rng.uniform(0.8, 1.0) if degrees else 1.0), degrees)
    anatomy = replace(anatomy, apex_mm=anatomy.apex_mm + move_mm)
    emptied, ventricle = rng.uniform(0, 0.6), anatomy.ventricle
    length = ventricle.length_mm * (1 - anatomy.shortening_per_ef * emptied)
    volume = diastolic_volume_ml(ventricle) * (1 - emptied)
    contour = contour_at(ventricle, volume, length, wall_volume_ml(ventricle))
    base = anatomy.apex_mm + length * np.array([np.sin(anatomy.tilt_rad), np.cos(anatomy.tilt_rad)])
    return build_scene(anatomy, contour, base_mm=base, valve_open=float(rng.choice([0.0, rng.uniform()])))


def _two_chamber(rng: np.random.Generator) -> np.ndarray:
    """Left ventricle and atrium alone, nearer to the middle, with no right heart beside them."""
    fan = draw_fan(rng)
    look = draw_look(rng, fan)
    scene = _apical(rng, fan, degrees=rng.normal(0, 7), move_mm=np.array([rng.normal(-8, 5), 0.0]))
    look = replace(look, chest=look.chest + smooth_field(rng, fan.shape, 6) * 12)
    return _record(rng, paint(scene, look, fan, right_heart=False), look, fan)


def _subcostal(rng: np.random.Generator) -> np.ndarray:
    """The four chambers lying on their side below the liver, the right ones nearer to the probe."""
    fan = draw_fan(rng)
    look = draw_look(rng, fan)
    shift = np.array([rng.normal(12, 6), rng.uniform(0.0, 0.12) * fan.depth_mm])
    scene = _apical(rng, fan, degrees=rng.uniform(55, 100), move_mm=shift)
    ground, depth = np.mean(look.wall), fan.ranges_mm() / fan.depth_mm
    edge = rng.uniform(0.2, 0.38) + 0.12 * fan.angles_rad() / fan.half_angle_rad * rng.choice([-1, 1])
    liver = 1 / (1 + np.exp((depth - edge) / 0.015))
    chest = look.chest * (1 - liver) + (ground - 10) * liver + 50 * np.exp(-(((depth - edge) / 0.012) ** 2))
    look = replace(look, chest=chest, haze=look.haze * 0.6)
    grey = paint(scene, look, fan)
    return _record(rng, grey * (1 - liver) + liver * np.maximum(finish(chest, look), grey), look, fan)


OTHER_VIEWS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "parasternal_long": draw_parasternal_long,
    "parasternal_short": draw_parasternal_short,
    "two_chamber": _two_chamber,
    "subcostal": _subcostal,
    "not_cardiac": draw_not_cardiac,
    "m_mode": draw_m_mode,
    "spectral_doppler": draw_spectral_doppler,
}
