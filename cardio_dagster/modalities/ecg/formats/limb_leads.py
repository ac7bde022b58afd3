"""Limb leads that a file leaves out because two say all, and pulses that it adds.

Belongs here: Einthoven's and Goldberger's sums, and the calibration pulse at the end. Not here: any format.
"""

import numpy as np

from cardio_dagster.modalities.ecg.signal import STANDARD_LEADS

# twice each lead as (times I, times II), so that whole numbers stay whole (Einthoven 1913, Goldberger 1942)
_TWICE = {"III": (-2, 2), "aVR": (-1, -1), "aVL": (2, -1), "aVF": (-1, 2)}
_MIN_PULSE_S = 0.1
_SAME_MV = 0.0125
CALIBRATION_NOTE = "the calibration pulse at the end was left out"


def with_limb_leads(
    leads: tuple[str, ...], steps: np.ndarray, step_mv: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray, str]:
    """Return names, mV and a note, with those of III, aVR, aVL and aVF that are not there but follow from I and II.

    `steps` is (n_samples, n_leads) in whole steps of `step_mv` (n_leads,); NaN is missing. The sums are made in steps,
    doubled, so they are exact; where I and II have other steps from each other nothing is added.
    """
    missing = [name for name in _TWICE if name not in leads]
    if not {"I", "II"} <= set(leads) or step_mv[leads.index("I")] != step_mv[leads.index("II")]:
        missing = []
    names = (*leads, *missing)
    order = sorted(names, key=lambda n: STANDARD_LEADS.index(n) if n in STANDARD_LEADS else 99) if missing else names
    signal_mv = np.empty((len(steps), len(names)), dtype=np.float32)
    for column, name in enumerate(order):  # one lead at a time, for a file may be large
        signal_mv[:, column] = _lead_mv(name, leads, steps, step_mv)
    return tuple(order), signal_mv, f"calculated from I and II: {', '.join(missing)}" if missing else ""


def _lead_mv(name: str, leads: tuple[str, ...], steps: np.ndarray, step_mv: np.ndarray) -> np.ndarray:
    """Return one lead in mV as float64: as it is stored, else as its sum."""
    if name in leads:
        at = leads.index(name)
        return np.asarray(steps[:, at].astype(np.float64) * step_mv[at])
    one, two = (steps[:, leads.index(n)].astype(np.float64) for n in ("I", "II"))
    of_one, of_two = _TWICE[name]
    return np.asarray((of_one * one + of_two * two) * (float(step_mv[leads.index("I")]) / 2))


def without_calibration(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the samples up to a 1 mV pulse that all leads share at the end, as Philips writes it.

    The pulse is told by three or more leads being the same (within 12.5 microvolt, for a converter rounds) at 0 and at 1 mV
    alone (within 5 %), at 1 mV for 0.1 s or more. No heart does that: aVR is minus the mean of I and II.
    """
    if signal_mv.shape[1] < 3:
        return signal_mv
    differs = np.flatnonzero(~(np.ptp(signal_mv, axis=1) <= _SAME_MV))  # NaN differs
    start = int(differs[-1]) + 1 if len(differs) else 0
    tail_mv = signal_mv[start:, 0]
    high = np.abs(tail_mv - 1.0) < 0.05
    is_pulse = bool((high | (np.abs(tail_mv) < 0.05)).all()) and high.sum() >= _MIN_PULSE_S * sampling_rate_hz
    return signal_mv[:start] if is_pulse and start else signal_mv
