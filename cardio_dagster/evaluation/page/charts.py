"""Small inline SVG drawings of the evaluation page.

Belongs here: an interval beside the standing one, the course over the nights, an abstention curve. Not here: numbers in words
(words.py) or the page (make.py). Colours come from the style sheet by class, so that they follow light and dark.
"""

from collections.abc import Sequence

from markupsafe import Markup, escape

from cardio_dagster.evaluation.abstention import Curve
from cardio_dagster.evaluation.compare import Change
from cardio_dagster.evaluation.figures import Figure
from cardio_dagster.evaluation.metrics import BY_NAME, Better
from cardio_dagster.evaluation.page.words import shown

_W, _H = 120, 22
_NIGHTS = 30
_CW, _CH, _LEFT, _FLOOR, _TOP = 340, 190, 48, 150, 12


def interval_chart(figure: Figure, change: Change | None) -> Markup:
    """Return tonight's interval as a line with its value, before the standing interval as a band; empty without a value."""
    if figure.value is None:
        return Markup("")
    standing = change.standing if change else None
    ends = [v for f in (figure, standing) if f for v in (f.low, f.value, f.high) if v is not None]
    low, high = min(ends), max(ends)
    span = (high - low) or abs(high) or 1.0

    def x(value: float) -> float:
        return 6 + (value - low) / span * (_W - 12) if high > low else _W / 2

    parts = []
    if standing and standing.low is not None and standing.high is not None:
        width = max(2.0, x(standing.high) - x(standing.low))
        parts.append(f'<rect class="standing-band" x="{x(standing.low):.1f}" y="3" width="{width:.1f}" height="16"/>')
    if figure.low is not None and figure.high is not None:
        parts.append(f'<path class="line" d="M{x(figure.low):.1f} 11H{x(figure.high):.1f}"/>')
    worse = " is-worse" if change and change.is_alarm else ""
    parts.append(f'<circle class="now{worse}" cx="{x(figure.value):.1f}" cy="11" r="3.5"/>')
    return _svg("interval", _W, _H, f"{BY_NAME[figure.metric].label}: {shown(figure.metric, figure.value)}", parts)


def course_chart(name: str, values: Sequence[float | None]) -> Markup:
    """Return the metric over the last nights as a line, the newest at the right; empty with fewer than two."""
    known = [(n, v) for n, v in enumerate(values[-_NIGHTS:]) if v is not None]
    if len(known) < 2:
        return Markup("")
    low, high = min(v for _, v in known), max(v for _, v in known)
    last = max(n for n, _ in known) or 1

    def at(n: int, value: float) -> str:
        y = 18 - (value - low) / (high - low) * 14 if high > low else 11
        return f"{4 + n / last * (_W - 8):.1f} {y:.1f}"

    line = "M" + "L".join(at(n, v) for n, v in known)
    x, y = at(*known[-1]).split()
    label = f"{BY_NAME[name].label} over {len(known)} nights: {shown(name, low)} to {shown(name, high)}"
    parts = [f'<path class="line" d="{line}"/>', f'<circle class="now" cx="{x}" cy="{y}" r="2.5"/>']
    return _svg("course", _W, _H, label, parts)


def curve_chart(curve: Curve) -> Markup:
    """Return a metric against the share that is refused; better is up for a share or a Dice, down for an error."""
    metric = BY_NAME[curve.metric]
    values = [point.value for point in curve.points]
    low, high = min(values), max(values)
    pad = 0.1 * (high - low) or metric.margin
    most_possible = {"%": 100.0, "1": 1.0}.get(metric.unit, high + pad)
    low, high = max(0.0, low - pad), min(high + pad, most_possible)
    most = max(10.0, *(point.refused_pct for point in curve.points))

    def place(refused_pct: float, value: float) -> str:
        return f"{_LEFT + refused_pct / most * (_CW - _LEFT - 8):.1f} {_FLOOR - (value - low) / (high - low) * (_FLOOR - _TOP):.1f}"

    line = "M" + "L".join(place(point.refused_pct, point.value) for point in curve.points)
    x, y = place(curve.points[0].refused_pct, curve.points[0].value).split()
    ticks = [
        f'<text x="{_LEFT - 5}" y="{_FLOOR + 4 if end == low else _TOP + 4}" text-anchor="end">{shown(metric.name, end)}</text>'
        for end in (low, high)
    ]
    parts = [
        f'<path class="axis" d="M{_LEFT} {_TOP}V{_FLOOR}H{_CW - 8}"/>',
        *ticks,
        f'<text x="{_LEFT}" y="{_FLOOR + 16}">0 %</text>',
        f'<text x="{_CW - 8}" y="{_FLOOR + 16}" text-anchor="end">{most:.0f} %</text>',
        f'<text x="{(_LEFT + _CW) / 2:.0f}" y="{_FLOOR + 32}" text-anchor="middle">refused</text>',
        f'<path class="line" d="{line}"/><circle class="now" cx="{x}" cy="{y}" r="3.5"/>',
    ]
    way = "higher" if metric.better is Better.HIGHER else "lower"
    return _svg("curve", _CW, _CH, f"{metric.label} against the share refused; {way} is better", parts)


def _svg(kind: str, width: int, height: int, label: str, parts: Sequence[str]) -> Markup:
    inside = "".join(parts)  # numbers, and text of our own tables
    return Markup(
        f'<svg class="drawing {kind}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{inside}</svg>'
    )  # nosec: numbers and an escaped label
