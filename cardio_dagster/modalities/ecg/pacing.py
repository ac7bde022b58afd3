"""Spikes of a pacemaker before a beat.

Belongs here: recognising stimuli in the raw signal. Not here: anything in the filtered signal, where a spike of 0.5 ms is gone.
"""

import numpy as np

MIN_SAMPLING_RATE_HZ = 400.0  # slower sampling smears a spike into a QRS
_SPIKE_MV = 0.16
_WINDOW_S = (0.14, 0.01)  # before the beat's peak: from, to
_LEADS = 0.25


def paced_beats(signal_mv: np.ndarray, *, sampling_rate_hz: float, beat_time_s: np.ndarray) -> np.ndarray:
    """Return per beat whether a stimulus precedes it, (n_beats,) of bool; all False below 400 Hz, where it cannot be seen.

    A spike is a sample or two that stand 0.16 mV out of the median of the samples around them, in a quarter of the leads
    or more, within 140 ms before the peak. Many devices filter spikes away or draw them anew: absence proves nothing.
    """
    result = np.zeros(len(beat_time_s), dtype=bool)
    if sampling_rate_hz < MIN_SAMPLING_RATE_HZ or not len(beat_time_s):
        return result
    spikes = _spikes(np.nan_to_num(signal_mv), sampling_rate_hz=sampling_rate_hz)
    if spikes.size == 0:
        return result
    start = np.searchsorted(spikes, beat_time_s - _WINDOW_S[0])
    end = np.searchsorted(spikes, beat_time_s - _WINDOW_S[1])
    return np.asarray(end > start)


def _spikes(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the times of spikes in seconds."""
    from scipy.ndimage import median_filter

    width = 2 * round(0.005 * sampling_rate_hz) + 1
    steep = np.abs(np.diff(signal_mv, axis=0, prepend=signal_mv[:1])).max(axis=1) > 0.5 * _SPIKE_MV
    if not steep.any():
        return np.empty(0)
    stands_out = np.abs(signal_mv - median_filter(signal_mv, size=(width, 1))) > _SPIKE_MV
    return np.asarray(np.flatnonzero(stands_out.mean(axis=1) >= _LEADS) / sampling_rate_hz)
