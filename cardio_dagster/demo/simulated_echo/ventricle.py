"""The left ventricle as a body of round slices: its contour, its wall and their volumes.

Belongs here: the shape at rest, what contraction does to it, and the volumes that follow. Not
here: when it contracts (cycle.py), the other chambers (scene.py) or what the probe sees.

Own coordinates, in millimetres: z from the middle of the mitral annulus (0) to the apex along the
long axis, x across it, negative on the septal side. Every slice across the long axis is a disc whose
diameter is the distance between the two walls, so that the method of discs on this one plane is exact.
"""

from dataclasses import dataclass

import numpy as np

POINTS_PER_SIDE = 60
# From base (0) to apex (1) along the long axis; closer together near the apex, where the wall turns.
LEVELS = 1 - (1 - np.linspace(0, 1, POINTS_PER_SIDE)) ** 2


@dataclass(frozen=True, slots=True)
class Ventricle:
    """The ventricle at end-diastole: `septal_mm`, `lateral_mm` are distances (n,) from the axis to the wall at LEVELS.

    `septal_motility` and `lateral_motility` (n,) are the inward motion of each wall point relative to
    that of a healthy one: 1 healthy, 0 akinetic. `thickness_mm` is (2n - 1,) along the wall from the
    septal base over the apex to the lateral base.
    """

    length_mm: float
    septal_mm: np.ndarray
    lateral_mm: np.ndarray
    thickness_mm: np.ndarray
    septal_motility: np.ndarray
    lateral_motility: np.ndarray


@dataclass(frozen=True, slots=True)
class Contour:
    """One moment: the cavity's edge and the wall's outer edge, (2n - 1, 2), septal base, apex, lateral base."""

    inner: np.ndarray
    outer: np.ndarray
    volume_ml: float


def disc_volume_ml(levels_mm: np.ndarray, diameter_mm: np.ndarray) -> float:
    """Return the volume of round slices by the trapezium rule: pi / 4 times the integral of diameter squared."""
    return float(np.pi / 4 * np.trapezoid(diameter_mm**2, levels_mm) / 1000)


def diastolic_volume_ml(ventricle: Ventricle) -> float:
    """Return the volume of the cavity at end-diastole."""
    return disc_volume_ml(LEVELS * ventricle.length_mm, ventricle.septal_mm + ventricle.lateral_mm)


def contraction_for(ventricle: Ventricle, volume_ml: float, length_mm: float) -> float:
    """Return the share c by which healthy wall must move inwards for the cavity to hold `volume_ml`.

    The diameter is W - c M, so the volume is a quadratic in c, solved in closed form.

    Raises:
        ValueError: the wall that still moves would have to pass the axis (c > 0.95).
    """
    z = LEVELS * length_mm
    wide = ventricle.septal_mm + ventricle.lateral_mm
    move = ventricle.septal_mm * ventricle.septal_motility + ventricle.lateral_mm * ventricle.lateral_motility
    a, b, c = (np.trapezoid(product, z) for product in (move * move, -2 * wide * move, wide * wide))
    c -= volume_ml * 1000 * 4 / np.pi
    discriminant = b * b - 4 * a * c
    share = (-b - np.sqrt(discriminant)) / (2 * a) if a > 0 and discriminant >= 0 else np.inf
    if share > 0.95:
        raise ValueError("the ejection fraction cannot be reached with the wall that still moves")
    return float(share)


def contour_at(ventricle: Ventricle, volume_ml: float, length_mm: float, wall_ml: float) -> Contour:
    """Return the contour with a cavity of `volume_ml`, `length_mm` long, within a wall of `wall_ml`."""
    share = contraction_for(ventricle, volume_ml, length_mm)
    septal = -ventricle.septal_mm * (1 - share * ventricle.septal_motility)
    lateral = ventricle.lateral_mm * (1 - share * ventricle.lateral_motility)
    z = LEVELS * length_mm
    inner = np.concatenate([np.stack([septal, z], 1), np.stack([lateral, z], 1)[-2::-1]])
    outer = _outer(inner, ventricle.thickness_mm, volume_ml + wall_ml)
    return Contour(inner, outer, disc_volume_ml(z, lateral - septal))


def wall_volume_ml(ventricle: Ventricle) -> float:
    """Return the volume of the wall at end-diastole: outer body less cavity."""
    contour = contour_at(ventricle, diastolic_volume_ml(ventricle), ventricle.length_mm, np.nan)
    return body_volume_ml(contour.outer) - contour.volume_ml


def body_volume_ml(edge: np.ndarray) -> float:
    """Return the volume within an edge (2n - 1, 2) as round slices across the long axis, from z = 0 up."""
    middle = len(edge) // 2
    top = edge[:, 1].argmax()
    middle = int(np.clip(top, middle - 8, middle + 8))
    left, right = edge[: middle + 1], edge[middle:][::-1]
    z = 1 - (1 - np.linspace(0, 1, 160)) ** 2
    z = z * edge[middle, 1]
    widths = np.interp(z, right[:, 1], right[:, 0]) - np.interp(z, left[:, 1], left[:, 0])
    return disc_volume_ml(z, np.maximum(widths, 0))


def _normals(edge: np.ndarray) -> np.ndarray:
    """Return outward unit normals along an edge; level with the annulus at its two ends."""
    tangent = np.gradient(edge, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    from_base = np.minimum(edge[:, 1] / (0.12 * edge[:, 1].max()), 1)
    level = np.stack([np.sign(edge[:, 0]), np.zeros(len(edge))], 1)
    normal = normal * from_base[:, None] + level * (1 - from_base)[:, None]
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True))


def _outer(inner: np.ndarray, thickness_mm: np.ndarray, body_ml: float) -> np.ndarray:
    """Return the edge at a multiple of the thickness such that the whole body holds `body_ml` (secant method)."""
    normal = _normals(inner) * thickness_mm[:, None]
    if not np.isfinite(body_ml):
        return np.asarray(inner + normal)
    low, high = 1.0, 1.2
    excess = body_volume_ml(inner + low * normal) - body_ml
    for _ in range(6):
        next_excess = body_volume_ml(inner + high * normal) - body_ml
        if abs(next_excess) < 1e-3 or next_excess == excess:
            break
        low, high, excess = high, high - next_excess * (high - low) / (next_excess - excess), next_excess
    return np.asarray(inner + high * normal)
