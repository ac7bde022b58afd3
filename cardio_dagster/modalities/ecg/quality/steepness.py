"""Beats that are none: P waves of a standstill, which rise far less steeply than any QRS.

Belongs here: comparing what was found as beats with the steep ones among them. Not here: finding beats.
A network judges shapes relative to the record's own; where the ventricles stand still, P waves are the record's own.
"""

import numpy as np

from cardio_dagster.modalities.ecg.signal import Beats

_REACH_S = 0.08
_STEP_S = 0.008
_LEAST = 0.12  # of the steep beats; P waves reach 0.05 to 0.1
_STEEP_PCT = 90.0


def steepness(signal_mv: np.ndarray, *, sampling_rate_hz: float, beat_time_s: np.ndarray) -> np.ndarray:
    """Return per beat the steepest rise of all leads together within 80 ms, over that of the steep beats (90th percentile), (n_beats,).

    `signal_mv` is (n_samples, n_leads), finite. The leads are added up as a vector, so that the noise of a low one counts little.
    """
    if not len(beat_time_s):
        return np.empty(0)
    step = max(1, round(_STEP_S * sampling_rate_hz))
    rise_mv = np.sqrt(((signal_mv[step:] - signal_mv[:-step]) ** 2).sum(axis=1))
    reach = round(_REACH_S * sampling_rate_hz)
    middle = np.round(beat_time_s * sampling_rate_hz).astype(int) - step // 2
    index = np.clip(middle[:, None] + np.arange(-reach, reach + 1), 0, len(rise_mv) - 1)
    per_beat = rise_mv[index].max(axis=1)
    return np.asarray(per_beat / max(float(np.percentile(per_beat, _STEEP_PCT)), 1e-9))


def without_p_waves(beats: Beats, signal_mv: np.ndarray, *, sampling_rate_hz: float) -> Beats:
    """Return the beats less those that rise less than an eighth as steeply as the steep ones."""
    if len(beats.time_s) < 2 or len(signal_mv) < 2:
        return beats
    kept = steepness(signal_mv, sampling_rate_hz=sampling_rate_hz, beat_time_s=beats.time_s) >= _LEAST
    types = tuple(letter for letter, keep in zip(beats.types, kept.tolist(), strict=True) if keep)
    return Beats(beats.time_s[kept], types, beats.likeness[kept], beats.probability[kept], beats.background)
