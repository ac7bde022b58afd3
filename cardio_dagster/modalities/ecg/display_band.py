"""The 0.5 to 150 Hz band of an ECG, quickly: what every later verb measures.

Belongs here: that one filter in the frequency domain, and why its edges lie where they do. Not here: what is filtered when (preprocess.py, long/filter.py).
"""

from functools import lru_cache

import numpy as np

BASELINE_CUT_HZ = (
    0.5  # AHA/ACC/HRS 2007 part I (10.1161/CIRCULATIONAHA.106.180200) allows 0.67 Hz and below at zero phase
)
DIAGNOSTIC_CUT_HZ = 150.0
_EXTENSION_S = 2.0  # one period of the lowest frequency, as filtfilt would take


def display_band(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the signal within 0.5 to 150 Hz at zero phase, float32 (n_samples, n_leads); `signal_mv` is finite.

    The gain of a first-order Butterworth filter run forth and back, applied by FFT to the signal extended by its
    point reflection. Equal to scipy.signal.sosfiltfilt with it within 1 uV beyond the first and last 2 s, and within some uV at the very ends.
    An upper edge at or beyond 0.45 of the sampling rate is left open.
    """
    from scipy import fft

    n_samples = len(signal_mv)
    pad = min(n_samples - 1, int(_EXTENSION_S * sampling_rate_hz))
    leads = np.ascontiguousarray(signal_mv.T, dtype=np.float32)
    leads -= leads[:, :1]  # no part of the band, and 300 mV of it would cost float32 its precision
    length = fft.next_fast_len(n_samples + 2 * pad, real=True)
    extended = np.zeros((len(leads), length), np.float32)
    extended[:, pad : pad + n_samples] = leads
    extended[:, :pad] = -leads[:, pad:0:-1]
    extended[:, pad + n_samples : 2 * pad + n_samples] = 2 * leads[:, -1:] - leads[:, -2 : -2 - pad : -1]
    _level_ends(extended, n_samples + 2 * pad)
    spectrum = fft.rfft(extended, axis=1, overwrite_x=True)
    spectrum *= _gain(length, sampling_rate_hz)
    band = fft.irfft(spectrum, length, axis=1, overwrite_x=True)[:, pad : pad + n_samples]
    return np.ascontiguousarray(band.T, dtype=np.float32)


def _level_ends(leads: np.ndarray, used: int) -> None:
    """Take the line between the first and last of the used samples away, in place: the FFT sees a circle, which must not jump.

    A line is no part of the band; beyond the used samples the leads stay 0.
    """
    first, last = leads[:, :1].copy(), leads[:, used - 1 : used].copy()
    leads[:, :used] -= first
    leads[:, :used] -= (last - first) * _ramp(used)


@lru_cache(maxsize=8)
def _ramp(n: int) -> np.ndarray:
    """Return n steps from 0 to 1."""
    ramp = np.linspace(0.0, 1.0, n, dtype=np.float32)
    ramp.flags.writeable = False
    return ramp


@lru_cache(maxsize=8)
def _gain(length: int, sampling_rate_hz: float) -> np.ndarray:
    """Return the gain per frequency of a real FFT of `length` samples: |H|^2 of the filter by the bilinear transform, edges prewarped.

    In closed form, because importing scipy.signal for it takes longer than the analysis of a short recording.
    """
    is_open = 0.45 * sampling_rate_hz <= DIAGNOSTIC_CUT_HZ
    frequency_hz = np.arange(length // 2 + 1) * (sampling_rate_hz / length)
    with np.errstate(divide="ignore"):  # no gain at 0 Hz
        warped = _warped(frequency_hz, sampling_rate_hz)
        low = _warped(BASELINE_CUT_HZ, sampling_rate_hz)
        if is_open:
            away = low / warped
        else:
            high = _warped(DIAGNOSTIC_CUT_HZ, sampling_rate_hz)
            away = (warped - low * high / warped) / (high - low)
    gain: np.ndarray = (1.0 / (1.0 + away**2)).astype(np.float32)
    gain.flags.writeable = False
    return gain


def _warped(frequency_hz: np.ndarray | float, sampling_rate_hz: float) -> np.ndarray:
    """Return what the bilinear transform makes of a frequency, but for a common factor; very large at half the sampling rate."""
    return np.asarray(np.tan(np.pi * np.asarray(frequency_hz) / sampling_rate_hz))
