"""The mean grey of every beam sample: outlines filled with the look's levels, without any grain.

Belongs here: which tissue is painted over which. Not here: outlines (scene.py), levels (look.py)
or speckle (speckle.py).
"""

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates

from cardio_dagster.demo.simulated_echo.look import Look
from cardio_dagster.demo.simulated_echo.scene import Scene, strip
from cardio_dagster.demo.simulated_echo.sector import Fan


class Canvas:
    """A picture over (ranges, beams) to fill polygons in, given in millimetres."""

    def __init__(self, fan: Fan, ground: np.ndarray) -> None:
        self._fan = fan
        self._image = Image.fromarray(ground.astype(np.float32))
        self._draw = ImageDraw.Draw(self._image)

    def fill(self, outline_mm: np.ndarray, level: float) -> None:
        """Fill the inside of an outline (n, 2) with a level."""
        self._draw.polygon([(float(b), float(r)) for b, r in self._fan.to_beams(outline_mm)], fill=float(level))

    def line(self, line_mm: np.ndarray, width_mm: float, level: float) -> None:
        """Draw a band of a given width along an open line (n, 2)."""
        self.fill(strip(line_mm, width_mm), level)

    def lining(self, line_mm: np.ndarray, width_mm: float, level: float, mottle: np.ndarray) -> None:
        """Draw a band whose level varies by `mottle` (n,) along it and falls where it runs along the beams."""
        edges = strip(line_mm, width_mm)
        near, far = edges[: len(line_mm)], edges[len(line_mm) :][::-1]
        along = np.gradient(line_mm, axis=0)
        cosine = np.abs((along * line_mm).sum(1)) / (
            np.linalg.norm(along, axis=1) * np.linalg.norm(line_mm, axis=1) + 1e-9
        )
        shades = (
            level - 45 * cosine**2 + np.interp(np.linspace(0, 1, len(line_mm)), np.linspace(0, 1, len(mottle)), mottle)
        )
        for i in range(len(line_mm) - 1):
            self.fill(np.concatenate([near[i : i + 2], far[i : i + 2][::-1]]), shades[i])

    def samples(self) -> np.ndarray:
        """Return what was painted, (ranges, beams) float32."""
        return np.array(self._image)


def paint(scene: Scene, look: Look, fan: Fan, *, right_heart: bool = True) -> np.ndarray:
    """Return the mean grey (ranges, beams) of a scene: tissue, then gain, haze and shadows over it."""
    canvas = Canvas(fan, look.chest)
    if right_heart:
        _paint_right(canvas, scene, look)
    _paint_left(canvas, scene, look)
    grey = canvas.samples()
    grey += _glow(scene.inner[0] + [-3.0, 2.0], look.glow[0], fan) + _glow(
        scene.inner[-1] + [4.0, 3.0], look.glow[1], fan
    )
    return finish(grey, look)


def finish(grey: np.ndarray, look: Look) -> np.ndarray:
    """Return painted grey (ranges, beams) with soft, ragged edges, unevenness, gain, haze and shadows."""
    grey = gaussian_filter(_fray(grey, look.ragged), (1.2 * look.softness, 0.9 * look.softness), truncate=2.5)
    tissue = 1 / (1 + np.exp(np.clip((look.blood + 22 - grey) / 6, -40, 40)))
    grey = grey + look.patches * (0.3 + 0.7 * tissue) + look.gain
    return np.asarray(np.logaddexp(grey / 14, look.haze / 14) * 14 - look.shadow)


def _glow(centre_mm: np.ndarray, size: tuple[float, float], fan: Fan) -> np.ndarray:
    """Return the bloom of the fibrous annulus: `size` is its grey and its spread in millimetres."""
    away = ((fan.positions_mm() - centre_mm) ** 2).sum(-1)
    return np.asarray(size[0] * np.exp(-away / (2 * size[1] ** 2)))


def _fray(grey: np.ndarray, ragged: np.ndarray) -> np.ndarray:
    """Return the picture with every edge shifted a little: no lining is as smooth as its outline."""
    rows = np.arange(grey.shape[0], dtype=np.float32)[:, None] + ragged[0].astype(np.float32)
    columns = np.arange(grey.shape[1], dtype=np.float32)[None, :] + ragged[1].astype(np.float32)
    return np.asarray(map_coordinates(grey, [rows, columns], order=1, mode="nearest"))


def _paint_right(canvas: Canvas, scene: Scene, look: Look) -> None:
    canvas.lining(scene.right_free_wall, 5.0, look.wall + 8, look.mottle)
    canvas.fill(scene.right_ventricle, look.blood)
    _paint_atrium(canvas, scene.right_atrium, look)
    for leaflet in scene.tricuspid:
        canvas.lining(leaflet, 1.6, look.valve - 20, look.mottle[::-1])


def _paint_atrium(canvas: Canvas, outline: np.ndarray, look: Look) -> None:
    closed = np.concatenate([outline, outline[:1]])[::2]
    canvas.lining(closed, 4.5, 0.7 * look.wall + 0.3 * look.lining, look.mottle)
    canvas.fill(outline, look.atrial_blood)


def _paint_left(canvas: Canvas, scene: Scene, look: Look) -> None:
    _paint_atrium(canvas, scene.left_atrium, look)
    lateral = scene.outer[: len(scene.outer) * 11 // 20 : -3]
    canvas.lining(lateral, 9.0, look.lining - 15 + 0.5 * look.wall_levels[-1], look.mottle[::-1])
    _paint_wall(canvas, scene, look)
    core = (scene.inner[:22] + scene.outer[:22]) / 2
    canvas.lining(core, 3.5, look.wall + 25 + look.wall_levels[6], look.mottle)
    canvas.fill(scene.inner, look.blood)
    lateral_edge = scene.inner[len(scene.inner) // 2 + 6 :: 2]  # trabeculae glitter where the wall itself is lost
    canvas.lining(lateral_edge, 2.6, look.wall + 32, look.mottle)
    canvas.fill(scene.papillary, look.blood + 0.5 * (look.wall - look.blood))
    for leaflet, mottle in zip(scene.mitral, (look.mottle, look.mottle[::-1]), strict=True):
        canvas.lining(leaflet, 2.0, look.valve, mottle)


def _paint_wall(canvas: Canvas, scene: Scene, look: Look) -> None:
    """Fill the wall piece by piece, each with its own level."""
    n = len(scene.inner)
    cuts = np.linspace(0, n - 1, len(look.wall_levels)).astype(int)
    for first, last, level in zip(cuts[:-1], cuts[1:], look.wall_levels[:-1], strict=True):
        piece = slice(first, last + 1)
        outline = np.concatenate([scene.inner[piece], scene.outer[piece][::-1]])
        canvas.fill(outline, look.wall + level)
