"""Windows of a recording with their numbers and the model's probabilities.

Belongs here: which signal is looked at, and asking the model once for all windows. Not here: what the answers mean (decision.py).
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.rhythm.atrial import Atrial, slow_down
from cardio_dagster.modalities.ecg.rhythm.features import Stretch, features_of, measure_atria, stretch_of
from cardio_dagster.modalities.ecg.rhythm.intervals import MIN_BEATS
from cardio_dagster.modalities.ecg.rhythm.model import AFIB, rhythm_probabilities
from cardio_dagster.modalities.ecg.signal import LONG_S, EcgStructures
from cardio_dagster.modalities.ecg.windows import cut

_LOOKED_AT = 400  # windows of a long recording whose signal is read, spread evenly over those in doubt
_LOW = 0.2
_DOUBTFUL = 0.2  # probability of fibrillation by the intervals alone


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch: its beats, the longest time without one, and the probabilities of sinus, afib, other and noise.

    `probability` is None with fewer than four beats, `atrial` where the signal was not looked at or shows no dominant beat.
    """

    length_s: float
    silence_s: float
    stretch: Stretch
    atrial: Atrial | None = None
    probability: np.ndarray | None = None


def measure_windows(
    prepared: PreparedEcg, found: EcgStructures, kinds: np.ndarray, *, edges_s: np.ndarray, threads: int
) -> list[Window]:
    """Return the windows between `edges_s` (n + 1,).

    In recordings over 15 min the signal is read only where the intervals leave fibrillation possible, in at most 400 windows.
    """
    windows = [window_of(found, kinds, start_s=a, stop_s=b) for a, b in pairwise(edges_s.tolist())]
    asked = [i for i, window in enumerate(windows) if len(window.stretch.beat_time_s) >= MIN_BEATS]
    looked_at = asked
    if prepared.record.duration_s > LONG_S:
        windows = _ask(windows, asked, threads)
        doubtful = [i for i in asked if _afib(windows[i]) > _DOUBTFUL]
        looked_at = [doubtful[k] for k in _spread(len(doubtful))]
    for i in looked_at:
        windows[i] = look(prepared, windows[i], start_s=edges_s[i], stop_s=edges_s[i + 1])
    return _ask(windows, looked_at, threads)


def window_of(found: EcgStructures, kinds: np.ndarray, *, start_s: float, stop_s: float) -> Window:
    """Return the window from `start_s` to `stop_s`, its signal not looked at."""
    first, last = np.searchsorted(found.beat_time_s, (start_s, stop_s))
    stretch = stretch_of(found, kinds, first=int(first), last=int(last))
    return Window(float(stop_s - start_s), _silence_s(stretch.beat_time_s, start_s, stop_s), stretch)


def _ask(windows: list[Window], asked: list[int], threads: int) -> list[Window]:
    """Return the windows with the model's probabilities for those asked about."""
    if not asked:
        return windows
    features = np.stack([features_of(windows[i].stretch, windows[i].atrial) for i in asked])
    answers = dict(zip(asked, rhythm_probabilities(features, threads=threads), strict=True))
    return [replace(w, probability=answers[i]) if i in answers else w for i, w in enumerate(windows)]


def _afib(window: Window) -> float:
    return 0.0 if window.probability is None else float(window.probability[AFIB])


def _spread(n: int) -> np.ndarray:
    """Return at most 400 of n positions, evenly spread."""
    return np.unique(np.linspace(0, n - 1, min(n, _LOOKED_AT)).astype(int)) if n else np.empty(0, int)


def look(prepared: PreparedEcg, window: Window, *, start_s: float, stop_s: float) -> Window:
    """Return the window with what the atria do in the usable leads, and its silence measured between beats that stand high."""
    rate_hz = prepared.record.sampling_rate_hz
    first = int(start_s * rate_hz)
    block_mv = prepared.block_mv(first, int(stop_s * rate_hz))[:, prepared.quality.usable()]
    slow_mv, slow_hz = slow_down(block_mv, sampling_rate_hz=rate_hz)
    beat_s = window.stretch.beat_time_s
    beats_s = beat_s - first / rate_hz
    high_s = beat_s[_stand_high(slow_mv, beats_s, slow_hz)]
    atrial = measure_atria(window.stretch, slow_mv, rate_hz=slow_hz, start_s=first / rate_hz)
    return replace(window, atrial=atrial, silence_s=_silence_s(high_s, start_s, stop_s))


def _silence_s(beat_time_s: np.ndarray, start_s: float, stop_s: float) -> float:
    return float(np.diff(beat_time_s, prepend=start_s, append=stop_s).max())


def _stand_high(slow_mv: np.ndarray, beat_s: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return which beats have a fifth of the height of the high ones: P waves of a standstill, taken for beats, have not."""
    reach = round(0.08 * rate_hz)
    around = cut(slow_mv, np.round(beat_s * rate_hz).astype(int) - reach, width=2 * reach + 1)
    height_mv = np.ptp(around, axis=1).max(axis=1)
    return np.asarray(height_mv >= _LOW * np.sort(height_mv)[int(0.9 * (len(height_mv) - 1))])
