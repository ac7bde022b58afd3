"""Small inline SVG drawings of the cohort page.

Belongs here: a histogram with its reference range, and stacked bars by month. Not here: counting (summary.py) or the
page (page.py). Colours come from the style sheet by class, so that they follow light and dark.
"""

from collections.abc import Iterator

from markupsafe import Markup, escape

from cardio_dagster.reporting.cohort.summary import BINS, MIN_COUNT, STATUSES, Distribution, Month, masked

WIDTH, HEIGHT, FLOOR = 300, 96, 78
_MONTHS_SHOWN = 24


def histogram(shown: Distribution) -> Markup:
    """Return the distribution as an <svg>: bars, the reference range behind them, its ends below.

    A bar of 1 to 4 studies has one height, whatever their number, and is hatched pale.
    """
    top = max(MIN_COUNT, *shown.counts)
    name = f"{shown.column.label}: median {_short(shown.quartiles[1])} {shown.column.unit}"
    bars = "".join(_bar(n, count, top) for n, count in enumerate(shown.counts) if count)
    return Markup(
        f'<svg class="histogram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">'
        f'{_range(shown)}{bars}<path class="axis" d="M0 {FLOOR}.5H{WIDTH}"/>'
        f'<text x="0" y="{HEIGHT - 3}">{_short(shown.low)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 3}" text-anchor="end">{_short(shown.high)}</text></svg>'
    )  # nosec: numbers and an escaped label


def months_chart(months: tuple[Month, ...]) -> Markup:
    """Return stacked bars of the newest months by what was decided; the numbers stand in the table beside it."""
    shown = months[-_MONTHS_SHOWN:]
    top = max(MIN_COUNT, *(sum(_least(n) for n in month.counts) for month in shown))
    step = min(48.0, WIDTH / len(shown))
    bars = "".join(part for n, month in enumerate(shown) for part in _stack(month, n * step, step, top))
    ends = f'<text x="0" y="{HEIGHT - 3}">{escape(shown[0].month)}</text>'
    if len(shown) > 1:
        at = max(len(shown) * step, 90.0)
        ends += f'<text x="{at:.1f}" y="{HEIGHT - 3}" text-anchor="end">{escape(shown[-1].month)}</text>'
    return Markup(
        f'<svg class="histogram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Studies by month and release state">'
        f'{bars}<path class="axis" d="M0 {FLOOR}.5H{WIDTH}"/>{ends}</svg>'
    )


def _least(count: int) -> int:
    """Return a count as its bar shows it: small ones as one half of the limit, the others as masked."""
    return MIN_COUNT // 2 if 0 < count < MIN_COUNT else int(masked(count))


def _bar(place: int, count: int, top: int) -> str:
    width, height = WIDTH / BINS, max(1.5, FLOOR * _least(count) / max(top, _least(top)))
    few = ' class="few"' if count < MIN_COUNT else ""
    return f'<rect{few} x="{place * width + 0.75:.1f}" y="{FLOOR - height:.1f}" width="{width - 1.5:.1f}" height="{height:.1f}"/>'


def _range(shown: Distribution) -> str:
    low, high = shown.column.reference_low, shown.column.reference_high
    if low is None and high is None:
        return ""
    scale = WIDTH / (shown.high - shown.low)
    start = 0.0 if low is None else (low - shown.low) * scale
    end = float(WIDTH) if high is None else (high - shown.low) * scale
    return f'<rect class="reference" x="{start:.1f}" y="0" width="{max(1.0, end - start):.1f}" height="{FLOOR}"/>'


def _stack(month: Month, x: float, step: float, top: int) -> Iterator[str]:
    y = float(FLOOR)
    for status, count in zip(STATUSES, month.counts, strict=True):
        height = FLOOR * _least(count) / top
        if height:
            y -= height
            yield f'<rect class="{status}" x="{x + 1:.1f}" y="{y:.1f}" width="{step - 2:.1f}" height="{height:.1f}"/>'


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
