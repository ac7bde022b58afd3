"""Interference of the mains, told by a narrow peak at 50 or 60 Hz.

Belongs here: its size. Not here: removing it.
"""

from functools import lru_cache

import numpy as np

from cardio_dagster.modalities.ecg.middle import row_median

FREQUENCIES_HZ = (50.0, 60.0)
_AWAY_HZ = np.array([-4.0, -3.0, -2.0, 2.0, 3.0, 4.0])
_STANDS_OUT = 5.0  # times the median of its neighbours; QRS complexes alone reach 2.6 in LUDB
_MIN_MV = 0.005


def mains_mv(seconds: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the size of the wave of 50 and of 60 Hz in mV, (2, n_leads, n_seconds); 0 where it does not stand out.

    `seconds` is (n_leads, n_seconds, n_samples). A Fourier sum of each second at the frequency and 2 to 4 Hz beside it; a
    frequency above 0.48 of the sampling rate, or seconds too short to tell them apart, give 0.
    """
    n_leads, n_seconds, width = seconds.shape
    sizes_mv = np.zeros((len(FREQUENCIES_HZ), n_leads, n_seconds), np.float32)
    for size_mv, frequency_hz in zip(sizes_mv, FREQUENCIES_HZ, strict=True):
        if frequency_hz <= 0.48 * sampling_rate_hz and width >= 0.9 * sampling_rate_hz:
            waves = _waves(width, frequency_hz, sampling_rate_hz)
            parts = np.square(seconds.reshape(-1, width) @ waves).reshape(n_leads, n_seconds, -1)
            power = parts[..., ::2] + parts[..., 1::2]
            rest = row_median(power[..., 1:])
            is_peak = power[..., 0] > np.maximum(_STANDS_OUT**2 * rest, _MIN_MV**2)
            size_mv[is_peak] = np.sqrt(power[..., 0][is_peak])
    return sizes_mv


@lru_cache(maxsize=8)
def _waves(width: int, frequency_hz: float, rate_hz: float) -> np.ndarray:
    """Return cosine and sine side by side for the frequency and those beside it, float32 (width, 2 * n)."""
    beside_hz = frequency_hz + _AWAY_HZ
    all_hz = np.concatenate(([frequency_hz], beside_hz[beside_hz < 0.49 * rate_hz]))
    angle = 2.0 * np.pi * np.arange(width)[:, None] * all_hz / rate_hz
    both = np.stack((np.cos(angle), np.sin(angle)), axis=2).reshape(width, -1)
    return np.asarray(both * (2.0 / width), dtype=np.float32)
