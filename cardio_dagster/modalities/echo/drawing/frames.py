"""The picture of the contours, the long axis and the discs on the ED and ES frames.

Belongs here: which frames are shown, their captions and places. Not here: what lies over a picture
(overlay.py), the volume curve (curve.py), measuring (function.py).
"""

from dataclasses import dataclass

from cardio_dagster.finding import Figure
from cardio_dagster.modalities.echo.clip import Letterbox
from cardio_dagster.modalities.echo.drawing.overlay import draw_contours, draw_discs, draw_scale
from cardio_dagster.modalities.echo.drawing.palette import STRUCTURES
from cardio_dagster.modalities.echo.drawing.pictures import image_element, placement, sector_pictures, still_uri
from cardio_dagster.modalities.echo.drawing.svg import svg_element, swatches, text
from cardio_dagster.modalities.echo.function import Function

_WIDTH, _GAP, _HEAD, _LEGEND = 480, 8, 44, 28
_TALLEST = 300  # units: a deep, narrow sector is made narrower than its half of the width


@dataclass(frozen=True, slots=True)
class _Shown:
    """A frame to show: its title, its position among the chosen frames, its volume in cubic network pixels."""

    title: str
    position: int
    volume: float | None


def draw_frames(function: Function) -> Figure:
    """Draw end-diastole and end-systole side by side with contours, long axis and discs.

    Without a beat one frame is drawn: the one of the largest ventricle, or the middle one where
    no ventricle was measured. The scale and the volumes are left out without a pixel spacing, the echo itself where it is withheld.
    """
    shown = _choose(function)
    width, height = _panel_size(function.prepared.letterbox, len(shown))
    panels = "".join(_panel(function, frame, i * (width + _GAP), (width, height)) for i, frame in enumerate(shown))
    total = _HEAD + height + _LEGEND
    legend = swatches(((s.colour, s.name) for s in STRUCTURES[::-1]), total - 9, left=2, step=160)
    description = _describe(function, shown)
    svg = svg_element(_WIDTH, total, description, panels + legend, widest_px=760)
    return Figure("echo_frames", "Left ventricle, myocardium and left atrium", svg, description)


def _choose(function: Function) -> tuple[_Shown, ...]:
    beat = function.beat
    if beat:
        return _Shown("End-diastole", beat.ed, beat.edv), _Shown("End-systole", beat.es, beat.esv)
    if len(function.curve):
        return (_Shown("Largest ventricle", function.ed, float(function.curve[function.ed])),)
    return (_Shown("Middle frame", len(function.found.labels) // 2, None),)


def _panel_size(box: Letterbox, panels: int) -> tuple[float, float]:
    """Return width and height of a picture: half the width of the figure, unless it becomes too tall."""
    widest = (_WIDTH - _GAP) / 2 if panels > 1 else 340.0
    width = min(widest, _TALLEST * box.width / box.height)
    return width, width * box.height / box.width


def _panel(function: Function, shown: _Shown, left: float, size: tuple[float, float]) -> str:
    (width, height), position = size, shown.position
    place = placement(function.prepared.letterbox, width)
    chamber = function.ventricles[position] if len(function.ventricles) else None
    return (
        f'<g transform="translate({left:.1f} {_HEAD})">'
        + text(0, -27, f"{shown.title}, frame {function.frame_number(position)}", bold=True)
        + text(0, -7, _caption(function, shown))
        + image_element(still_uri(sector_pictures(function.prepared, [position])[0]), width, height)
        + (draw_discs(chamber, place) if chamber else "")
        + _withheld(function, size)
        + draw_contours(function.found, position, place)
        + draw_scale(function.mm_per_pixel, function.prepared.letterbox, size)
        + "</g>"
    )


def _withheld(function: Function, size: tuple[float, float]) -> str:
    """Return words over a black picture that say that it was withheld; nothing where it is shown."""
    if function.prepared.withheld is None:
        return ""
    x, y = size[0] / 2, size[1] - 28
    lines = ("picture withheld:", "it may hold burned-in text")
    return "".join(text(x, y + 19 * i, line, anchor="middle", colour="#ddd") for i, line in enumerate(lines))


def _caption(function: Function, shown: _Shown) -> str:
    volume_ml = None if shown.volume is None else function.volume_ml(shown.volume)
    volume = "" if volume_ml is None else f"{volume_ml:.0f} mL, "
    return f"{volume}confidence {function.found.confidence[shown.position]:.2f}"


def _describe(function: Function, shown: tuple[_Shown, ...]) -> str:
    titles = " and ".join(
        f"{frame.title.lower()} (frame {function.frame_number(frame.position)}; {_caption(function, frame)})"
        for frame in shown
    )
    discs = ", the long axis of the ventricle and its 20 discs" if len(function.ventricles) else ""
    withheld = function.prepared.withheld
    hidden = f". The picture is withheld: {withheld}" if withheld else ""
    unknown = "" if function.mm_per_pixel else f". No scale: {function.no_size_reason or 'no pixel spacing'}"
    return f"Echo at {titles} with the outlines of left ventricle, myocardium and left atrium{discs}{unknown}{hidden}"
