"""Zero-phase filters of an ECG, each with the band it leaves and why.

Belongs here: linear filtering along the time axis. Not here: what is filtered when (preprocess.py, beats.py).
Signals are float arrays of shape (n_samples, n_leads), in mV.
"""

import numpy as np

BASELINE_CUT_HZ = (
    0.5  # AHA/ACC/HRS 2007 part I (10.1161/CIRCULATIONAHA.106.180200) allows 0.67 Hz and below at zero phase
)
DIAGNOSTIC_CUT_HZ = 150.0


def bandpass(
    signal_mv: np.ndarray, *, sampling_rate_hz: float, low_hz: float | None, high_hz: float | None, order: int = 2
) -> np.ndarray:
    """Return the signal within [low_hz, high_hz], without a shift in time.

    Butterworth, run forth and back, so the gain at the edges is -6 dB and the slope twice the
    order. None leaves that side open. An upper edge at or beyond 0.45 of the sampling rate is left open.
    """
    from scipy import signal as sps

    if high_hz is not None and high_hz >= 0.45 * sampling_rate_hz:
        high_hz = None
    edges = [e for e in (low_hz, high_hz) if e is not None]
    if not edges:
        return signal_mv
    kind = "bandpass" if len(edges) == 2 else ("highpass" if low_hz is not None else "lowpass")
    sos = sps.butter(order, edges if len(edges) == 2 else edges[0], btype=kind, fs=sampling_rate_hz, output="sos")
    padding = min(len(signal_mv) - 1, int(sampling_rate_hz / (low_hz or 5.0)))
    return np.asarray(sps.sosfiltfilt(sos, signal_mv, axis=0, padlen=padding))


def moving_average(signal_mv: np.ndarray, *, sampling_rate_hz: float, window_s: float) -> np.ndarray:
    """Return the centred mean over `window_s` seconds, at least one sample."""
    from scipy.ndimage import uniform_filter1d

    width = max(1, round(window_s * sampling_rate_hz))
    return np.asarray(uniform_filter1d(signal_mv, size=width, axis=0, mode="nearest"))


def for_display(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the signal without baseline wander and above 150 Hz; ST segments keep their level."""
    return bandpass(
        signal_mv, sampling_rate_hz=sampling_rate_hz, low_hz=BASELINE_CUT_HZ, high_hz=DIAGNOSTIC_CUT_HZ, order=1
    )
