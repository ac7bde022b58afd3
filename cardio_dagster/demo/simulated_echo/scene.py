"""Everything the beams cross at one moment, as outlines in millimetres of the probe.

Belongs here: where the chambers, valves, septa and linings lie around a given ventricle. Not
here: how bright they are (painting.py) or how they move (cycle.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from cardio_dagster.demo.simulated_echo.anatomy import Anatomy, to_picture
from cardio_dagster.demo.simulated_echo.sector import Fan, visible
from cardio_dagster.demo.simulated_echo.ventricle import POINTS_PER_SIDE, Contour

_OVERSAMPLING = 4


@dataclass(frozen=True, slots=True)
class Scene:
    """Outlines (n, 2), (x, y) in millimetres. `leaflets` are the mitral and tricuspid ones; chambers are closed."""

    inner: np.ndarray
    outer: np.ndarray
    left_atrium: np.ndarray
    right_ventricle: np.ndarray
    right_free_wall: np.ndarray
    right_atrium: np.ndarray
    mitral: tuple[np.ndarray, np.ndarray]
    tricuspid: tuple[np.ndarray, np.ndarray]
    papillary: np.ndarray


def build_scene(
    anatomy: Anatomy,
    contour: Contour,
    *,
    base_mm: np.ndarray,
    atrial_size: float = 1.0,
    atrial_girth: float = 1.0,
    valve_open: float = 0.0,
) -> Scene:
    """Lay the other chambers around the ventricle.

    `atrial_size` multiplies the atria's lengths and `atrial_girth` their widths (1 at their largest);
    `valve_open` is 0 with the leaflets shut and 1 with them along the inflow.
    """
    inner, outer = contour.inner, contour.outer

    def place(points: np.ndarray) -> np.ndarray:
        return to_picture(points, base_mm, anatomy.tilt_rad)

    right, free = _right_ventricle(anatomy, outer)
    hinge = np.array([free[-1], outer[0] + [-1.0, 0.0]])
    width, right_width = anatomy.atrium_width_mm * atrial_girth, anatomy.right_atrium_mm * 0.95 * atrial_girth
    atrium = _atrium(inner[[0, -1]], anatomy.atrium_length_mm * atrial_size, width, anatomy.atrium_lean)
    right_atrium = _atrium(hinge, anatomy.right_atrium_mm * atrial_size, right_width, -0.1)
    overlap = right_atrium[:, 0].max() - (atrium[:, 0].min() - anatomy.septum_atrial_mm)
    right_atrium[:, 0] -= max(overlap, 0) * np.clip(-right_atrium[:, 1] / 8, 0, 1)
    return Scene(
        place(inner),
        place(outer),
        place(atrium),
        place(right),
        place(free),
        place(right_atrium),
        _leaflets(inner[0], inner[-1], valve_open, place, 0.6),
        _leaflets(hinge[0], hinge[1], valve_open, place, 0.5),
        place(_papillary(inner)),
    )


def label_mask(scene: Scene, fan: Fan) -> np.ndarray:
    """Return labels (h, w) uint8: 1 cavity, 2 wall, 3 left atrium; a pixel is what lies at its centre.

    As in the reference data, the wall is drawn on where it leaves the sector and the atrium is not.
    """
    size = (fan.width_px * _OVERSAMPLING, fan.height_px * _OVERSAMPLING)
    image = Image.new("L", size)
    draw = ImageDraw.Draw(image)
    # the body's edge turns in at the hinges, so that no sliver of wall is left along the annulus
    body = np.concatenate([scene.outer, scene.inner[[-1, -3, 2, 0]]])
    for outline, label in ((scene.left_atrium, 3), (body, 2), (scene.inner, 1)):
        points = (fan.to_pixels(outline) + 0.5) * _OVERSAMPLING - 0.5
        draw.polygon([(float(x), float(y)) for x, y in points], fill=label)
    half = _OVERSAMPLING // 2
    mask = np.asarray(image)[half::_OVERSAMPLING, half::_OVERSAMPLING].copy()
    mask[(mask == 3) & ~visible(fan)] = 0
    return mask


def strip(line: np.ndarray, width_mm: float) -> np.ndarray:
    """Return the outline of a band along an open line (n, 2)."""
    tangent = np.gradient(line, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    return np.concatenate([line + normal * width_mm / 2, (line - normal * width_mm / 2)[::-1]])


def curve(start: np.ndarray, control: np.ndarray, end: np.ndarray, n: int = 24) -> np.ndarray:
    """Return a quadratic Bezier curve (n, 2)."""
    t = np.linspace(0, 1, n)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)


def _atrium(hinges: np.ndarray, length_mm: float, width_mm: float, lean: float) -> np.ndarray:
    """Return an atrium that hangs from the two hinges of its valve, widest half way down."""
    s = np.linspace(0, 1, 40)
    half_ring = np.ptp(hinges[:, 0]) / 2
    body = np.where(
        s < 0.5,
        half_ring + (width_mm / 2 - half_ring) * np.sin(np.pi * s),
        width_mm / 2 * np.sqrt(np.clip(1 - (np.abs(s - 0.5) / 0.5) ** 2.4, 0, None)),
    )
    centre = hinges[:, 0].mean() + lean * length_mm * s
    z = np.interp(s, [0, 0.3], [hinges[:, 1].mean(), 0]) - s * length_mm
    return np.concatenate([np.stack([centre - body, z], 1), np.stack([centre + body, z], 1)[::-1]])


def _right_ventricle(anatomy: Anatomy, outer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cavity between the septum and a free wall that bulges away from it, and that wall."""
    top = int(np.searchsorted(outer[:POINTS_PER_SIDE, 1], anatomy.right_length_share * outer[:, 1].max()))
    septum = outer[:top] - [1.0, 0.0]
    apex, height = septum[-1], outer[:, 1].max()
    hinge = outer[0] + [-anatomy.right_width_mm, 0.04 * height]
    control = np.array([hinge[0] - 0.22 * anatomy.right_width_mm, 0.6 * apex[1]])
    free = curve(apex, control, hinge)
    return np.concatenate([septum, free]), free


def _leaflets(
    septal: np.ndarray, lateral: np.ndarray, valve_open: float, place: Callable[[np.ndarray], np.ndarray], meet: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the two leaflets of a valve between two hinges; shut, they meet at a share `meet` of the ring."""
    ring = lateral - septal
    shut = septal + meet * ring + [0.0, 0.1 * ring[0]]
    long, short = 0.75 * ring[0], 0.5 * ring[0]
    tips = (septal + np.array([0.22 * ring[0], long]), lateral + np.array([-0.1 * ring[0], short]))
    ends = [shut * (1 - valve_open) + tip * valve_open for tip in tips]
    sag = np.array([0.0, -0.06 * ring[0]]) * (1 - valve_open)
    first, second = (curve(a, (a + b) / 2 + sag, b, 10) for a, b in zip((septal, lateral), ends, strict=True))
    return place(first), place(second)


def _papillary(inner: np.ndarray) -> np.ndarray:
    """Return a papillary muscle off the lateral wall."""
    root = inner[-1 - POINTS_PER_SIDE // 2]
    around = np.linspace(0, 2 * np.pi, 20)
    reach, along = 0.22 * inner[:, 0].max(), 0.12 * inner[:, 1].max()
    return np.asarray(root + np.stack([reach * np.cos(around), along * np.sin(around)], 1))
