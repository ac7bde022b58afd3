"""Beats from the R waves that a file carries: each R wave starts a cycle.

Belongs here: frames to R waves, and whether R waves and images agree. Not here: reading R waves (formats/),
beats without them (beats.py).
"""

from itertools import pairwise

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import Beat

BEFORE_S, AFTER_S = 0.05, 0.1  # around the R wave: where the ventricle is largest
_STROKE_MIN = 0.15  # of the curve's range: a smaller fall after an R wave is no beat of the ventricle
_REFILLED = 0.2  # of the stroke: so much must the ventricle fill again to show that its smallest volume was seen
_DISAGREEMENT = 0.2  # of the cycle length, between R waves and images
_FULL = 0.5  # of the curve's range: so full the ventricle is at an R wave


def beats_at_r_waves(curve: np.ndarray, times_s: np.ndarray, r_times_s: np.ndarray) -> tuple[Beat, ...]:
    """Return one beat for each R wave (k,) whose end-diastole and end-systole are both in the clip.

    End-diastole is the largest volume of the curve (n,) from 50 ms before to 100 ms after the R wave;
    end-systole the smallest from there to the next R wave, or to the end of the clip if the
    ventricle fills again before it. `times_s` (n,) are the times of the frames. An R wave that no
    fall of the volume follows makes no beat; cycles that the clip cuts make none either.
    """
    r_times = np.sort(r_times_s[np.isfinite(r_times_s)])
    beats = [
        _beat(curve, times_s, int(index), r_times)
        for index in np.flatnonzero((r_times >= times_s[0]) & (r_times <= times_s[-1]))
    ]
    return tuple(beat for beat in beats if beat is not None)


def _beat(curve: np.ndarray, times_s: np.ndarray, index: int, r_times: np.ndarray) -> Beat | None:
    r_wave = float(r_times[index])
    window = np.flatnonzero((times_s >= r_wave - BEFORE_S) & (times_s <= r_wave + AFTER_S))
    if len(window) == 0:
        return None
    ed = int(window[curve[window].argmax()])
    until = float(r_times[index + 1]) if index + 1 < len(r_times) else np.inf
    after = np.flatnonzero((times_s <= until) & (np.arange(len(curve)) > ed))
    if len(after) < 2:
        return None
    es = int(after[curve[after].argmin()])
    stroke = curve[ed] - curve[es]
    refilled = curve[es : after[-1] + 1].max() - curve[es] >= _REFILLED * stroke
    if stroke < _STROKE_MIN * np.ptp(curve) or not refilled:
        return None
    before = r_wave - float(r_times[index - 1]) if index else None
    length = until - r_wave if np.isfinite(until) else None
    return Beat(ed, es, float(curve[ed]), float(curve[es]), r_wave, before, length)


def disagreement(curve: np.ndarray, times_s: np.ndarray, r_times_s: np.ndarray, seen: tuple[Beat, ...]) -> str | None:
    """Say how the R waves contradict the images, None where they do not.

    `seen` are the beats found in the curve alone, with their cycle lengths. Two contradictions are known:
    cycle lengths that differ by more than a fifth (T waves or artefacts taken for R waves), and a
    ventricle that is less than half full at the R waves (traces that do not start together).
    """
    by_image = [beat.rr_s for beat in seen if beat.rr_s]
    by_trace = [b - a for a, b in pairwise(np.sort(r_times_s))]
    if by_image and by_trace:
        image, trace = float(np.median(by_image)), float(np.median(by_trace))
        if abs(image - trace) > _DISAGREEMENT * image:
            return f"the R waves of the file are {trace:.2f} s apart, the contractions {image:.2f} s"
    inside = r_times_s[(r_times_s >= times_s[0]) & (r_times_s <= times_s[-1])]
    low, high = np.percentile(curve, (5, 95))
    if len(inside) and high > low and np.median(np.interp(inside, times_s, curve)) < low + _FULL * (high - low):
        return "the ventricle is not full at the R waves of the file"
    return None
