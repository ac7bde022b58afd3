"""What lies over a picture of one frame: contours, discs with their axis, a centimetre scale.

Belongs here: SVG shapes in the units of one panel. Not here: the picture below (pictures.py), its
caption (frames.py), contours burned into a moving picture (loop.py).
"""

import numpy as np

from cardio_dagster.modalities.echo.clip import Letterbox, Segmentation
from cardio_dagster.modalities.echo.drawing.contours import outline
from cardio_dagster.modalities.echo.drawing.palette import STRUCTURES
from cardio_dagster.modalities.echo.drawing.pictures import Placement
from cardio_dagster.modalities.echo.drawing.svg import path
from cardio_dagster.modalities.echo.volumes.discs import DISCS, Chamber

_SCALE_CM = (5, 2, 1)  # the longest that takes no more than half of the height


def draw_contours(found: Segmentation, position: int, place: Placement) -> str:
    """Return the outlines of all structures on one chosen frame."""
    labels, probabilities = found.labels[position], found.probabilities[position]
    found_lines = ((s.colour, outline(labels, probabilities, s.label)) for s in STRUCTURES)
    drawn = "".join(
        f'<path d="{path(place(line), closed=True)}" stroke="{colour}"/>'
        for colour, line in found_lines
        if line is not None
    )
    return f'<g fill="none" stroke-width="1.5" stroke-linejoin="round">{drawn}</g>'


def draw_discs(chamber: Chamber, place: Placement) -> str:
    """Return the long axis and the 20 discs as cut lengthwise, centred on it as the method takes them."""
    base, apex = np.array(chamber.axis.base), np.array(chamber.axis.apex)
    along = (apex - base) / chamber.axis.length
    across = np.array([-along[1], along[0]])
    discs = []
    for i, diameter in enumerate(chamber.diameters):
        low, high = base + i / DISCS * (apex - base), base + (i + 1) / DISCS * (apex - base)
        half = diameter / 2 * across
        discs.append(path(place(np.stack([low - half, low + half, high + half, high - half])), closed=True))
    return (
        f'<g fill="none" stroke="#fff"><path d="{"".join(discs)}" stroke-opacity="0.4" stroke-width="0.6"/>'
        f'<path d="{path(place(np.stack([base, apex])))}" stroke-width="1.1" stroke-dasharray="4 3"/></g>'
    )


def draw_scale(mm_per_pixel: float | None, box: Letterbox, size: tuple[float, float]) -> str:
    """Return an upright bar with a tick a centimetre, at the right edge; "" without a pixel spacing."""
    if mm_per_pixel is None:
        return ""
    width, height = size
    cm = 10 / mm_per_pixel * box.side / box.size * width / box.width
    long = next((n for n in _SCALE_CM if n * cm <= 0.5 * height), None)
    if long is None:
        return ""
    x, top = width - 7, 20.0
    ticks = "".join(f"M{x - 4:.1f} {top + i * cm:.1f}h4" for i in range(long + 1))
    return (
        f'<path d="M{x:.1f} {top:.1f}v{long * cm:.1f}{ticks}" fill="none" stroke="#fff" stroke-width="1.2"/>'
        f'<text x="{x + 2:.1f}" y="{top - 6:.1f}" text-anchor="end" fill="#fff">{long} cm</text>'
    )
