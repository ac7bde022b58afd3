"""The filtered signal of a long recording, computed where it is looked at.

Belongs here: gaps and filter of one stretch, the same whatever stretch is asked for. Not here: the filter (display_band.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.display_band import display_band
from cardio_dagster.modalities.ecg.signal import EcgRecord

_MARGIN_S = 8.0  # 25 time constants of the 0.5 Hz edge: what lies beyond weighs less than 1e-10
_BRIDGE_S = 60.0  # longer gaps are left on both sides within half of it, so that no gap must be known whole


def filtered_block(record: EcgRecord, start: int, stop: int) -> np.ndarray:
    """Return the samples from `start` to `stop` within 0.5 to 150 Hz, float32 (n, n_leads), finite, as if all had been filtered."""
    margin = round(_MARGIN_S * record.sampling_rate_hz)
    before, after = max(0, start - margin), min(len(record.signal_mv), stop + margin)
    if stop <= start:
        return np.empty((0, len(record.leads)), np.float32)
    bridged = bridged_block(record, before, after)
    return display_band(bridged, sampling_rate_hz=record.sampling_rate_hz)[start - before : stop - before]


def bridged_block(record: EcgRecord, start: int, stop: int) -> np.ndarray:
    """Return the samples in mV with gaps bridged, float32 (n, n_leads).

    A straight line up to 60 s; in a longer gap the voltage goes to 0 within 30 s and comes from there in the last 30 s. A lead
    without samples is 0.
    """
    block_mv = record.block_mv(start, stop)
    if np.isfinite(block_mv).all():
        return block_mv
    reach = round(_BRIDGE_S * record.sampling_rate_hz)
    first = max(0, start - reach)
    wide_mv = record.block_mv(first, min(len(record.signal_mv), stop + reach))
    for lead in wide_mv.T:
        _bridge(lead, reach=reach)
    return wide_mv[start - first : stop - first]


def _bridge(lead_mv: np.ndarray, *, reach: int) -> None:
    """Fill the gaps of one lead in place; `reach` is the longest that gets a straight line."""
    there = np.flatnonzero(np.isfinite(lead_mv))
    if len(there) == len(lead_mv):
        return
    ends = np.concatenate(([-1], there, [len(lead_mv)]))  # the borders count as ends of gaps of unknown length
    gaps = np.flatnonzero(np.diff(ends) - 1 > reach)
    zeros = np.concatenate((ends[gaps] + reach // 2, ends[gaps + 1] - reach // 2))
    zeros = zeros[(zeros >= 0) & (zeros < len(lead_mv))]
    knots = np.concatenate((there, zeros))
    if not len(knots):
        lead_mv[:] = 0.0
        return
    order = np.argsort(knots, kind="stable")
    values = np.concatenate((lead_mv[there], np.zeros(len(zeros), lead_mv.dtype)))
    gap = ~np.isfinite(lead_mv)
    lead_mv[gap] = np.interp(np.flatnonzero(gap), knots[order], values[order])
