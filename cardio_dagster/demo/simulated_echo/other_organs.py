"""Ultrasound that shows no heart: liver, kidney, lung, bladder, a vessel, a probe in the air.

Belongs here: how those look, roughly. Not here: views of the heart (other_views.py).
"""

from dataclasses import replace

import numpy as np

from cardio_dagster.demo.simulated_echo.fields import smooth_field
from cardio_dagster.demo.simulated_echo.look import Look, draw_look
from cardio_dagster.demo.simulated_echo.painting import Canvas, finish
from cardio_dagster.demo.simulated_echo.scene import curve
from cardio_dagster.demo.simulated_echo.sector import Fan
from cardio_dagster.demo.simulated_echo.speckle import display, draw_scatterers, speckle_grey
from cardio_dagster.demo.simulated_echo.still import draw_fan


def draw_not_cardiac(rng: np.random.Generator) -> np.ndarray:
    """Draw one organ under a curved, flat or phased probe, (h, w) uint8."""
    fan = draw_fan(rng)
    look = draw_look(rng, fan)
    organ = (_liver, _kidney, _lung, _bladder, _vessel, _air)[rng.integers(6)]
    grey = organ(rng, fan, look)
    scatterers = draw_scatterers(rng, fan.shape)
    shape = rng.uniform()
    if organ is _vessel or shape < 0.2:
        return _flat(speckle_grey(grey, scatterers, look), rng)
    picture = display(grey, scatterers, look, fan)
    return _curved(picture, fan, rng.uniform(0.15, 0.35)) if shape < 0.65 else picture


