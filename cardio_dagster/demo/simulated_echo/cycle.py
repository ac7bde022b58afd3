"""When the heart does what: R waves, the volume of the ventricle and how open its inlet is.

Belongs here: curves over time, as shares of a beat. Not here: shapes (ventricle.py, scene.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

_Curve = Callable[[float, float, float], PchipInterpolator]


@dataclass(frozen=True, slots=True)
class Beats:
    """R waves that cover a clip, one before its first frame and one after its last, and what each beat does.

    `systole_s` is from an R wave to the closure of the aortic valve; `rapid_share` is the share of
    the stroke volume that enters before the atrium contracts.
    """

    r_wave_s: np.ndarray
    systole_s: np.ndarray
    rapid_share: float


def draw_beats(rng: np.random.Generator, *, heart_rate_bpm: float, duration_s: float, rr_spread: float) -> Beats:
    """Draw the beats of a clip; `rr_spread` is the coefficient of variation of the interval between them.

    Electromechanical systole lasts 546 - 2.1 HR ms from the Q wave (Weissler et al. 1968,
    doi:10.1161/01.CIR.37.2.149), of which 40 ms pass before the R wave; it is held to 55 % of the beat.
    """
    mean_s = 60 / heart_rate_bpm
    count = int(np.ceil(duration_s / mean_s * 1.6)) + 4
    intervals = mean_s * np.clip(rng.normal(1, rr_spread, count), 0.55, 1.6)
    waves = np.concatenate([[0.0], np.cumsum(intervals)]) - rng.uniform(0.05, 0.95) * intervals[0]
    last = int(np.searchsorted(waves, duration_s)) + 1
    systole = np.minimum(0.506 - 0.0021 * heart_rate_bpm, 0.55 * intervals[:last])
    return Beats(waves[: last + 1], systole, float(rng.uniform(0.62, 0.85)))


def filling_at(beats: Beats, times_s: np.ndarray) -> np.ndarray:
    """Return how full the ventricle is, 1 at end-diastole and 0 at end-systole, (t,)."""
    return _along(beats, times_s, _filling_curve)


def inlet_at(beats: Beats, times_s: np.ndarray) -> np.ndarray:
    """Return how open the atrioventricular valves are, 0 to 1, (t,): rapid filling, drift, atrial kick."""
    return _along(beats, times_s, _inlet_curve)


def _along(beats: Beats, times_s: np.ndarray, curve: _Curve) -> np.ndarray:
    result = np.empty(len(times_s))
    beat = np.clip(np.searchsorted(beats.r_wave_s, times_s, side="right") - 1, 0, len(beats.systole_s) - 1)
    for i in np.unique(beat):
        interval = beats.r_wave_s[i + 1] - beats.r_wave_s[i]
        follow = curve(interval, beats.systole_s[i], beats.rapid_share)
        result[beat == i] = follow(np.clip(times_s[beat == i] - beats.r_wave_s[i], 0, interval))
    return result


def _marks(interval_s: float, systole_s: float) -> tuple[float, float, float, float]:
    """Return opening of the mitral valve, end of rapid filling, start of the atrial kick, its end."""
    diastole = interval_s - systole_s
    opening = systole_s + min(0.07, 0.15 * diastole)
    kick = interval_s - min(0.13, 0.3 * diastole)
    return opening, min(opening + 0.19, opening + 0.75 * (kick - opening)), kick, interval_s - 0.02


def _filling_curve(interval_s: float, systole_s: float, rapid_share: float) -> PchipInterpolator:
    opening, rapid, kick, full = _marks(interval_s, systole_s)
    isovolumic = 0.05
    middle = isovolumic + 0.45 * (systole_s - isovolumic)
    times = [0, isovolumic, middle, systole_s - 0.01, opening, rapid, kick, full, interval_s]
    return PchipInterpolator(times, [1, 1, 0.42, 0, 0, 0.93 * rapid_share, rapid_share, 1, 1])


def _inlet_curve(interval_s: float, systole_s: float, _: float) -> PchipInterpolator:
    opening, rapid, kick, full = _marks(interval_s, systole_s)
    early, late = (opening * 0.6 + rapid * 0.4), (kick + full) / 2
    times = [0, opening - 0.01, early, rapid, kick, late, interval_s]
    return PchipInterpolator(times, [0, 0, 1, 0.35, 0.3, 0.75, 0])
