"""A made-up 12-lead ECG: Gaussian waves on a beat clock, projected on the leads.

Belongs here: signals whose truth is known, for demonstration and tests. Not here: reading
or measuring ECGs. The idea of Gaussian waves is that of McSharry et al. 2003
(doi:10.1109/TBME.2003.808805); here they are placed in time, not on a limit cycle, so that
onset and offset are known exactly.
"""

from dataclasses import dataclass

import numpy as np

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")

# Wave: centre relative to R (ms), standard deviation (ms), amplitude in I, II and V1..V6 (mV).
_WAVES: dict[str, tuple[float, float, tuple[float, ...]]] = {
    "P": (-160.0, 20.0, (0.08, 0.13, 0.06, 0.07, 0.08, 0.08, 0.08, 0.07)),
    "Q": (-24.0, 7.0, (-0.05, -0.08, 0.0, 0.0, -0.03, -0.06, -0.07, -0.06)),
    "R": (0.0, 9.0, (0.65, 1.10, 0.20, 0.45, 0.80, 1.35, 1.25, 0.95)),
    "S": (25.0, 9.0, (-0.10, -0.15, -0.85, -1.10, -0.60, -0.30, -0.15, -0.08)),
    "T": (270.0, 42.0, (0.20, 0.30, -0.05, 0.30, 0.35, 0.33, 0.28, 0.22)),
}


@dataclass(frozen=True, slots=True)
class SyntheticEcg:
    """Signal (n_samples, 12) in mV, its sampling rate and the true times of the R peaks."""

    signal_mv: np.ndarray
    sampling_rate_hz: float
    r_peaks_s: np.ndarray


def synthetic_ecg(
    *,
    sampling_rate_hz: float,
    duration_s: float = 10.0,
    heart_rate_bpm: float = 72.0,
    irregular: bool = False,
    noise_mv: float = 0.01,
    seed: int = 0,
) -> SyntheticEcg:
    """Make a 12-lead ECG in sinus rhythm, or (`irregular`) with AF: no P waves, irregular RR intervals.

    The limb leads obey Einthoven's and Goldberger's equations exactly, apart from the noise.
    """
    rng = np.random.default_rng(seed)
    peaks_s = _beat_times(rng, duration_s, 60.0 / heart_rate_bpm, irregular)
    time_s = np.arange(round(duration_s * sampling_rate_hz)) / sampling_rate_hz
    measured = np.zeros((time_s.size, 8))
    for name, (centre_ms, width_ms, amplitudes_mv) in _WAVES.items():
        if name == "P" and irregular:
            continue
        shape = np.zeros_like(time_s)
        for peak_s in peaks_s:
            shape += np.exp(-0.5 * ((time_s - peak_s - centre_ms / 1000) / (width_ms / 1000)) ** 2)
        measured += shape[:, None] * np.array(amplitudes_mv)
    if irregular:
        measured += _fibrillation(rng, time_s)
    signal = _twelve_leads(measured) + noise_mv * rng.standard_normal((time_s.size, 12))
    return SyntheticEcg(signal.astype(np.float32), sampling_rate_hz, peaks_s)


def _beat_times(rng: np.random.Generator, duration_s: float, rr_s: float, irregular: bool) -> np.ndarray:
    spread = 0.22 if irregular else 0.02
    n_beats = int(duration_s / rr_s * 2) + 2
    intervals = np.clip(rr_s * (1 + spread * rng.standard_normal(n_beats)), 0.5 * rr_s, 1.8 * rr_s)
    times = 0.4 + np.cumsum(intervals) - intervals[0]
    return np.asarray(times[times < duration_s - 0.45])


def _fibrillation(rng: np.random.Generator, time_s: np.ndarray) -> np.ndarray:
    phase = 2 * np.pi * (6.0 * time_s + 0.3 * np.sin(2 * np.pi * 0.4 * time_s) + rng.random())
    weights = np.array([0.02, 0.05, 0.08, 0.05, 0.03, 0.02, 0.02, 0.02])
    return np.asarray(np.sin(phase)[:, None] * weights)


def _twelve_leads(measured: np.ndarray) -> np.ndarray:
    i, ii = measured[:, 0], measured[:, 1]
    limb = np.column_stack([i, ii, ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2])
    return np.hstack([limb, measured[:, 2:]])
