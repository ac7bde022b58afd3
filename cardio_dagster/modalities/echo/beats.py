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
_EDGE_LOSS = 0.95  # an end-diastole on the clip's first frame must reach this share of the others'


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
    clip that ends in systole (no minimum inside) counts with its smallest frame. An
    end-diastole cut off by the start of the clip is left out if others are larger. Returns
    nothing where the curve is shorter than 10 frames or does not move.
    """
    if len(curve) < FRAMES_MIN:
        return ()
    from scipy.signal import find_peaks

    low, high = np.percentile(curve, (5, 95))
    if high - low < _SPREAD_MIN * np.median(curve):
        return ()
    distance = _INTERVAL_FRAMES if frame_rate_hz is None else max(SYSTOLE_INTERVAL_S * frame_rate_hz, 1)
    systoles = find_peaks(-curve, prominence=_PROMINENCE * (high - low), distance=distance)[0]
    if len(systoles) == 0:
        systoles = np.array([curve.argmin()])
    starts = (0, *systoles[:-1])
    beats = [_beat(curve, int(start), int(es)) for start, es in zip(starts, systoles, strict=True) if es > start]
    return _without_cut_off(beats)


def heart_rate_bpm(beats: tuple[Beat, ...], frame_rate_hz: float | None) -> float | None:
    """Return beats a minute from the median interval of end-systoles; None without two beats or a frame rate."""
    if len(beats) < 2 or frame_rate_hz is None:
        return None
    return float(60 * frame_rate_hz / np.median(np.diff([beat.es for beat in beats])))


def representative(beats: tuple[Beat, ...]) -> Beat:
    """Return the beat with the median ejection fraction, the lower one of two."""
    return sorted(beats, key=lambda beat: beat.ef_pct)[(len(beats) - 1) // 2]


def _beat(curve: np.ndarray, start: int, es: int) -> Beat:
    ed = start + int(curve[start:es].argmax())
    return Beat(ed, es, float(curve[ed]), float(curve[es]))


def _without_cut_off(beats: list[Beat]) -> tuple[Beat, ...]:
    if len(beats) > 1 and beats[0].ed == 0:
        others = float(np.median([beat.edv for beat in beats[1:]]))
        if beats[0].edv < _EDGE_LOSS * others:
            return tuple(beats[1:])
    return tuple(beats)
