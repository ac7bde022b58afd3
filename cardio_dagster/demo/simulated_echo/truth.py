"""What is true of a simulated clip, without its pictures.

Belongs here: from a seed and a few numbers to labels, volumes and times. Not here: how the heart
moves (cycle.py, motion.py), or pictures (clip.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

import numpy as np

from cardio_dagster.demo.simulated_echo.anatomy import draw_anatomy, turned
from cardio_dagster.demo.simulated_echo.cycle import draw_beats, filling_at, inlet_at
from cardio_dagster.demo.simulated_echo.motion import Motion, move, with_wall_motion
from cardio_dagster.demo.simulated_echo.scene import label_mask
from cardio_dagster.demo.simulated_echo.sector import Fan
from cardio_dagster.demo.simulated_echo.still import draw_fan


class HeartOptions(TypedDict, total=False):
    """What can be asked of a simulated heart, see `simulate_clip`."""

    heart_rate_bpm: float
    duration_s: float
    frame_rate_hz: float
    rr_spread: float
    wall_motion: Mapping[str, float]
    foreshortening: float
    rotation_deg: float
    scale: float
    fan: Fan


@dataclass(frozen=True, slots=True)
class SimulatedTruth:
    """What is true of a clip.

    `masks` is (t, h, w) uint8 with the labels of SimulatedStill; `lv_volume_ml`, `la_volume_ml` and
    `length_mm` (of the long axis) are (t,) float64; `wall_volume_ml` does not change; `r_wave_s` are seconds from the
    first frame; `ed_frames` and `es_frames` are frame numbers, int32. `gls_pct` is that of the inner
    contour, negative where it shortens; `lvef_pct` is that of the whole body, foreshortened or not.
    """

    masks: np.ndarray
    lv_volume_ml: np.ndarray
    la_volume_ml: np.ndarray
    wall_volume_ml: float
    length_mm: np.ndarray
    gls_pct: float
    pixel_spacing_mm: float
    frame_rate_hz: float
    r_wave_s: np.ndarray
    ed_frames: np.ndarray
    es_frames: np.ndarray
    lvef_pct: float
    heart_rate_bpm: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before the first picture."""

    fan: Fan
    motion: Motion
    truth: SimulatedTruth


def simulate_truth(seed: int, *, lvef_pct: float, **heart: Unpack[HeartOptions]) -> SimulatedTruth:
    """Return the truth of `simulate_clip` with the same seed and heart, without rendering it.

    Quick enough for tests of measurements: about 3 ms a frame. Options and errors are those of `simulate_clip`.
    """
    return plan_clip(seed, lvef_pct, heart).truth


def plan_clip(seed: int, lvef_pct: float, heart: HeartOptions) -> Plan:
    """Draw anatomy and beats and move the heart; options and errors are those of `simulate_clip`."""
    rng = np.random.default_rng([seed, 0])
    fan = heart.get("fan") or draw_fan(rng)
    anatomy = turned(draw_anatomy(rng, fan, scale=heart.get("scale", 1.0)), heart.get("rotation_deg", 0.0))
    anatomy = replace(anatomy, ventricle=with_wall_motion(anatomy.ventricle, heart.get("wall_motion", {})))
    duration_s, rate_hz, bpm = (
        heart.get("duration_s", 2.0),
        heart.get("frame_rate_hz", 40.0),
        heart.get("heart_rate_bpm", 68.0),
    )
    _check(duration_s, rate_hz, bpm)
    beats = draw_beats(rng, heart_rate_bpm=bpm, duration_s=duration_s, rr_spread=heart.get("rr_spread", 0.0))
    times = np.arange(max(round(duration_s * rate_hz), 1)) / rate_hz
    filling, inlet = filling_at(beats, times), inlet_at(beats, times)
    foreshortening = heart.get("foreshortening", 0.0)
    motion = move(anatomy, filling, inlet, lvef_pct=lvef_pct, foreshortening=foreshortening)
    moments = {"r": beats.r_wave_s, "end_systole": beats.r_wave_s[:-1] + beats.systole_s}
    moments = {name: at[(at >= 0) & (at <= times[-1])] for name, at in moments.items()}
    truth = SimulatedTruth(
        masks=np.stack([label_mask(scene, fan) for scene in motion.scenes]),
        lv_volume_ml=motion.lv_volume_ml,
        la_volume_ml=motion.la_volume_ml,
        wall_volume_ml=motion.wall_volume_ml,
        length_mm=motion.length_mm,
        gls_pct=motion.gls_pct,
        pixel_spacing_mm=fan.pixel_spacing_mm,
        frame_rate_hz=rate_hz,
        r_wave_s=moments["r"],
        ed_frames=np.round(moments["r"] * rate_hz).astype(np.int32),
        es_frames=np.round(moments["end_systole"] * rate_hz).astype(np.int32),
        lvef_pct=lvef_pct,
        heart_rate_bpm=bpm,
    )
    return Plan(fan, motion, truth)


def _check(duration_s: float, rate_hz: float, bpm: float) -> None:
    if not 20 <= bpm <= 220:
        raise ValueError("heart_rate_bpm must lie in [20, 220]")
    if not duration_s > 0 or not rate_hz > 0:
        raise ValueError("duration_s and frame_rate_hz must be positive")