def _flat(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the samples of a flat probe: a rectangle, in a black frame of some breadth."""
    picture = np.clip(np.repeat(grey, 2, axis=1), 0, 255).astype(np.uint8)
    return np.pad(picture, ((0, 0), (int(rng.integers(0, 50)),) * 2))


def _curved(picture: np.ndarray, fan: Fan, start: float) -> np.ndarray:
    """Return the picture of a curved probe: the sector without its tip."""
    rows, columns = np.indices(picture.shape)
    reach = np.hypot(rows, columns - picture.shape[1] / 2) / picture.shape[0]
    top = int(start * np.cos(fan.half_angle_rad) * picture.shape[0])
    return np.where(reach < start, 0, picture)[top:].astype(np.uint8)


def _round(x: float, y: float, a: float, b: float, turn: float) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 40)
    dx, dy = a * np.cos(t), b * np.sin(t)
    return np.stack([x + dx * np.cos(turn) - dy * np.sin(turn), y + dx * np.sin(turn) + dy * np.cos(turn)], 1)


def _even(rng: np.random.Generator, fan: Fan, look: Look) -> np.ndarray:
    return look.wall + smooth_field(rng, fan.shape, 5) * 8 + np.zeros(fan.shape)


def _liver(rng: np.random.Generator, fan: Fan, look: Look) -> np.ndarray:
    canvas, depth = Canvas(fan, _even(rng, fan, look)), fan.depth_mm
    for _ in range(rng.integers(3, 9)):
        ends = rng.uniform([-0.5, 0.2], [0.5, 0.9], (3, 2)) * depth
        canvas.line(curve(*ends), rng.uniform(2, 9), look.blood)
    for _ in range(rng.integers(2, 7)):
        x, y = rng.uniform([-0.4, 0.2], [0.4, 0.9]) * depth
        canvas.fill(_round(x, y, rng.uniform(2, 7), rng.uniform(2, 5), rng.uniform(0, 3)), look.blood)
    diaphragm = curve(*(np.array([[-0.7, 0.75], [0.0, rng.uniform(0.8, 1.1)], [0.7, 0.6]]) * depth))
    canvas.lining(diaphragm, 4, look.lining + 30, look.mottle)
    return finish(canvas.samples(), look)


def _kidney(rng: np.random.Generator, fan: Fan, look: Look) -> np.ndarray:
    canvas, d = Canvas(fan, _even(rng, fan, look)), fan.depth_mm
    x, y, turn = rng.normal(0, 0.08) * d, rng.normal(0.5, 0.08) * d, rng.normal(0.2, 0.4)
    a, b = rng.uniform(0.24, 0.34) * d, rng.uniform(0.11, 0.16) * d
    canvas.fill(_round(x, y, a + 2, b + 2, turn), look.lining)
    canvas.fill(_round(x, y, a, b, turn), 0.5 * (look.wall + look.blood))
    canvas.fill(_round(x, y, a * 0.6, b * 0.45, turn), look.lining)
    for along in np.linspace(-0.6, 0.6, 6):
        spot = np.array([np.cos(turn), np.sin(turn)]) * along * a
        canvas.fill(_round(x + spot[0], y + spot[1] - 0.65 * b * rng.choice([-1, 1]), 4, 4, 0), look.blood)
    return finish(canvas.samples(), look)


def _lung(rng: np.random.Generator, fan: Fan, look: Look) -> np.ndarray:
    """A bright pleural line, its echoes at whole multiples of its depth, and rays below it."""
    grey = np.full(fan.shape, look.blood)
    line = rng.uniform(0.12, 0.25) * fan.depth_mm
    ranges, angles = fan.ranges_mm(), fan.angles_rad() / fan.half_angle_rad
    grey = np.where(ranges < line, look.wall + 20 * np.sin(ranges / rng.uniform(1, 3)), grey - 10)
    for order in range(1, 6):
        echo = np.exp(-(((ranges - order * line) / 1.8) ** 2)) * (np.abs(angles) < 0.75)
        grey = grey + echo * rng.uniform(60, 130) / order
    for _ in range(rng.integers(0, 5)):
        ray = np.exp(-(((angles - rng.uniform(-0.8, 0.8)) / rng.uniform(0.03, 0.12)) ** 2)) * (ranges > line)
        grey = grey + ray * rng.uniform(40, 110)
    return finish(
        grey, replace(look, shadow=look.shadow + 60 * (np.abs(angles) > rng.uniform(0.6, 0.9)) * (ranges > line / 2))
    )


def _bladder(rng: np.random.Generator, fan: Fan, look: Look) -> np.ndarray:
    canvas, d = Canvas(fan, look.chest), fan.depth_mm
    x, y = rng.normal(0, 0.06) * d, rng.uniform(0.35, 0.6) * d
    outline = _round(x, y, rng.uniform(0.15, 0.38) * d, rng.uniform(0.1, 0.25) * d, rng.normal(0, 0.3))
    canvas.lining(outline, 4, look.wall + 20, look.mottle)
    canvas.fill(outline, 0.4 * look.blood)
    below = np.exp(-(((fan.positions_mm()[..., 0] - x) / (0.2 * d)) ** 2)) * (fan.ranges_mm() > y + 0.15 * d)
    return finish(canvas.samples() + 40 * below, look)


def _vessel(rng: np.random.Generator, fan: Fan, look: Look) -> np.ndarray:
    """Layers across the whole width with one dark tube, as a flat probe shows the neck."""
    rows = fan.ranges_mm() / fan.depth_mm + 0.02 * np.sin(np.linspace(0, rng.uniform(1, 5), fan.shape[1]))[None, :]
    layers = np.interp(rows, np.linspace(0, 1, 26), look.wall + rng.normal(0, 28, 26))
    top, size = rng.uniform(0.3, 0.5), rng.uniform(0.12, 0.25)
    tube = (rows > top) & (rows < top + size)
    edge = sum(np.exp(-(((rows - at) / 0.012) ** 2)) for at in (top, top + size))
    return finish(np.where(tube, 0.5 * look.blood, layers) + 90 * edge, replace(look, gain=look.gain * 0.5))


def _air(rng: np.random.Generator, fan: Fan, look: Look) -> np.ndarray:
    """Nothing but reverberation at the probe and noise below."""
    ranges = fan.ranges_mm()
    bands = 110 * np.exp(-ranges / rng.uniform(10, 50)) * (1 + np.cos(2 * np.pi * ranges / rng.uniform(4, 12))) / 2
    return finish(rng.uniform(0, 30) + bands + smooth_field(rng, fan.shape, 8) * rng.uniform(2, 18), look)
