"""Heart beats in the curve of ventricular volume over time: end-diastole and end-systole.

Belongs here: finding the largest and smallest ventricle of each beat. Not here: how a volume
comes about (discs.py) or what it is called in the report (analysis.py).
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

SYSTOLE_INTERVAL_S = 0.3  # two end-systoles are farther apart, up to 200 beats a minute
_INTERVAL_FRAMES = 8  # the same where the frame rate is unknown, at about 30 Hz
_PROMINENCE = 0.4  # of the curve's spread
_SPREAD_MIN = 0.03  # of the median volume: less is noise, and no beat is claimed
_SMOOTHING_S = 0.17
_SMOOTHING_FRAMES = 5  # the same where the frame rate is unknown
FRAMES_MIN = 10
_EDGE_LOSS = 0.95  # an end-diastole on the clip's first frame must reach this share of the largest volume
_SETTLED = 0.5  # at the end of a clip that ends in systole: mean of the last three falls over the steepest
_EMPTY = 0.1  # and how near the smallest volume the last frame is, as a share of the spread


@dataclass(frozen=True, slots=True)
class Beat:
    """One contraction: positions in the chosen frames, volumes in the unit of the curve."""

    ed: int
    es: int
    edv: float
    esv: float

    @property
    def ef_pct(self) -> float:
        """Return the ejection fraction in percent."""
        return 100 * (self.edv - self.esv) / self.edv


def smooth(volumes: np.ndarray, frame_rate_hz: float | None) -> np.ndarray:
    """Return the curve (n,) without gaps (NaN) and jitter: median of 3, then a local parabola over 0.17 s."""
    known = np.flatnonzero(np.isfinite(volumes))
    filled = np.interp(np.arange(len(volumes)), known, volumes[known])
    window = _SMOOTHING_FRAMES if frame_rate_hz is None else round(_SMOOTHING_S * frame_rate_hz)
    window = max(window | 1, 3)
    if len(filled) <= window:
        return np.asarray(filled)
    from scipy.signal import savgol_filter  # slow to import, and not needed for a still

    order = min(2, window - 1)
    return np.asarray(savgol_filter(median_filter(filled, 3, mode="nearest"), window, order, mode="nearest"))


def find_beats(curve: np.ndarray, frame_rate_hz: float | None) -> tuple[Beat, ...]:
    """Return the beats of a smoothed volume curve (n,), in order of time.

    End-systoles are its minima; the end-diastole of each is the maximum since the one before. A
    beat whose end-diastole was cut off by the start of the clip is left out. Where no other
    remains, its end-systole is paired with the diastole that follows it; and a clip that ends in
    systole counts with its last frame, if the ventricle has stopped shrinking there. Returns
    nothing where the curve is shorter than 10 frames, does not move or holds no such pair.
    """
    if len(curve) < FRAMES_MIN:
        return ()
    low, high = np.percentile(curve, (5, 95))
    if high - low < _SPREAD_MIN * np.median(curve):
        return ()
    distance = _INTERVAL_FRAMES if frame_rate_hz is None else max(SYSTOLE_INTERVAL_S * frame_rate_hz, 1)
    systoles = _minima(curve, prominence=_PROMINENCE * (high - low), distance=distance)
    starts = [0, *systoles][: len(systoles)]
    beats = [_beat(curve, start, es) for start, es in zip(starts, systoles, strict=True)]
    whole = [beat for beat in beats if not _is_cut_off(beat, curve)]
    return tuple(whole) or _next_diastole(curve, systoles)


def _minima(curve: np.ndarray, *, prominence: float, distance: float) -> list[int]:
    """Return the end-systoles; the ends of the clip count as high, so that a minimum near them is seen."""
    from scipy.signal import find_peaks

    walled = np.concatenate([[curve.max()], curve, [curve.max()]])
    found = [int(i) - 1 for i in find_peaks(-walled, prominence=prominence, distance=distance)[0]]
    return [i for i in found if i > 0 and (i < len(curve) - 1 or _ends_in_systole(curve))]


def _ends_in_systole(curve: np.ndarray) -> bool:
    """Return whether the clip ends on an empty ventricle that has nearly stopped shrinking."""
    falls = -np.diff(curve)
    is_empty = curve[-1] <= curve.min() + _EMPTY * np.ptp(curve)
    return bool(is_empty and falls[-3:].mean() < _SETTLED * falls.max())


def _beat(curve: np.ndarray, start: int, es: int) -> Beat:
    ed = start + int(curve[start:es].argmax())
    return Beat(ed, es, float(curve[ed]), float(curve[es]))


def _is_cut_off(beat: Beat, curve: np.ndarray) -> bool:
    """Return whether the clip starts in the middle of this beat's systole."""
    return beat.ed == 0 and beat.edv < _EDGE_LOSS * curve.max()


def _next_diastole(curve: np.ndarray, systoles: list[int]) -> tuple[Beat, ...]:
    """Pair the first end-systole with the largest frame after it, unless the clip ends while still filling."""
    if not systoles:
        return ()
    es = systoles[0]
    ed = es + int(curve[es:].argmax())
    return () if ed == len(curve) - 1 else (Beat(ed, es, float(curve[ed]), float(curve[es])),)


def heart_rate_bpm(beats: tuple[Beat, ...], frame_rate_hz: float | None) -> float | None:
    """Return beats a minute from the median interval of end-systoles; None without two beats or a frame rate."""
    if len(beats) < 2 or frame_rate_hz is None:
        return None
    return float(60 * frame_rate_hz / np.median(np.diff([beat.es for beat in beats])))


def representative(beats: tuple[Beat, ...]) -> Beat:
    """Return the beat with the median ejection fraction, the lower one of two."""
    return sorted(beats, key=lambda beat: beat.ef_pct)[(len(beats) - 1) // 2]
