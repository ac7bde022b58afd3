"""ECGs made of Gaussian waves at known times, for tests."""

import numpy as np

from cardio_dagster.modalities.ecg.signal import STANDARD_LEADS, EcgRecord

_DIPOLE = {"I": 0.7, "II": 1.0, "III": 0.3, "aVR": -0.85, "aVL": 0.2, "aVF": 0.65}
_CHEST = {"V1": -0.6, "V2": -0.4, "V3": 0.5, "V4": 1.1, "V5": 1.0, "V6": 0.8}
GAINS = {**_DIPOLE, **_CHEST}
# name: (centre in seconds from R, sigma in seconds, mV in lead II)
WAVES = {
    "P": (-0.16, 0.018, 0.15),
    "Q": (-0.025, 0.008, -0.1),
    "R": (0.0, 0.011, 1.2),
    "S": (0.028, 0.008, -0.2),
    "T": (0.28, 0.045, 0.3),
}


def beat_times(duration_s, bpm, *, jitter_s=0.0, seed=0):
    rng = np.random.default_rng(seed)
    rr = 60.0 / bpm
    times = np.arange(0.5, duration_s - 0.5, rr)
    return times + rng.uniform(-jitter_s, jitter_s, len(times))


def signal(times_s, *, duration_s, rate_hz, leads=STANDARD_LEADS, noise_mv=0.005, seed=1, skip=()):
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    one = np.zeros(len(t))
    for beat in times_s:
        for name, (centre, sigma, height) in WAVES.items():
            if name not in skip:
                one += height * np.exp(-0.5 * ((t - beat - centre) / sigma) ** 2)
    gains = np.array([GAINS.get(lead, 1.0) for lead in leads])
    rng = np.random.default_rng(seed)
    return (one[:, None] * gains + rng.normal(0, noise_mv, (len(t), len(leads)))).astype(np.float32)


def record(*, bpm=72.0, duration_s=10.0, rate_hz=500.0, leads=STANDARD_LEADS, times_s=None, sex=None, **options):
    times = beat_times(duration_s, bpm) if times_s is None else times_s
    samples = signal(times, duration_s=duration_s, rate_hz=rate_hz, leads=leads, **options)
    return EcgRecord(format="test", leads=tuple(leads), signal_mv=samples, sampling_rate_hz=rate_hz, patient_sex=sex)
