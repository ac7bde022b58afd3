"""What each lead is worth: missing, flat, saturated or noisy, and what that does to the recording.

Belongs here: judging the signal as it came. Not here: mending it (preprocess.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.filters import bandpass, moving_average
from cardio_dagster.modalities.ecg.signal import EcgQuality, EcgRecord, LeadQuality

FLAT_MV = 0.01  # peak to peak in a second; the smallest QRS that is read is 0.05 mV
_NOISE_BAND_HZ = 40.0
_RAIL_RUN = 5  # equal samples in a row at the very highest or lowest value
# (limited above, unusable above)
_MISSING = (0.02, 0.5)
_FLAT = (0.1, 0.7)
_SATURATED = (0.01, 0.2)
_NOISE_MV = (0.05, 0.4)


def assess(record: EcgRecord, filled_mv: np.ndarray) -> EcgQuality:
    """Return the quality per lead and of the whole.

    `filled_mv` is the signal with its missing samples bridged, shape (n_samples, n_leads).
    The recording is unusable when all leads are, limited when one lead or more is not acceptable in a quarter of them.
    """
    rate_hz = record.sampling_rate_hz
    missing = np.isnan(record.signal_mv).mean(axis=0)
    flat = _flat_fraction(filled_mv, sampling_rate_hz=rate_hz)
    saturated = [_saturated_fraction(lead) for lead in filled_mv.T]
    noise_mv = _noise_mv(filled_mv, sampling_rate_hz=rate_hz)
    leads = tuple(
        _judge(name, float(missing[i]), float(flat[i]), saturated[i], None if noise_mv is None else float(noise_mv[i]))
        for i, name in enumerate(record.leads)
    )
    return EcgQuality(_overall(leads), leads)


def _overall(leads: tuple[LeadQuality, ...]) -> str:
    good = sum(lead.verdict == "acceptable" for lead in leads)
    if all(lead.verdict == "unusable" for lead in leads):
        return "unusable"
    return "acceptable" if good >= 0.75 * len(leads) else "limited"


def _judge(name: str, missing: float, flat: float, saturated: float, noise_mv: float | None) -> LeadQuality:
    checks = (
        ("missing samples", missing, _MISSING),
        ("flat line", flat, _FLAT),
        ("saturated", saturated, _SATURATED),
        ("noise", noise_mv or 0.0, _NOISE_MV),
    )
    reasons = tuple(text for text, value, (limited, _) in checks if value > limited)
    is_unusable = any(value > unusable for _, value, (_, unusable) in checks)
    verdict = "unusable" if is_unusable else "limited" if reasons else "acceptable"
    rounded_mv = None if noise_mv is None else round(noise_mv, 4)
    return LeadQuality(name, verdict, round(missing, 4), round(flat, 4), round(saturated, 4), rounded_mv, reasons)


def _flat_fraction(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return per lead the part of the seconds in which the signal spans less than 0.01 mV."""
    width = max(2, round(sampling_rate_hz))
    starts = np.arange(max(1, len(signal_mv) // width)) * width
    span_mv = np.maximum.reduceat(signal_mv, starts, axis=0) - np.minimum.reduceat(signal_mv, starts, axis=0)
    return np.asarray((span_mv < FLAT_MV).mean(axis=0))


def _saturated_fraction(lead_mv: np.ndarray) -> float:
    """Return the part of the samples that stay at the highest or lowest value for five samples or more; flat leads give 0."""
    low, high = lead_mv.min(), lead_mv.max()
    if high - low < FLAT_MV:
        return 0.0
    total = 0
    for rail in (low, high):
        at_rail = np.concatenate(([False], lead_mv == rail, [False]))
        edges = np.flatnonzero(np.diff(at_rail.astype(np.int8)))
        runs = edges[1::2] - edges[::2]
        total += int(runs[runs >= _RAIL_RUN].sum())
    return total / len(lead_mv)


def _noise_mv(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray | None:
    """Return per lead the usual RMS above 40 Hz (median over the time, so that QRS complexes do not count)."""
    if sampling_rate_hz < 100.0:
        return None
    fast = bandpass(signal_mv, sampling_rate_hz=sampling_rate_hz, low_hz=_NOISE_BAND_HZ, high_hz=None)
    power = moving_average(fast**2, sampling_rate_hz=sampling_rate_hz, window_s=0.1)
    return np.asarray(np.sqrt(np.median(np.maximum(power, 0.0), axis=0)))
