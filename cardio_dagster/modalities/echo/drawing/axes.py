"""A chart's frame: from values to units of the drawing, axes, round ticks.

Belongs here: what a chart needs whatever it shows. Not here: the curves themselves (curve.py, motion.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.echo.drawing.svg import text


@dataclass(frozen=True, slots=True)
class Axes:
    """A rectangle of the drawing (left, top, right, bottom) and the values at its edges (x low, x high, y low, y high)."""

    box: tuple[float, float, float, float]
    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        """Return the place of a value across; in the middle where there is but one value."""
        left, _, right, _ = self.box
        span = self.x_high - self.x_low
        return left + (right - left) * ((value - self.x_low) / span if span else 0.5)

    def y(self, value: float) -> float:
        """Return the place of a value downwards."""
        _, top, _, bottom = self.box
        span = self.y_high - self.y_low
        return bottom - (bottom - top) * ((value - self.y_low) / span if span else 0.5)

    def points(self, times: np.ndarray, values: np.ndarray) -> list[tuple[float, float]]:
        """Return the places of (k,) times and values, without those that are NaN."""
        pairs = zip(times.tolist(), values.tolist(), strict=True)
        return [(self.x(t), self.y(v)) for t, v in pairs if np.isfinite(v)]


def draw_axes(axes: Axes, x_title: str, y_title: str) -> str:
    """Return both axes with round ticks; the titles stand above the upright and right below the level one."""
    left, top, right, bottom = axes.box
    x_ticks, y_ticks = ticks(axes.x_low, axes.x_high, 6), ticks(axes.y_low, axes.y_high, 4)
    grid = "".join(f"M{left:.1f} {axes.y(v):.1f}H{right:.1f}" for v in y_ticks)
    short = "".join(f"M{axes.x(t):.1f} {bottom:.1f}v4" for t in x_ticks)
    return (
        f'<path d="{grid}" fill="none" stroke="currentColor" stroke-opacity="0.16" stroke-width="0.8"/>'
        f'<path d="M{left:.1f} {bottom:.1f}H{right:.1f}{short}" fill="none" stroke="currentColor" stroke-width="0.8"/>'
        + "".join(text(axes.x(t), bottom + 17, f"{t:g}", anchor="middle") for t in x_ticks)
        + "".join(text(left - 6, axes.y(v) + 4, f"{v:g}", anchor="end") for v in y_ticks)
        + text(right, bottom + 34, x_title, anchor="end")
        + text(2, top - 10, y_title)
    )


def ticks(low: float, high: float, about: int) -> list[float]:
    """Return round values from `low` to `high`, no more than about that many; the one value where they are equal."""
    if high <= low:
        return [low]
    magnitude = 10 ** np.floor(np.log10((high - low) / about))
    step = next(magnitude * m for m in (1, 2, 5, 10, 20) if (high - low) / (magnitude * m) <= about)
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [round(float(v), 6) + 0.0 for v in np.arange(first, last + 1) * step]  # + 0.0: no tick says -0
