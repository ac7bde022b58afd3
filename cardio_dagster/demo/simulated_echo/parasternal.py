"""Parasternal views: the heart from the side of the breastbone, drawn rather than derived.

Belongs here: the long and the short axis. Not here: apical and subcostal views (other_views.py).
"""

import numpy as np

from cardio_dagster.demo.simulated_echo.look import Look, draw_look
from cardio_dagster.demo.simulated_echo.painting import Canvas, finish
from cardio_dagster.demo.simulated_echo.scene import curve
from cardio_dagster.demo.simulated_echo.sector import Fan
from cardio_dagster.demo.simulated_echo.speckle import display, draw_scatterers
from cardio_dagster.demo.simulated_echo.still import draw_fan


def _ellipse(x: float, y: float, a: float, b: float, power: float = 2.0) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 48)
    c, s = np.cos(t), np.sin(t)
    return np.stack([x + a * np.sign(c) * np.abs(c) ** (2 / power), y + b * np.sign(s) * np.abs(s) ** (2 / power)], 1)


class _Placed:
    """A canvas whose shapes are turned, scaled and shaken as one heart, drawn in a plane 160 mm deep."""

    def __init__(self, rng: np.random.Generator, fan: Fan, look: Look) -> None:
        self.canvas, self.look = Canvas(fan, look.chest), look
        angle, self._scale = rng.normal(0, 0.13), fan.depth_mm / 160 * rng.uniform(0.85, 1.15)
        self._turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self._shift = rng.normal(0, 5, 2)
        self._middle = np.array([0.0, 75.0])

    def __call__(self, points: np.ndarray) -> np.ndarray:
        return np.asarray(((points - self._middle) @ self._turn.T + self._middle) * self._scale + self._shift)

    def blood(self, points: np.ndarray, wall_mm: float = 0.0) -> None:
        """Fill a chamber, with a lining around it."""
        if wall_mm:
            self.band(np.concatenate([points, points[:1]]), wall_mm, self.look.wall)
        self.canvas.fill(self(points), self.look.blood)

    def picture(self, rng: np.random.Generator, fan: Fan) -> np.ndarray:
        """Return what was drawn, with its grain, (h, w) uint8."""
        grey = finish(self.canvas.samples(), self.look)
        return display(grey, draw_scatterers(rng, fan.shape), self.look, fan)

    def band(self, line: np.ndarray, width_mm: float, level: float) -> None:
        """Draw an unevenly bright band along a line."""
        self.canvas.lining(self(line), width_mm * self._scale, level, self.look.mottle)


def draw_parasternal_long(rng: np.random.Generator) -> np.ndarray:
    """Septum and posterior wall lie across the beams; aorta and left atrium to the right, right ventricle on top."""
    fan = draw_fan(rng)
    look = draw_look(rng, fan)
    heart = _Placed(rng, fan, look)
    squeeze, wall = rng.uniform(0.65, 1.1), rng.uniform(8, 13)
    middle, half = 79.0, 22 * squeeze
    heart.blood(_ellipse(-14, 38, 42, rng.uniform(8, 13), 2.5), 4)
    heart.blood(_ellipse(rng.uniform(24, 34), 122, 10, 10), 2.5)
    heart.blood(_ellipse(34, 92, rng.uniform(17, 25), rng.uniform(15, 23), 2.4), 3)
    heart.blood(_ellipse(-24, middle, 44, half, 2.6))
    arch = curve(
        np.array([-70.0, middle]), np.array([-20.0, middle - 1.1 * half - wall]), np.array([14.0, middle - 0.75 * half])
    )
    heart.band(arch, wall, look.wall + 15)
    floor = curve(
        np.array([-66.0, middle + 8]), np.array([-25.0, middle + half + wall + 4]), np.array([14.0, middle + half])
    )
    heart.band(floor + np.array([0, wall * 0.8]), 4, look.lining)
    heart.band(floor, wall, look.wall)
    root = np.array([[12.0, 60.0], [30.0, 54.0], [58.0, 46.0]])
    heart.canvas.fill(heart(np.concatenate([root, (root + np.array([3.0, 25.0]))[::-1]])), look.blood)
    for offset in (0.0, 25.0):
        heart.band(curve(*(root + np.array([0.1 * offset, offset]))), 3, look.lining)
    opening = rng.uniform(0, 1)
    heart.band(
        curve(np.array([15.0, 84.0]), np.array([2.0, 82 - 9 * opening]), np.array([-10.0, 86 - 14 * opening])),
        2,
        look.valve,
    )
    heart.band(
        curve(np.array([13.0, 101.0]), np.array([4.0, 96.0]), np.array([-8.0, 88 + 10 * opening])), 2, look.valve
    )
    heart.band(np.array([[14.0, 73.0], [26.0, 70.0], [38.0, 66.0]]), 1.8, look.valve - 10)
    return heart.picture(rng, fan)


def draw_parasternal_short(rng: np.random.Generator) -> np.ndarray:
    """A ring of wall with the right ventricle wrapped about it; or, above the valve plane, the aorta among its neighbours."""
    fan = draw_fan(rng)
    look = draw_look(rng, fan)
    heart = _Placed(rng, fan, look)
    x, y, radius, wall = rng.normal(8, 4), rng.normal(78, 4), rng.uniform(15, 27), rng.uniform(9, 13)
    if rng.uniform() < 0.3:
        _aortic_level(rng, heart, x, y - 10)
    else:
        heart.blood(_ellipse(x - 30, y - 16, radius + 14, radius + wall + 4, 2.2), 4)
        heart.canvas.fill(heart(_ellipse(x, y, radius + wall + 3, radius + wall + 3)), look.lining - 20)
        for part in np.linspace(0, 2 * np.pi, 25)[:-1]:
            edge = np.array([[np.cos(part + d), np.sin(part + d)] for d in (0, 0.14, 0.28)])
            ring = np.concatenate([edge * radius, edge[::-1] * (radius + wall)]) + np.array([x, y])
            heart.canvas.fill(heart(ring), look.wall + 20 * np.abs(np.sin(part)) + rng.normal(0, 14))
        heart.blood(_ellipse(x, y, radius, radius * rng.uniform(0.9, 1.08)))
        for side in (-1, 1):
            size = rng.uniform(0.16, 0.3) * radius
            heart.canvas.fill(heart(_ellipse(x + side * 0.6 * radius, y + 0.55 * radius, size, size)), look.wall - 5)
        if rng.uniform() < 0.3:
            heart.band(_ellipse(x, y + 0.1 * radius, 0.7 * radius, 0.35 * radius), 2.2, look.valve)
    return heart.picture(rng, fan)


def _aortic_level(rng: np.random.Generator, heart: _Placed, x: float, y: float) -> None:
    radius = rng.uniform(12, 17)
    heart.blood(_ellipse(x - 6, y - 6, 3.0 * radius, 2.3 * radius, 2.4), 4)
    heart.blood(_ellipse(x, y + 2.1 * radius, 1.7 * radius, 1.0 * radius), 3)
    heart.blood(_ellipse(x - 2.3 * radius, y + 1.5 * radius, 1.0 * radius, 0.9 * radius), 3)
    heart.blood(_ellipse(x, y, radius, radius), 3.5)
    for angle in rng.uniform(0, 2) + np.array([0, 2.1, 4.2]):
        tip = np.array([np.cos(angle), np.sin(angle)]) * radius
        heart.band(np.array([[0.0, 0.0], tip / 2, tip]) + np.array([x, y]), 1.6, heart.look.valve - 5)
