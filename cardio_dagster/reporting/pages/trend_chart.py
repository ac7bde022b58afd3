"""A trend as a small drawing: one line over the dates of receipt, each point with its value.

Belongs here: the chart. Not here: what counts as a change (evidence/trend.py) or the table beside it (templates/).
"""

from datetime import datetime

from markupsafe import Markup

from cardio_dagster.reporting.wording import plain
from cardio_dagster.statement import Trend, TrendPoint

_WIDTH, _HEIGHT = 320.0, 132.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 28.0, 28.0, 30.0, 28.0
_MOST_LABELS = 6  # more would run into each other; then only the first and the last are written


def trend_chart(trend: Trend) -> Markup | None:
    """Return the chart as <svg> in the colours of its place; None for fewer than two numbers, such as rhythms.

    The x axis is true to time. The y axis spans the values and does not begin at zero: each point carries its value.
    """
    points = [p for p in trend.points if p.value is not None]
    if len(points) < 2:
        return None
    places = _places(points)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = Markup("").join(
        _mark(p, place, n, len(points)) for n, (p, place) in enumerate(zip(points, places, strict=True))
    )
    return Markup(
        '<svg class="chart" viewBox="0 0 {w:g} {h:g}" role="img" aria-label="{name}">'
        '<path class="axis" d="M{left:g} {base:g}H{right:g}"/><polyline class="line" points="{line}"/>{marks}</svg>'
    ).format(w=_WIDTH, h=_HEIGHT, name=f"{trend.label}: {trend.text}", left=_LEFT - 12, right=_WIDTH - _RIGHT + 12,
             base=_HEIGHT - _BOTTOM + 8, line=line, marks=marks)  # fmt: skip


def _places(points: list[TrendPoint]) -> list[tuple[float, float]]:
    values = [p.value or 0.0 for p in points]
    times_s = [datetime.fromisoformat(p.received_at).timestamp() for p in points]
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    xs = _shares(times_s)
    return [(_LEFT + width * x, _TOP + height * (1 - y)) for x, y in zip(xs, _shares(values), strict=True)]


def _shares(values: list[float]) -> list[float]:
    """Return each value's place between the least and the greatest, 0 to 1; one half where all are the same."""
    low, high = min(values), max(values)
    return [(value - low) / (high - low) if high > low else 0.5 for value in values]


def _mark(point: TrendPoint, place: tuple[float, float], n: int, count: int) -> Markup:
    """Return a dot, the last one full; its value above it and its month below where there is room."""
    x, y = place
    last, shown = n == count - 1, count <= _MOST_LABELS or n in {0, count - 1}
    dot = Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3.5"/>').format("now" if last else "then", x, y)
    value = Markup('<text x="{:.1f}" y="{:.1f}">{}</text>').format(x, y - 9, plain(point.value or 0.0))
    month = Markup('<text class="date" x="{:.1f}" y="{:g}">{}</text>').format(x, _HEIGHT - 6, point.received_at[:7])
    return Markup("").join((dot, value if shown else "", month if n in {0, count - 1} else ""))
