"""The marks of the beats on the volume curve: ED, ES and the ejection fraction between them.

Belongs here: signs and words, and how many of them fit. Not here: the curve (curve.py) or how beats
are found (cycles/).
"""

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.drawing.axes import Axes
from cardio_dagster.modalities.echo.drawing.palette import END_DIASTOLE, END_SYSTOLE
from cardio_dagster.modalities.echo.drawing.svg import text
from cardio_dagster.modalities.echo.function import Function

_ROOM = ((66, "EF {:.0f} %"), (44, "{:.0f} %"), (24, "{:.0f}"))  # units that the words of a beat take on a phone
_LETTERS = 30  # units that ED and ES need


def draw_beats(axes: Axes, function: Function, times: np.ndarray, curve: np.ndarray) -> str:
    """Return a disc at each ED, a square at each ES and their letters, all of them or those of the shown beat only."""
    crowded = _interval(axes, function, times) < _LETTERS
    drawn = []
    for beat in function.beats:
        is_main = beat == function.beat
        (x0, y0), (x1, y1) = ((axes.x(float(times[i])), axes.y(float(curve[i]))) for i in (beat.ed, beat.es))
        drawn.append(f'<circle cx="{x0:.1f}" cy="{y0:.1f}" r="4.5" fill="{END_DIASTOLE}"/>')
        drawn.append(f'<rect x="{x1 - 4:.1f}" y="{y1 - 4:.1f}" width="8" height="8" fill="{END_SYSTOLE}"/>')
        if is_main or not crowded:
            drawn.append(text(x0, y0 - 8, "ED", anchor="middle", bold=is_main))
            drawn.append(text(x1, y1 + 17, "ES", anchor="middle", bold=is_main))
    return "".join(drawn)


def draw_ejection_fractions(axes: Axes, function: Function, times: np.ndarray) -> str:
    """Return a bracket from ED to ES of each beat above the curve, with its ejection fraction where there is room.

    The beat whose frames are shown is bold and never without its words; the bracket of a beat that the
    means do not rest on is dashed.
    """
    template = _words_that_fit(_interval(axes, function, times))
    y = axes.box[1] - 36
    drawn = []
    for beat in function.beats:
        is_main = beat == function.beat
        x0, x1 = sorted(axes.x(float(times[i])) for i in (beat.ed, beat.es))
        line = f'stroke-width="{2 if is_main else 1}"' + (
            "" if beat in function.averaged else ' stroke-dasharray="3 2"'
        )
        drawn.append(f'<path d="M{x0:.1f} {y + 5:.1f}v-5H{x1:.1f}v5" fill="none" stroke="currentColor" {line}/>')
        if template or is_main:
            words = (template or _ROOM[0][1]).format(beat.ef_pct)
            drawn.append(text(_kept_inside((x0 + x1) / 2, axes), y - 6, words, anchor="middle", bold=is_main))
    return "".join(drawn)


def _words_that_fit(interval: float) -> str | None:
    return next((words for room, words in _ROOM if interval >= room), None)


def _interval(axes: Axes, function: Function, times: np.ndarray) -> float:
    """Return the smallest distance between the middles of two beats, in units of the drawing."""
    middles = sorted(_middle(axes, beat, times) for beat in function.beats)
    return float(min(np.diff(middles), default=np.inf))


def _middle(axes: Axes, beat: Beat, times: np.ndarray) -> float:
    return axes.x(float(times[beat.ed] + times[beat.es]) / 2)


def _kept_inside(x: float, axes: Axes) -> float:
    """Return `x` moved inward so far that the words of a beat stay inside the drawing."""
    half = _ROOM[0][0] / 2
    return min(max(x, half), axes.box[2] + 8 - half)
