"""The 0.5 to 150 Hz filter in the form that the shipped models were trained with.

Belongs here: that filter alone, so that training again gives the same files. The package filters by FFT (modalities/ecg/display_band.py), which
differs by less than 1 uV but for the ends; a test holds the two together.
"""

import numpy as np
from scipy import signal as sps

from cardio_dagster.modalities.ecg.display_band import BASELINE_CUT_HZ, DIAGNOSTIC_CUT_HZ


def for_display(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the signal (n_samples, n_leads) without baseline wander and above 150 Hz; ST segments keep their level.

    First-order Butterworth, run forth and back. An upper edge at or beyond 0.45 of the sampling rate is left open.
    """
    is_open = 0.45 * sampling_rate_hz <= DIAGNOSTIC_CUT_HZ
    edges, kind = (BASELINE_CUT_HZ, "highpass") if is_open else ([BASELINE_CUT_HZ, DIAGNOSTIC_CUT_HZ], "bandpass")
    sos = sps.butter(1, edges, btype=kind, fs=sampling_rate_hz, output="sos")
    padding = min(len(signal_mv) - 1, int(sampling_rate_hz / BASELINE_CUT_HZ))
    return np.asarray(sps.sosfiltfilt(sos, signal_mv, axis=0, padlen=padding))
