"""Heart beats in the curve of ventricular volume over time: end-diastole and end-systole.

Belongs here: finding the largest and smallest ventricle of each beat from the curve alone. Not here: beats from
R waves (r_waves.py), which beats are averaged (rhythm.py), how a volume comes about (volumes/).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.echo.cycles.peaks import find_peaks

SYSTOLE_INTERVAL_S = 0.3  # two end-systoles are farther apart, up to 200 beats a minute
_INTERVAL_FRAMES = 8  # the same where the frame rate is unknown, at about 30 Hz
_PROMINENCE = 0.3  # of the curve's spread: an early beat of atrial fibrillation ejects little
_SPREAD_MIN = 0.03  # of the median volume: less is noise, and no beat is claimed
FRAMES_MIN = 10
_EDGE_LOSS = 0.95  # an end-diastole on the clip's first frame must reach this share of the largest volume
_EDGE_LOSS_OF_MANY = 0.98  # and this share where the clip holds other beats
_SETTLED = 0.5  # at the end of a clip that ends in systole: mean of the last three falls over the steepest
_EMPTY = 0.1  # and how near the smallest volume the last frame is, as a share of the spread


@dataclass(frozen=True, slots=True)
class Beat:
    """One contraction: positions in the chosen frames, volumes in the unit of the curve.

    `ed` lies before `es`, but for a clip cut in systole, whose only beat is paired with the diastole after it.
    `r_wave_s` is the time of its R wave from the first frame of the file. `rr_before_s` and `rr_s` are
    the cycle lengths that end and start with this beat: between R waves where the beat has one, else
    between the moments at which half of the stroke is ejected. None where not known.
    """

    ed: int
    es: int
    edv: float
    esv: float
    r_wave_s: float | None = None
    rr_before_s: float | None = None
    rr_s: float | None = None

    @property
    def ef_pct(self) -> float:
        """Return the ejection fraction in percent."""
        return 100 * (self.edv - self.esv) / self.edv


def find_beats(curve: np.ndarray, frame_rate_hz: float | None) -> tuple[Beat, ...]:
    """Return the beats of a smoothed volume curve (n,), in order of time, without times.

    End-systoles are its minima; the end-diastole of each is the maximum since the one before. A beat
    whose end-diastole was cut off by the start of the clip is left out. Where no other remains, its end-systole is paired with the diastole that follows it; and a
    clip that ends in systole counts with its last frame, if the ventricle has stopped shrinking
    there and no other beat is whole. Returns nothing where the curve is shorter than 10 frames, does not move or holds no such pair.
    """
    if len(curve) < FRAMES_MIN:
        return ()
    if is_at_rest(curve):
        return ()
    low, high = np.percentile(curve, (5, 95))
    distance = _INTERVAL_FRAMES if frame_rate_hz is None else max(SYSTOLE_INTERVAL_S * frame_rate_hz, 1)
    systoles = _minima(curve, prominence=_PROMINENCE * (high - low), distance=distance)
    starts = [0, *systoles][: len(systoles)]
    beats = [_beat(curve, start, es) for start, es in zip(starts, systoles, strict=True)]
    whole = [beat for beat in beats if not _is_cut_off(beat, curve, _EDGE_LOSS)]
    inner = [b for b in whole if not _is_cut_off(b, curve, _EDGE_LOSS_OF_MANY) and b.es < len(curve) - 1]
    return tuple(inner or whole) or _next_diastole(curve, systoles)


def is_at_rest(curve: np.ndarray) -> bool:
    """Return whether a volume curve (n,) moves so little, by 3 % of its median, that it is noise."""
    low, high = np.percentile(curve, (5, 95))
    return bool(high - low < _SPREAD_MIN * np.median(curve))


def _minima(curve: np.ndarray, *, prominence: float, distance: float) -> list[int]:
    """Return the end-systoles; the ends of the clip count as high, so that a minimum near them is seen."""
    walled = np.concatenate([[curve.max()], curve, [curve.max()]])
    found = [place - 1 for place in find_peaks(-walled, prominence=prominence, distance=distance)]
    return [i for i in found if i > 0 and (i < len(curve) - 1 or _ends_in_systole(curve))]


def _ends_in_systole(curve: np.ndarray) -> bool:
    """Return whether the clip ends on an empty ventricle that has nearly stopped shrinking."""
    falls = -np.diff(curve)
    is_empty = curve[-1] <= curve.min() + _EMPTY * np.ptp(curve)
    return bool(is_empty and falls[-3:].mean() < _SETTLED * falls.max())


def _beat(curve: np.ndarray, start: int, es: int) -> Beat:
    ed = start + int(curve[start:es].argmax())
    return Beat(ed, es, float(curve[ed]), float(curve[es]))


def _is_cut_off(beat: Beat, curve: np.ndarray, full: float) -> bool:
    """Return whether the clip starts in the middle of this beat's systole: the first frame is not as good as full."""
    return beat.ed == 0 and beat.edv < full * curve.max()


def _next_diastole(curve: np.ndarray, systoles: list[int]) -> tuple[Beat, ...]:
    """Pair the first end-systole with the largest frame after it, unless the clip ends while still filling."""
    if not systoles:
        return ()
    es = systoles[0]
    ed = es + int(curve[es:].argmax())
    return () if ed == len(curve) - 1 else (Beat(ed, es, float(curve[ed]), float(curve[es])),)
