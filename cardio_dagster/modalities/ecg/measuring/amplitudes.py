"""Heights of P, Q, R, S, T and the level of the ST segment in each lead, from the representative beat.

Belongs here: voltages. Not here: times (intervals.py), or criteria made of voltages (voltage.py, statements/).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.measuring.deflections import QrsShape, take_apart
from cardio_dagster.modalities.ecg.measuring.median_beat import MedianBeat

ST_MS = (0, 40, 60, 80)


@dataclass(frozen=True, slots=True)
class LeadAmplitudes:
    """One lead: heights in mV above its level at QRS onset, signed; None is "no such wave".

    `st_mv` is the level at J, J+40, J+60 and J+80 ms; J is the QRS offset over all leads.
    """

    p_mv: float | None
    t_mv: float | None
    t_min_mv: float | None
    st_mv: tuple[float, ...]
    qrs: QrsShape
    peak_to_peak_mv: float


def measure_amplitudes(beat: MedianBeat) -> tuple[LeadAmplitudes | None, ...]:
    """Return the amplitudes of each lead in the order of the record's leads; None for a lead without edges of the QRS.

    P and T are the farthest points between their edges over all leads; T is looked for from J+80 ms where it has no onset. `t_min_mv` is the lowest point of T.
    """
    p_mv = None if beat.p_on is None or beat.p_off is None else _farthest(beat.signal_mv[beat.p_on : beat.p_off + 1])
    begin = beat.t_on if beat.t_on is not None else beat.qrs_off + beat.samples(0.08)
    end = beat.t_off if beat.t_off is not None and beat.t_off > begin else None
    t_mv = None if end is None else _farthest(beat.signal_mv[begin : end + 1])
    t_min_mv = None if end is None else beat.signal_mv[begin : end + 1].min(axis=0)
    st_mv = np.stack([_level(beat, beat.qrs_off + beat.samples(ms / 1000.0)) for ms in ST_MS])
    qrs_mv = np.ascontiguousarray(beat.signal_mv[beat.qrs_on : beat.qrs_off + 1].T)
    shapes = take_apart(qrs_mv, sampling_rate_hz=beat.sampling_rate_hz)
    size_mv = np.ptp(qrs_mv, axis=1)
    return tuple(
        LeadAmplitudes(
            p_mv=None if p_mv is None else float(p_mv[i]),
            t_mv=None if t_mv is None else float(t_mv[i]),
            t_min_mv=None if t_min_mv is None else float(t_min_mv[i]),
            st_mv=tuple(st_mv[:, i].tolist()),
            qrs=shapes[i],
            peak_to_peak_mv=float(size_mv[i]),
        )
        if has_qrs
        else None
        for i, has_qrs in enumerate(beat.lead_has_qrs)
    )


def _farthest(wave_mv: np.ndarray) -> np.ndarray:
    """Return the point farthest from zero in each lead, signed."""
    high, low = wave_mv.max(axis=0), wave_mv.min(axis=0)
    return np.asarray(np.where(high >= -low, high, low))


def _level(beat: MedianBeat, at: int) -> np.ndarray:
    """Return the mean of the 8 ms around a sample, in each lead."""
    half = beat.samples(0.004)
    last = len(beat.signal_mv)
    return np.asarray(beat.signal_mv[min(at - half, last - 1) : min(at + half + 1, last)].mean(axis=0))
