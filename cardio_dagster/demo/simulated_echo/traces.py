"""Displays over time: M-mode and spectral Doppler.

Belongs here: pictures with time along x. Not here: pictures of a plane.
"""

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from cardio_dagster.demo.simulated_echo.still import simulate_still


def draw_m_mode(rng: np.random.Generator) -> np.ndarray:
    """Draw layers of tissue that move with the beat, often below a small picture of the plane, (h, w) uint8."""
    h, w = int(rng.integers(200, 330)), int(rng.integers(320, 560))
    beat = _beat(rng, w)
    septum, posterior = rng.uniform(0.32, 0.42), rng.uniform(0.62, 0.75)
    edges = [0.07, septum - 0.1, septum, septum + 0.07, posterior, posterior + 0.07, posterior + 0.1]
    moves = [0.0, 0.01, 0.02, 0.04, -0.075, -0.05, -0.045]
    blood, wall = rng.uniform(8, 50), rng.uniform(80, 140)
    levels = [wall, wall - 15, blood, wall + 15, blood, wall, 225, wall * 0.7]
    rows = (np.arange(h) / h)[:, None]
    bounds = np.array(edges)[:, None] + np.array(moves)[:, None] * beat * rng.uniform(0.5, 1.5)
    grey = np.array(levels)[(rows[None] > bounds[:, None, :]).sum(0)]
    grey = grey + _lines(rng, rows, beat, (septum + posterior) / 2)
    return _with_top(rng, _streaks(rng, gaussian_filter(grey, 1.2), (1.0, rng.uniform(2, 8))), _ticks(rng, h, w))


def draw_spectral_doppler(rng: np.random.Generator) -> np.ndarray:
    """Draw velocities over time about a baseline: inflow, outflow, a jet or a moving wall, (h, w) uint8."""
    h, w = int(rng.integers(200, 330)), int(rng.integers(320, 560))
    period = rng.uniform(70, 190)
    phase = ((np.arange(w) + rng.uniform(0, period)) % period) / period
    baseline, filled = rng.uniform(0.25, 0.75), rng.uniform() < 0.6
    up, down = _velocities(rng, phase)
    height = (baseline - np.arange(h)[:, None] / h) * 2
    speed = np.where(height > 0, up, down) * rng.uniform(0.6, 1.2)
    depth = np.abs(height) / np.maximum(speed, 1e-3)
    fill = np.where(depth < 1, rng.uniform(60, 130) if filled else rng.uniform(5, 40), 0)
    grey = fill + 150 * np.exp(-(((depth - 0.92) / rng.uniform(0.06, 0.2)) ** 2)) * (speed > 0.05)
    grey = gaussian_filter(grey * rng.gamma(2.2, 0.45, (h, w)), (rng.uniform(0.6, 1.5), rng.uniform(0.5, 1.4)))
    grey = grey + rng.gamma(1.2, rng.uniform(1, 12), (h, w))
    grey[np.abs(height[:, 0]) < 2.5 / h] = 170
    return _with_top(rng, grey, _ticks(rng, h, w))


def _beat(rng: np.random.Generator, width: int) -> np.ndarray:
    """Return a repeating inward motion, 0 to 1, with a smaller one before it."""
    phase = ((np.arange(width) + rng.uniform(0, 200)) % (period := rng.uniform(60, 170))) / period
    return np.asarray(np.exp(-(((phase - 0.35) / 0.13) ** 2)) - 0.25 * np.exp(-(((phase - 0.85) / 0.06) ** 2)))


def _lines(rng: np.random.Generator, rows: np.ndarray, beat: np.ndarray, middle: float) -> np.ndarray:
    """Return leaflets that open in diastole, or chordae, as bright thin lines."""
    size = rng.uniform(0.02, 0.09)
    total = np.zeros((rows.shape[0], len(beat)))
    for side in (-1, 1):
        at = middle + side * size * np.roll(1 - beat, int(rng.integers(0, 20)))
        total += rng.uniform(0, 110) * np.exp(-(((rows - at) / 0.008) ** 2))
    return total


def _streaks(rng: np.random.Generator, grey: np.ndarray, grain: tuple[float, float]) -> np.ndarray:
    """Return the grey with grain that is drawn out along time."""
    noise = gaussian_filter(rng.rayleigh(1, grey.shape), grain)
    noise = (noise - noise.mean()) / noise.std()
    return np.asarray(grey * (1 + 0.2 * noise) + 7 * noise)


def _velocities(rng: np.random.Generator, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the outline above and below the baseline, in shares of half the height."""

    def hump(at: float, width: float, size: float) -> np.ndarray:
        return np.asarray(size * np.clip(1 - ((phase - at) / width) ** 2, 0, None))

    early, late = hump(0.55, 0.13, rng.uniform(0.4, 0.95)), hump(0.88, 0.08, rng.uniform(0.2, 0.8))
    ejection = hump(0.25, 0.19, rng.uniform(0.5, 1.0))
    none = np.zeros(len(phase))
    kind = rng.integers(4)
    if kind == 0:
        return np.maximum(early, late), hump(0.2, 0.1, 0.15)
    if kind == 1:
        return none, ejection
    if kind == 2:
        return 0.6 * ejection, 0.7 * np.maximum(early, late)
    return hump(0.25, 0.2, 0.5), np.maximum(ejection, 0.4 * late)


def _ticks(rng: np.random.Generator, h: int, w: int) -> np.ndarray:
    """Return the marks of a scale and an ECG line, as a mask of grey."""
    marks = np.zeros((h, w))
    marks[:: int(rng.integers(18, 40)), -6:] = 200
    marks[-4:, :: int(rng.integers(30, 90))] = 200
    if rng.uniform() < 0.5:
        phase = (np.arange(w) % (period := rng.uniform(70, 170))) / period
        trace = np.exp(-(((phase - 0.1) / 0.015) ** 2)) + 0.2 * np.exp(-(((phase - 0.4) / 0.05) ** 2))
        marks[np.clip(h - 10 - 30 * trace, 0, h - 1).astype(int), np.arange(w)] = 190
    return np.asarray(marks)


def _with_top(rng: np.random.Generator, grey: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Return the trace with its marks, half of the time below a small picture of the plane it was taken in."""
    trace: np.ndarray = np.clip(np.maximum(grey, marks), 0, 255).astype(np.uint8)
    if rng.uniform() < 0.5:
        return trace
    plane = Image.fromarray(simulate_still(int(rng.integers(2**31))).image)
    height = int(rng.uniform(0.35, 0.75) * trace.shape[0])
    plane = plane.resize((height * plane.width // plane.height, height))
    top = np.zeros((height + 6, trace.shape[1]), np.uint8)
    left = max((trace.shape[1] - plane.width) // 2, 0)
    top[:height, left : left + plane.width] = np.asarray(plane)[:, : trace.shape[1] - left]
    return np.concatenate([top, trace])
