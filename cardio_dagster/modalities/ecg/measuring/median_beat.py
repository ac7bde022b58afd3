"""The representative beat: the median over the dominant beats, sample by sample, in every lead.

Belongs here: reading, aligning and averaging beats. Not here: measuring them (amplitudes.py, axis.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.measuring.edges import (
    P_SHARE,
    QRS_OFF,
    QRS_ON,
    QRS_SHARE,
    T_SHARE,
    Edges,
    middle,
    thin,
)
from cardio_dagster.modalities.ecg.middle import row_median
from cardio_dagster.modalities.ecg.prepared import PreparedEcg

MAX_AVERAGED = 100  # the noise falls with the root of their number
_SHARES = np.array([P_SHARE, P_SHARE, QRS_SHARE, QRS_SHARE, T_SHARE, T_SHARE])
_BEFORE_S, _AFTER_S = 0.12, 0.22  # at least so much around the beat: QRS, and ST up to J+80 ms
_MARGIN_S = 0.03
_QRS_S = 0.10  # either side of the beat, used to align
_MAX_SHIFT_S = 0.02
_CLUSTER_S = 30.0  # neighbouring beats of a long recording are read as one block of at most this


@dataclass(frozen=True, slots=True)
class MedianBeat:
    """One beat (n_samples, n_leads) in mV above each lead's level at QRS onset, with its edges as sample numbers.

    An edge is None where the beats do not have it. `lead_has_qrs` (n_leads,) tells which leads have edges of the QRS at all.
    """

    signal_mv: np.ndarray
    sampling_rate_hz: float
    n_beats: int
    qrs_on: int
    qrs_off: int
    p_on: int | None
    p_off: int | None
    t_on: int | None
    t_off: int | None
    lead_has_qrs: np.ndarray

    def samples(self, seconds: float) -> int:
        """Return how many samples a time has."""
        return round(seconds * self.sampling_rate_hz)


def make_median_beat(prepared: PreparedEcg, edges: Edges) -> MedianBeat | None:
    """Return the representative beat of the dominant type; None without a beat that lies whole in the recording and has QRS edges.

    Beats are shifted by up to 20 ms so that they match in the lead with the highest QRS; up to 100 beats take part. The level at QRS onset is
    the mean of the 10 ms before it.
    """
    rate_hz = prepared.record.sampling_rate_hz
    typical_s = middle(edges.whole_s, share=_SHARES, at_least=1)
    if not np.isfinite(typical_s[[QRS_ON, QRS_OFF]]).all():
        return None
    before = round((_MARGIN_S + max(_BEFORE_S, -float(np.nanmin(typical_s)))) * rate_hz)
    after = round((_MARGIN_S + max(_AFTER_S, float(np.nanmax(typical_s)))) * rate_hz)
    centre = np.round(thin(edges.chosen.time_s, MAX_AVERAGED) * rate_hz).astype(np.intp)
    centre = centre[(centre >= before) & (centre + after < len(prepared.record.signal_mv))]
    if not len(centre):
        return None
    beats_mv = _aligned(_read(prepared, centre, before, after), before, rate_hz)
    shape_mv = row_median(np.ascontiguousarray(beats_mv.transpose(1, 2, 0))).astype(np.float64)
    at = [before + round(float(s) * rate_hz) if np.isfinite(s) else None for s in typical_s]
    p_on, p_off, qrs_on, qrs_off, t_on, t_off = at
    assert qrs_on is not None
    assert qrs_off is not None
    shape_mv -= shape_mv[qrs_on - round(0.01 * rate_hz) : qrs_on + 1].mean(axis=0)
    has_qrs = np.isfinite(edges.lead_s[QRS_ON]).any(axis=0)
    return MedianBeat(shape_mv, rate_hz, len(centre), qrs_on, qrs_off, p_on, p_off, t_on, t_off, has_qrs)


def _read(prepared: PreparedEcg, centre: np.ndarray, before: int, after: int) -> np.ndarray:
    """Return the windows around the centres, (n_beats, before + after, n_leads), read in as few blocks as do."""
    reach = round(_CLUSTER_S * prepared.record.sampling_rate_hz)
    parts, first = [], 0
    while first < len(centre):
        last = int(np.searchsorted(centre, centre[first] + reach, side="right"))
        begin = int(centre[first]) - before
        block = prepared.block_mv(begin, int(centre[last - 1]) + after)
        places = (centre[first:last] - begin)[:, None] + np.arange(-before, after)[None, :]
        parts.append(block[places])
        first = last
    return np.concatenate(parts)


def _aligned(beats_mv: np.ndarray, before: int, rate_hz: float) -> np.ndarray:
    """Return the beats shifted to match the median of the lead with the highest QRS."""
    half, reach = round(_QRS_S * rate_hz), round(_MAX_SHIFT_S * rate_hz)
    if len(beats_mv) < 3 or reach < 1:
        return beats_mv
    qrs = beats_mv[:, before - half - reach : before + half + reach]
    lead = int(np.argmax(np.ptp(qrs[:, reach:-reach].mean(axis=0), axis=0)))
    one = qrs[:, :, lead] - qrs[:, :, lead].mean(axis=1, keepdims=True)
    shape = row_median(np.ascontiguousarray(one[:, reach : one.shape[1] - reach].T))
    moved = np.lib.stride_tricks.sliding_window_view(one, len(shape), axis=1)  # (n_beats, 2 reach + 1, n)
    energy = np.einsum("ijk,ijk->ij", moved, moved)
    shift = np.argmin(energy - 2.0 * (moved @ shape), axis=1) - reach
    if not shift.any():
        return beats_mv
    places = np.clip(np.arange(beats_mv.shape[1])[None, :] + shift[:, None], 0, beats_mv.shape[1] - 1)
    return np.asarray(beats_mv[np.arange(len(beats_mv))[:, None], places])
