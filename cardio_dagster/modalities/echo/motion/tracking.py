"""The endocardial lines over one beat, smoothed in time.

Belongs here: which frames belong to a beat, gaps, and smoothing of corresponding points. Not here:
the line of one frame (endocardium.py) and what it yields (excursion.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.motion.endocardium import endocardial_line

_SMOOTHING_S = 0.15
_SMOOTHING_FRAMES = 5  # the same where the frame rate is unknown
_FOUND_SHARE_MIN = 0.8


@dataclass(frozen=True, slots=True)
class Track:
    """The lines of consecutive chosen frames, (m, 85, 2) (row, column) in network pixels.

    `frames` is (m,) int: positions among the chosen frames. `raw` are the lines before smoothing in
    time; a frame without a line is interpolated between its neighbours.
    """

    frames: np.ndarray
    lines: np.ndarray
    raw: np.ndarray

    def at(self, frame: int) -> np.ndarray:
        """Return the line (85, 2) of one chosen frame that the track covers."""
        return np.asarray(self.lines[frame - self.frames[0]])


def whole_beat(function: Function, beat: Beat) -> tuple[int, int]:
    """Return the first and last chosen frame of a beat: from its end-diastole to the next.

    Where no other beat follows, the next end-diastole is the largest ventricle after end-systole; a
    beat whose end-diastole comes after its end-systole starts at end-systole.
    """
    if beat.ed > beat.es:
        return beat.es, beat.ed
    following = [other.ed for other in function.beats if other.ed > beat.es]
    return beat.ed, min(following) if following else beat.es + int(function.curve[beat.es :].argmax())


def track(function: Function, first: int, last: int) -> Track | None:
    """Follow the endocardium from chosen frame `first` to `last`, both included.

    Points correspond by their share of the line's length. They are smoothed by a local parabola
    over 0.15 s (5 frames where the frame rate is unknown), which sees the frames around the
    beat, too. Returns None where fewer than 80 % of the frames show the line.
    """
    rate = function.prepared.timing.frame_rate_hz
    window = max((_SMOOTHING_FRAMES if rate is None else round(_SMOOTHING_S * rate)) | 1, 3)
    start, stop = max(first - window // 2, 0), min(last + window // 2 + 1, len(function.found.labels))
    raw = _lines(function, range(start, stop))
    if raw is None:
        return None
    kept = slice(first - start, last + 1 - start)
    return Track(np.arange(first, last + 1), _smooth(raw, window)[kept], raw[kept])


def _lines(function: Function, frames: range) -> np.ndarray | None:
    found = function.found
    lines = [endocardial_line(found.labels[frame], found.probabilities[frame]) for frame in frames]
    known = np.array([i for i, line in enumerate(lines) if line is not None])
    if len(known) < _FOUND_SHARE_MIN * len(lines):
        return None
    values = np.stack([line for line in lines if line is not None])
    return np.asarray(_interpolated(values.reshape(len(known), -1), known, len(lines)).reshape(-1, *values.shape[1:]))


def _interpolated(values: np.ndarray, known: np.ndarray, count: int) -> np.ndarray:
    """Fill the rows between `known` ones linearly; before the first and after the last they are repeated."""
    return np.stack([np.interp(np.arange(count), known, column) for column in values.T], axis=1)


def _smooth(lines: np.ndarray, window: int) -> np.ndarray:
    """Fit a parabola to the `window` frames around each frame, at the ends to the first and the last of them.

    The filter of Savitzky and Golay 1964, doi:10.1021/ac60214a047, as scipy.signal.savgol_filter(mode="interp") has
    it, whose import takes longer than this branch needs for a clip.
    """
    if len(lines) < window:
        return lines
    half = window // 2
    times = np.vander(np.arange(-half, half + 1.0), 3)
    fitted = times @ np.linalg.pinv(times)  # row i: the weights of the window's frames in the parabola at frame i
    middle = np.lib.stride_tricks.sliding_window_view(lines, window, axis=0) @ fitted[half]
    start, end = (np.tensordot(fitted, part, 1) for part in (lines[:window], lines[-window:]))
    return np.concatenate([start[:half], middle, end[half + 1 :]])
