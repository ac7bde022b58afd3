"""What was measured in each lead: intervals, heights, the shape of the QRS and the ST segment.

Belongs here: the per-lead table of the JSON document and of the rules. Not here: how it is measured (intervals.py, amplitudes.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.measuring.amplitudes import LeadAmplitudes
from cardio_dagster.modalities.ecg.measuring.deflections import Deflection
from cardio_dagster.modalities.ecg.measuring.intervals import LeadIntervals


@dataclass(frozen=True, slots=True)
class LeadValues:
    """One lead; voltages in mV above its level at QRS onset, signed. None: no such wave, or not measured (`reason`).

    `qrs_pattern` names the waves of the QRS ("qRs"; capitals from 0.5 mV); in a "QS" the whole of it is `q`. `r2` is R'.
    `r_peak_ms` runs from QRS onset to the top of the higher R. ST levels are at J (QRS offset over all leads) and 40, 60, 80 ms after it.
    """

    p_ms: float | None = None
    pr_ms: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None
    p_mv: float | None = None
    q_mv: float | None = None
    q_ms: float | None = None
    r_mv: float | None = None
    r_ms: float | None = None
    r_peak_ms: float | None = None
    s_mv: float | None = None
    s_ms: float | None = None
    r2_mv: float | None = None
    r2_ms: float | None = None
    qrs_pattern: str | None = None
    is_notched: bool | None = None
    peak_to_peak_mv: float | None = None
    st_j_mv: float | None = None
    st_j40_mv: float | None = None
    st_j60_mv: float | None = None
    st_j80_mv: float | None = None
    t_mv: float | None = None
    t_min_mv: float | None = None
    reason: str | None = None

    @property
    def highest_r_mv(self) -> float:
        """Return the higher of R and R' in mV, 0 without."""
        return max(self.r_mv or 0.0, self.r2_mv or 0.0)

    @property
    def deepest_mv(self) -> float:
        """Return the depth of the deepest of Q, QS and S in mV as a positive number, 0 without."""
        return max(-(self.s_mv or 0.0), -(self.q_mv or 0.0))


def lead_table(
    leads: tuple[str, ...], intervals: LeadIntervals, amplitudes: tuple[LeadAmplitudes | None, ...], *, has_p: bool
) -> dict[str, LeadValues]:
    """Return the values by lead; `has_p` False (atrial fibrillation) leaves out P and PR."""
    columns = (intervals.p_ms, intervals.pr_ms, intervals.qrs_ms, intervals.qt_ms)
    times_ms = np.round(np.stack(columns, axis=1), 1).tolist()
    return {
        lead: _row([None if v != v else v for v in times], size, has_p)  # noqa: PLR0124 (NaN is absent)
        for lead, times, size in zip(leads, times_ms, amplitudes, strict=True)
    }


def _row(times_ms: list[float | None], size: LeadAmplitudes | None, has_p: bool) -> LeadValues:
    if size is None:
        return LeadValues(reason="not usable, or no edges of the QRS in this lead")
    q, r, s, r2, high = size.qrs.q, size.qrs.r, size.qrs.s, size.qrs.r2, size.qrs.highest_r
    st = [round(level, 3) for level in size.st_mv]
    return LeadValues(
        p_ms=times_ms[0] if has_p else None,
        pr_ms=times_ms[1] if has_p else None,
        qrs_ms=times_ms[2],
        qt_ms=times_ms[3],
        p_mv=_mv(size.p_mv) if has_p else None,
        q_mv=_height(q),
        q_ms=_length(q),
        r_mv=_height(r),
        r_ms=_length(r),
        r_peak_ms=None if high is None else round(high.peak_ms, 1),
        s_mv=_height(s),
        s_ms=_length(s),
        r2_mv=_height(r2),
        r2_ms=_length(r2),
        qrs_pattern=size.qrs.pattern,
        is_notched=size.qrs.is_notched,
        peak_to_peak_mv=_mv(size.peak_to_peak_mv),
        st_j_mv=st[0],
        st_j40_mv=st[1],
        st_j60_mv=st[2],
        st_j80_mv=st[3],
        t_mv=_mv(size.t_mv),
        t_min_mv=_mv(size.t_min_mv),
    )


def _mv(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _height(wave: Deflection | None) -> float | None:
    return None if wave is None else round(wave.size_mv, 3)


def _length(wave: Deflection | None) -> float | None:
    return None if wave is None else round(wave.length_ms, 1)
