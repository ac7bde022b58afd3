"""What the pictures of this branch have in common: the <svg> element, its text sizes, a legend.

Belongs here: markup that every picture needs, readable on light and dark pages and at the width of a
phone, without ids, scripts or links. Not here: what is drawn inside it.
"""

from collections.abc import Iterable
from html import escape

FONT_UNITS = 11  # text on a wide page
PHONE_FONT_UNITS = 16.5  # on a narrow one, where 480 units shrink to 300 pixels
_PHONE = "@media (max-width:40rem)"


def svg_element(
    width: float,
    height: float,
    description: str,
    body: str,
    *,
    widest_px: int = 720,
    phone_font: float = PHONE_FONT_UNITS,
) -> str:
    """Wrap `body` in an element of `width` x `height` units that fills its place up to `widest_px` pixels.

    Text has FONT_UNITS, and `phone_font` units on pages narrower than 40rem; `description` is plain
    text for those who do not see the picture. `min-width` undoes the report's rule for drawings
    that are wider than a phone.
    """
    style = f".words{{font-size:{FONT_UNITS}px}}{_PHONE}{{.words{{font-size:{phone_font}px}}}}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{widest_px}" role="img" '
        f'aria-label="{escape(description)}" style="min-width:0;max-width:min(100%,{widest_px}px);height:auto" '
        f'font-family="system-ui, sans-serif"><style>{style}</style>'
        f'<g class="words" fill="currentColor">{body}</g></svg>'
    )


def text(
    x: float, y: float, words: str, *, anchor: str = "start", bold: bool = False, colour: str | None = None
) -> str:
    """Return one line of text whose baseline starts, is centred or ends at (x, y)."""
    weight = ' font-weight="700"' if bold else ""
    fill = f' fill="{colour}"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}{fill}>{escape(words)}</text>'


def swatches(entries: Iterable[tuple[str, str]], y: float, *, left: float, step: float) -> str:
    """Return a legend in one row: (colour, name) pairs, `step` units apart, with its baseline at `y`."""
    return "".join(
        f'<rect x="{left + i * step:.1f}" y="{y - 8:.1f}" width="9" height="9" rx="1.5" fill="{colour}" '
        f'stroke="currentColor" stroke-width="0.5"/>' + text(left + 13 + i * step, y, name)
        for i, (colour, name) in enumerate(entries)
    )


def path(points: Iterable[tuple[float, float]], *, closed: bool = False) -> str:
    """Return the data of a path through (x, y) points, to a tenth of a unit."""
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f"M{line}Z" if closed else f"M{line}"
