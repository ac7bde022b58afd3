"""Truth of a clip: the scene, the labels and the volumes of every frame, before any ultrasound.

Belongs here: what moves, how far, and what is true of it. Not here: rendering (clip.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cardio_dagster.demo.simulated_echo.anatomy import Anatomy
from cardio_dagster.demo.simulated_echo.foreshortening import cut_off_axis
from cardio_dagster.demo.simulated_echo.scene import Scene, build_scene
from cardio_dagster.demo.simulated_echo.ventricle import (
    LEVELS,
    Contour,
    Ventricle,
    contour_at,
    diastolic_volume_ml,
    disc_volume_ml,
    wall_volume_ml,
)

SEGMENTS = ("basal_septal", "mid_septal", "apical_septal", "apical_lateral", "mid_lateral", "basal_lateral")


@dataclass(frozen=True, slots=True)
class Motion:
    """Scenes (t) and the truth of each: volumes (t,) in ml, length (t,) in mm, contours in the ventricle's coordinates.

    `gls_pct` is the change of the inner contour's length from end-diastole to end-systole (negative
    when it shortens).
    """

    scenes: tuple[Scene, ...]
    contours: tuple[Contour, ...]
    lv_volume_ml: np.ndarray
    la_volume_ml: np.ndarray
    wall_volume_ml: float
    length_mm: np.ndarray
    gls_pct: float


def with_wall_motion(ventricle: Ventricle, wall_motion: Mapping[str, float]) -> Ventricle:
    """Return the ventricle with the motion of named SEGMENTS set: 1 healthy, about 0.4 hypokinetic, 0 akinetic.

    A third of the long axis each; neighbours blend over a tenth of it.

    Raises:
        ValueError: a name that is not in SEGMENTS, or a motion outside of [-0.5, 1.5].
    """
    if unknown := set(wall_motion) - set(SEGMENTS):
        raise ValueError(f"unknown wall segments: {', '.join(sorted(unknown))}")
    if any(not -0.5 <= share <= 1.5 for share in wall_motion.values()):
        raise ValueError("the motion of a wall segment must lie in [-0.5, 1.5]")
    share = [float(wall_motion.get(name, 1.0)) for name in SEGMENTS]
    septal, lateral = share[:3], share[:2:-1]
    nodes = [0, 0.3, 0.4, 0.65, 0.75, 1]
    return replace(
        ventricle,
        septal_motility=np.interp(LEVELS, nodes, np.repeat(septal, 2)),
        lateral_motility=np.interp(LEVELS, nodes, np.repeat(lateral, 2)),
    )


def move(
    anatomy: Anatomy, filling: np.ndarray, inlet: np.ndarray, *, lvef_pct: float, foreshortening: float = 0.0
) -> Motion:
    """Return the scenes for given curves (t,) of filling (1 full, 0 empty) and inlet (0 shut, 1 open).

    The apex rests and the base comes to it; the wall keeps its volume.

    Raises:
        ValueError: lvef_pct outside of [3, 85] or beyond what the moving wall can do, or foreshortening outside of [0, 1].
    """
    if not 3 <= lvef_pct <= 85 or not 0 <= foreshortening <= 1:
        raise ValueError("lvef_pct must lie in [3, 85] and foreshortening in [0, 1]")
    contours = [_contour(anatomy, lvef_pct, share) for share in filling]
    lengths = np.array([c.inner[:, 1].max() for c in contours])
    shortest = anatomy.ventricle.length_mm * (1 - _shortening(anatomy, lvef_pct))
    scenes = []
    for contour, length, share, valve in zip(contours, lengths, filling, inlet, strict=True):
        seen = cut_off_axis(contour, foreshortening) if foreshortening > 0 else contour
        scenes.append(_scene(anatomy, seen, length, descent=length - shortest, empty=1 - share, valve=valve))
    ends = [_edge_mm(_contour(anatomy, lvef_pct, share).inner) for share in (1.0, 0.0)]
    return Motion(
        tuple(scenes),
        tuple(contours),
        np.array([c.volume_ml for c in contours]),
        np.array([atrial_volume_ml(scene.left_atrium) for scene in scenes]),
        wall_volume_ml(anatomy.ventricle),
        lengths,
        float(100 * (ends[1] / ends[0] - 1)),
    )


def atrial_volume_ml(outline: np.ndarray) -> float:
    """Return the volume of an atrium (2n, 2) as round slices parallel to its valve."""
    half = len(outline) // 2
    left, right = outline[:half], outline[half:][::-1]
    across = right[1] - left[1]
    down = np.array([-across[1], across[0]]) / np.linalg.norm(across)
    return disc_volume_ml(((left + right) / 2) @ down, np.linalg.norm(right - left, axis=1))


def _shortening(anatomy: Anatomy, lvef_pct: float) -> float:
    """Return the share of the long axis lost; walls that rest hold the base back."""
    ventricle = anatomy.ventricle
    moving = float((ventricle.septal_motility + ventricle.lateral_motility).mean() / 2)
    return float(anatomy.shortening_per_ef * lvef_pct / 100 * np.clip(0.4 + 0.6 * moving, 0, 1))


def _contour(anatomy: Anatomy, lvef_pct: float, filling: float) -> Contour:
    ventricle = anatomy.ventricle
    volume = diastolic_volume_ml(ventricle) * (1 - lvef_pct / 100 * (1 - filling))
    length = ventricle.length_mm * (1 - _shortening(anatomy, lvef_pct) * (1 - filling))
    return contour_at(ventricle, volume, length, wall_volume_ml(ventricle))


def _scene(anatomy: Anatomy, seen: Contour, length: float, *, descent: float, empty: float, valve: float) -> Scene:
    """Place a contour with its apex at rest; the atria's roofs rest too, so that the moving base stretches them."""
    down = np.array([np.sin(anatomy.tilt_rad), np.cos(anatomy.tilt_rad)])
    size = max(1 - descent / anatomy.atrium_length_mm, 0.45)
    base = anatomy.apex_mm + length * down
    return build_scene(
        anatomy, seen, base_mm=base, atrial_size=size, atrial_girth=0.86 + 0.14 * empty, valve_open=valve
    )


def _edge_mm(edge: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(edge, axis=0), axis=1).sum())
