"""Speckle that travels with the tissue: where each beam sample of a frame was at end-diastole.

Belongs here: the motion field between two scenes and what it carries. Not here: scenes (scene.py)
or the look of speckle (speckle.py).
"""

import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter, map_coordinates, zoom

from cardio_dagster.demo.simulated_echo.painting import Canvas
from cardio_dagster.demo.simulated_echo.scene import Scene
from cardio_dagster.demo.simulated_echo.sector import Fan
from cardio_dagster.demo.simulated_echo.speckle import draw_scatterers

_COARSE = 5  # the motion field is smooth: every fifth beam and range is enough
_FINER = 2  # the reference has twice the ranges, so that interpolation between them loses little power
REFERENCE_SPREAD = (0.6, 1.0)  # standard deviation of the reference's grain, in ranges and beams


class Tissue:
    """Scatterers and unevenness of the tissue at end-diastole, to be looked up as it moves."""

    def __init__(self, rng: np.random.Generator, fan: Fan, start: Scene, patches: np.ndarray) -> None:
        self._fan, self._start, self._patches = fan, _handles(start, fan), patches
        white = draw_scatterers(rng, (fan.shape[0] * _FINER, fan.shape[1]))
        spread = (REFERENCE_SPREAD[0] * _FINER, REFERENCE_SPREAD[1])
        parts = [gaussian_filter(part, spread) for part in (white.real, white.imag)]
        scale = np.sqrt(np.mean(parts[0] ** 2 + parts[1] ** 2))
        self._parts = [(part / scale).astype(np.float32) for part in parts]

    def at(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """Return scatterers (complex) and unevenness, both (ranges, beams), as the tissue lies in a scene."""
        beams, ranges = np.moveaxis(self._fan.to_beams(self._origin(scene)), -1, 0)
        fine = [ranges * _FINER, beams]
        real, imaginary = (map_coordinates(part, fine, order=1, mode="reflect") for part in self._parts)
        patches = map_coordinates(self._patches, [ranges, beams], order=1, mode="nearest")
        return real + 1j * imaginary, patches

    def _origin(self, scene: Scene) -> np.ndarray:
        """Return where every sample was at the start, (ranges, beams, 2), by triangles between known points."""
        now = _handles(scene, self._fan)
        positions = self._fan.positions_mm()
        shift = LinearNDInterpolator(now, self._start - now, fill_value=0.0)(positions[::_COARSE, ::_COARSE])
        shift = gaussian_filter(shift, (0.7, 0.7, 0))
        ratio = [n / m for n, m in zip(positions.shape[:2], shift.shape[:2], strict=True)]
        smooth = zoom(shift, [*ratio, 1], order=1, grid_mode=True, mode="nearest")
        return np.asarray(positions + smooth)


def blood_share(scene: Scene, fan: Fan) -> np.ndarray:
    """Return 1 in the chambers and 0 in tissue, soft at the edges, (ranges, beams)."""
    canvas = Canvas(fan, np.zeros(fan.shape))
    for chamber in (scene.right_ventricle, scene.right_atrium, scene.left_atrium, scene.inner):
        canvas.fill(chamber, 1.0)
    return np.asarray(gaussian_filter(canvas.samples(), (1.0, 0.7)))


def _handles(scene: Scene, fan: Fan) -> np.ndarray:
    """Return points that keep their identity from frame to frame, with a resting rim around them."""
    centre = scene.outer.mean(0)
    middle = (scene.inner + scene.outer) / 2
    rim = np.linspace(-1.3, 1.3, 24) * fan.half_angle_rad
    far = 1.3 * fan.depth_mm * np.stack([np.sin(rim), np.cos(rim)], 1)
    above = np.array([[-20.0, -10.0], [0.0, -10.0], [20.0, -10.0]])
    parts = [scene.inner[::3], middle[::3], scene.outer[::3], scene.left_atrium[::4], scene.right_free_wall[::3]]
    return np.concatenate([*parts, scene.right_atrium[::4], centre[None], far, above])
