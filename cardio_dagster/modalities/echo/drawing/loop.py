"""The moving picture: one beat, over and over, with the contours burned in.

Belongs here: which frames at what speed, the encoded picture, its figure. Not here: how a contour is
burned (burn.py), the still frames (frames.py).
"""

import io
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image

from cardio_dagster.finding import Figure
from cardio_dagster.modalities.echo.drawing.burn import burned
from cardio_dagster.modalities.echo.drawing.palette import STRUCTURES
from cardio_dagster.modalities.echo.drawing.pictures import data_uri, image_element, still_uri
from cardio_dagster.modalities.echo.drawing.svg import svg_element, swatches, text
from cardio_dagster.modalities.echo.function import Function

SIZE_MAX_BYTES = 250_000  # of the whole figure
_CLIP_S, _BEAT_MAX_S = 1.5, 2.0  # what is shown without, and at most with, a whole beat
_SHOWN_HZ = 31.0  # faster clips are thinned: a screen does not need more, a file does
_UNTIMED_HZ = 25.0  # for looking at only; the caption says that the speed is not the true one
_ATTEMPTS = ((240, 55), (240, 40), (200, 40), (160, 35), (120, 30), (96, 15))  # picture width, WebP quality
_BASE64 = 4 / 3
_FRAME_UNITS = 300.0
# who asked for less motion, and paper, get the first frame (Media Queries Level 5, prefers-reduced-motion)
_STYLE = ".still{display:none}@media (prefers-reduced-motion:reduce),print{.moving{display:none}.still{display:inline}}"


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """The chosen frames to show, (m,) positions, and how long each is shown, (m,) ms.

    `is_beat`: from one end-diastole to the next. `is_timed`: at the speed of the heart.
    """

    positions: np.ndarray
    durations_ms: np.ndarray
    is_beat: bool
    is_timed: bool


def draw_loop(function: Function) -> Figure | None:
    """Draw one beat, from its end-diastole to the next, as an animated WebP that loops for ever.

    It is the representative beat, or the most alike of those that the clip holds to their end.
    Without any it is as much of the clip as 1.5 s hold, around the beat where
    there is one. Above 31 frames a second every second (third, ...) frame is shown, at the true
    speed. Where the page asks for reduced motion, and on paper, a still of the first frame stands
    in its place. Returns None for a clip of one frame.
    """
    plan = plan_loop(function)
    if plan is None:
        return None
    content, first = _encode(function, plan)
    height = _FRAME_UNITS * first.shape[0] / first.shape[1]
    body = (
        f"<style>{_STYLE}</style>"
        + image_element(data_uri(content, "webp"), _FRAME_UNITS, height, name="moving")
        + image_element(still_uri(first), _FRAME_UNITS, height, name="still")
        + text(2, height + 17, _caption(function, plan))
        + swatches(((s.colour, s.name) for s in STRUCTURES[::-1]), height + 37, left=2, step=102)
    )
    description = f"{_caption(function, plan)}; the outlines of left ventricle, myocardium and left atrium move with it"
    svg = svg_element(_FRAME_UNITS, height + 45, description, body, widest_px=480, phone_font=11)
    return Figure("echo_loop", "One beat with its contours, repeated", svg, description)


def plan_loop(function: Function) -> LoopPlan | None:
    """Choose the frames of the loop and their times; None where there is but one frame."""
    count, rate = len(function.prepared.frame_indices), function.prepared.timing.frame_rate_hz
    if count < 2:
        return None
    hz = rate or _UNTIMED_HZ
    beat_span = _beat_span(function, hz)
    first, end = beat_span or _clip_span(function, hz)
    step = max(1, int(np.ceil(hz / _SHOWN_HZ)))
    positions = np.arange(first, end, step)
    edges_ms = np.round((np.append(positions, end) - first) * 1000 / hz)
    return LoopPlan(positions, np.diff(edges_ms).astype(int), beat_span is not None, rate is not None)


def _beat_span(function: Function, hz: float) -> tuple[int, int] | None:
    """Return the positions of an end-diastole and the next one; None where no beat has both, or takes too long.

    Of several beats it is the representative one, or else the one with the nearest ejection fraction.
    """
    main = function.beat
    if main is None:
        return None
    spans = [
        (abs(beat.ef_pct - main.ef_pct), beat.ed, following.ed)
        for beat, following in pairwise(sorted(function.beats, key=lambda beat: beat.ed))
        if beat.ed < beat.es < following.ed and (following.ed - beat.ed) / hz <= _BEAT_MAX_S
    ]
    return min(spans)[1:] if spans else None


def _clip_span(function: Function, hz: float) -> tuple[int, int]:
    """Return the positions of the first and after the last frame of a part of the clip that holds the beat."""
    count = len(function.prepared.frame_indices)
    length = min(count, max(2, round(_CLIP_S * hz)))
    wanted = min(function.beat.ed, function.beat.es) if function.beat else 0
    start = min(wanted, count - length)
    return start, start + length


def _encode(function: Function, plan: LoopPlan) -> tuple[bytes, np.ndarray]:
    """Return the animation and its first frame, as large and fine as the size allows."""
    for width, quality in _ATTEMPTS:
        pictures = burned(function.prepared, function.found, plan.positions, width)
        images = [Image.fromarray(picture) for picture in pictures]
        buffer = io.BytesIO()
        images[0].save(
            buffer, "WEBP", save_all=True, append_images=images[1:], duration=plan.durations_ms.tolist(),
            loop=0, quality=quality, method=2, kmin=0, kmax=0,
        )  # fmt: skip
        if buffer.tell() * _BASE64 + len(still_uri(pictures[0])) + 3000 < SIZE_MAX_BYTES:
            break
    return buffer.getvalue(), pictures[0]


def _caption(function: Function, plan: LoopPlan) -> str:
    first, last = (function.frame_number(int(plan.positions[i])) for i in (0, -1))
    what = "One beat" if plan.is_beat else "Part of the clip"
    seconds = plan.durations_ms.sum() / 1000
    speed = f"{seconds:.2f} s, true speed" if plan.is_timed else "frame rate unknown, not the true speed"
    hidden = ", picture withheld" if function.prepared.withheld else ""
    return f"{what}, frames {first} to {last}, {speed}{hidden}"
