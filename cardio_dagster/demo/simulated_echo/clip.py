"""A beating heart as a machine would record it, with the truth of every frame.

Belongs here: one call from a seed and a few numbers to a clip. Not here: how the heart moves
(truth.py and what it uses), or how echoes look (look.py, painting.py, speckle.py).
"""

from dataclasses import dataclass, fields, replace
from typing import Unpack

import numpy as np

from cardio_dagster.demo.simulated_echo.advection import REFERENCE_SPREAD, Tissue, blood_share
from cardio_dagster.demo.simulated_echo.look import Look, draw_look
from cardio_dagster.demo.simulated_echo.painting import paint
from cardio_dagster.demo.simulated_echo.scene import Scene
from cardio_dagster.demo.simulated_echo.sector import Fan
from cardio_dagster.demo.simulated_echo.speckle import display, draw_scatterers
from cardio_dagster.demo.simulated_echo.truth import HeartOptions, Plan, SimulatedTruth, plan_clip

_BLOOD_PERSISTENCE = 0.55  # blood's grain is mostly new in each frame
_TISSUE_RENEWAL = 0.3  # share of the tissue's grain that is new: motion out of the plane and electronic noise


@dataclass(frozen=True, slots=True)
class SimulatedClip(SimulatedTruth):
    """A clip (t, h, w) uint8 and its truth."""

    frames: np.ndarray


def simulate_clip(
    seed: int,
    *,
    lvef_pct: float,
    gain_db: float = 0.0,
    shadow: float | None = None,
    drop_out: float | None = None,
    noise: float = 0.0,
    **heart: Unpack[HeartOptions],
) -> SimulatedClip:
    """Record a heart of a given ejection fraction in the apical four-chamber view.

    Anatomy and look are drawn from the seed. Of the look, `gain_db` is added to all echoes; `shadow`
    (rib shadows), `drop_out` (lateral wall and apex lost; both by chance when None) and `noise` are 0 to 1.
    Of the heart: `heart_rate_bpm` (68), `duration_s` (2), `frame_rate_hz` (40);
    `rr_spread` (0) is the coefficient of variation of the RR interval, and every beat ejects the same share;
    `wall_motion` names wall segments (motion.SEGMENTS) and their motion: 1 healthy, 0.4 hypokinetic, 0
    akinetic; `foreshortening` (0 to 1) tilts the plane away from the apex, so that the picture shows less
    than the true volume; `rotation_deg` turns the heart clockwise in the sector; `scale` enlarges it;
    `fan` is the sector, by chance when absent.

    Raises:
        ValueError: lvef_pct outside of [3, 85] or beyond what the moving wall can do, foreshortening
            outside of [0, 1], an unknown wall segment or its motion outside of [-0.5, 1.5], a heart rate
            outside of [20, 220], a duration or frame rate that is not positive.
    """
    plan = plan_clip(seed, lvef_pct, heart)
    rng = np.random.default_rng([seed, 1])
    look = draw_look(rng, plan.fan, gain_db=gain_db, shadow=shadow, drop_out=drop_out)
    truth = {field.name: getattr(plan.truth, field.name) for field in fields(plan.truth)}
    return SimulatedClip(**truth, frames=_record(rng, plan, look, noise))


def _record(rng: np.random.Generator, plan: Plan, look: Look, noise: float) -> np.ndarray:
    """Return the frames (t, h, w): tissue's grain where it has moved to, blood's own, clutter at rest."""
    fan, scenes = plan.fan, plan.motion.scenes
    tissue = Tissue(rng, fan, scenes[0], look.patches)
    still, blood = draw_scatterers(rng, fan.shape), draw_scatterers(rng, fan.shape)
    frames = []
    for scene in scenes:
        blood = _renew(rng, blood, 1 - _BLOOD_PERSISTENCE**2)
        moved, patches = tissue.at(scene)
        grain = _mix(_renew(rng, moved, _TISSUE_RENEWAL**2), blood, still, scene=scene, fan=fan)
        mean_grey = paint(scene, replace(look, patches=patches), fan)
        frames.append(display(_noisy(rng, mean_grey, noise), grain, look, fan, smooth=REFERENCE_SPREAD))
    return np.stack(frames)


def _renew(rng: np.random.Generator, scatterers: np.ndarray, share: float) -> np.ndarray:
    """Return scatterers of which a share of the power is new."""
    fresh = draw_scatterers(rng, scatterers.shape)
    return np.asarray(np.sqrt(1 - share) * scatterers + np.sqrt(share) * fresh)


def _mix(tissue: np.ndarray, blood: np.ndarray, still: np.ndarray, *, scene: Scene, fan: Fan) -> np.ndarray:
    chambers, clutter = blood_share(scene, fan), np.exp(-fan.ranges_mm() / 12)
    moving = np.sqrt(1 - chambers) * tissue + np.sqrt(chambers) * blood
    return np.asarray(np.sqrt(1 - clutter) * moving + np.sqrt(clutter) * still)


def _noisy(rng: np.random.Generator, mean_grey: np.ndarray, noise: float) -> np.ndarray:
    """Return the grey with a floor of electronic noise under it, new in every frame."""
    if noise <= 0:
        return mean_grey
    floor = noise * 130 + rng.normal(0, 12 * noise, mean_grey.shape)
    return np.asarray(np.logaddexp(mean_grey / 10, floor / 10) * 10)
