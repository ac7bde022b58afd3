"""Heart rate variability after the Task Force of ESC and NASPE 1996 (10.1161/01.CIR.93.5.1043).

Belongs here: numbers from normal-to-normal intervals. Not here: finding or typing beats.
"""

from dataclasses import dataclass

import numpy as np

MIN_NN = 5
MIN_SPECTRUM_S = 120.0  # ten periods of the slowest wave of LF, 0.04 Hz, would be 250 s; the Task Force accepts 2 min
_MIN_NORMAL_SHARE = 0.8
_RESAMPLED_HZ = 4.0
_LF_HZ, _HF_HZ = (0.04, 0.15), (0.15, 0.4)
_NN_S = (0.3, 2.0)


@dataclass(frozen=True, slots=True)
class Hrv:
    """Variability over `duration_s` seconds of `n_nn` intervals; None where it is refused, with the reason.

    SDNN grows with the length of the record: compare it only with records of equal length.
    """

    n_nn: int
    duration_s: float
    mean_nn_ms: float | None = None
    sdnn_ms: float | None = None
    rmssd_ms: float | None = None
    pnn50_pct: float | None = None
    lf_ms2: float | None = None
    hf_ms2: float | None = None
    lf_hf: float | None = None
    time_reason: str | None = None
    spectrum_reason: str | None = None


def measure_hrv(
    beat_time_s: np.ndarray, beat_types: tuple[str, ...], *, rhythm: str, refusal: str | None = None
) -> Hrv:
    """Return the variability of the intervals between two neighbouring normal beats.

    Refused as a whole in atrial fibrillation or flutter and in a paced rhythm, where it does not speak of the sinus node, and
    with fewer than five intervals, or for the reason given as `refusal`; the spectrum also below 120 s or when under 80 % of the intervals are normal.
    """
    starts_s, nn_s, follows = normal_intervals(beat_time_s, beat_types)
    duration_s = float(beat_time_s[-1] - beat_time_s[0]) if len(beat_time_s) > 1 else 0.0
    reason = refusal or _refusal(len(nn_s), rhythm)
    if reason:
        return Hrv(len(nn_s), duration_s, time_reason=reason, spectrum_reason=reason)
    change_ms = 1000.0 * np.diff(nn_s)[follows]
    has_change = len(change_ms) > 0
    spectrum_reason = _spectrum_refusal(duration_s, len(nn_s) / (len(beat_time_s) - 1))
    lf_ms2, hf_ms2 = (None, None) if spectrum_reason else _spectrum(starts_s, nn_s)
    return Hrv(
        n_nn=len(nn_s),
        duration_s=duration_s,
        mean_nn_ms=float(1000.0 * nn_s.mean()),
        sdnn_ms=float(1000.0 * nn_s.std(ddof=1)),
        rmssd_ms=float(np.sqrt((change_ms**2).mean())) if has_change else None,
        pnn50_pct=float(100.0 * (np.abs(change_ms) > 50.0).mean()) if has_change else None,
        lf_ms2=lf_ms2,
        hf_ms2=hf_ms2,
        lf_hf=lf_ms2 / hf_ms2 if lf_ms2 is not None and hf_ms2 else None,
        time_reason=None if has_change else "no two normal intervals follow each other",
        spectrum_reason=spectrum_reason,
    )


def normal_intervals(beat_time_s: np.ndarray, beat_types: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return start and length of the NN intervals in seconds, and per neighbouring pair whether the second follows the first."""
    normal = np.array(beat_types) == "N"
    rr_s = np.diff(beat_time_s)
    kept = (
        np.flatnonzero(normal[:-1] & normal[1:] & (rr_s > _NN_S[0]) & (rr_s < _NN_S[1]))
        if len(rr_s)
        else np.empty(0, int)
    )
    return beat_time_s[kept], rr_s[kept], np.diff(kept) == 1


def _refusal(n_nn: int, rhythm: str) -> str | None:
    if rhythm in {"afib", "aflutter", "paced"}:
        return f"not meaningful in this rhythm ({rhythm})"
    return None if n_nn >= MIN_NN else f"{n_nn} normal intervals, at least {MIN_NN} are needed"


def _spectrum_refusal(duration_s: float, normal_share: float) -> str | None:
    if duration_s < MIN_SPECTRUM_S:
        return f"{duration_s:.0f} s recorded, at least {MIN_SPECTRUM_S:.0f} s are needed"
    if normal_share < _MIN_NORMAL_SHARE:
        return f"{100 * normal_share:.0f} % of the intervals are normal, at least {100 * _MIN_NORMAL_SHARE:.0f} % are needed"
    return None


def _spectrum(starts_s: np.ndarray, nn_s: np.ndarray) -> tuple[float, float]:
    """Return the power in LF and HF in ms2: NN intervals at 4 Hz by a cubic spline, Welch over segments of up to 5 min."""
    from scipy.interpolate import CubicSpline
    from scipy.signal import welch

    grid_s = np.arange(starts_s[0], starts_s[-1], 1.0 / _RESAMPLED_HZ)
    evenly_ms = CubicSpline(starts_s, 1000.0 * nn_s)(grid_s)
    frequency_hz, density = welch(
        evenly_ms, fs=_RESAMPLED_HZ, nperseg=min(len(evenly_ms), int(300 * _RESAMPLED_HZ)), detrend="linear"
    )
    step_hz = frequency_hz[1] - frequency_hz[0]
    lf, hf = (
        float(density[(frequency_hz >= low) & (frequency_hz < high)].sum() * step_hz) for low, high in (_LF_HZ, _HF_HZ)
    )
    return lf, hf
