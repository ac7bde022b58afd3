"""Which waves there are: what the leads and beats of a recording decide together.

Belongs here: presence, bias and order of edges. Not here: reading the network (edges.py).
Edges stay those of each lead: moving them towards the other leads or the other beats was tried and made every error larger,
because the network has already seen all leads. The constants were chosen out of fold on LUDB (models/ecg_waves.md).
"""

import numpy as np

from cardio_dagster.modalities.ecg.waves.edges import (
    P_OFFSET,
    P_ONSET,
    QRS_OFFSET,
    QRS_ONSET,
    T_OFFSET,
    T_ONSET,
    Reading,
)

_BIAS_S = (0.0015, -0.001, 0.001, -0.0019, 0.0, -0.0022)  # mean error per edge, taken off
_P_SLOPE, _P_SHIFT = 1.75, 1.5  # calibration of the joint P logit; a single lead is too doubtful, twelve are not
_P_RHYTHM = 0.25  # share of the other beats of the recording in whether this one has a P wave
_MAX_LOGIT = 8.0  # no single lead is surer than this
_MIN_P = 0.5
_MIN_P_LEAD = 0.05  # a lead that sees none keeps none
_MAX_P_SPREAD_S = 0.045  # a P wave whose edges may lie anywhere is not reported
_MIN_T_LEAD = 0.2
_FROM_END_S = 0.02  # a wave so near to the end of the recording is cut


def p_probabilities(reading: Reading) -> np.ndarray:
    """Return per beat (n_beats,) the probability that a P wave precedes it.

    The mean logit of all leads, drawn by a quarter towards the median beat of the recording, calibrated out of fold.
    """
    logit = np.clip(reading.presence[0], -_MAX_LOGIT, _MAX_LOGIT).mean(axis=1)
    joint = (1 - _P_RHYTHM) * logit + _P_RHYTHM * np.median(logit)
    return _probability(_P_SLOPE * joint + _P_SHIFT / reading.presence.shape[2])


def decided_edges(reading: Reading, *, p_probability: np.ndarray, duration_s: float) -> np.ndarray:
    """Return the edges in seconds, (6, n_beats, n_leads), NaN where there is no such wave or it is cut by an end."""
    edges = reading.time_s - np.array(_BIAS_S)[:, None, None]
    edges[P_OFFSET] = np.minimum(edges[P_OFFSET], edges[QRS_ONSET])
    edges[T_ONSET] = np.maximum(edges[T_ONSET], edges[QRS_OFFSET])
    onset, offset = edges[[P_ONSET, QRS_ONSET, T_ONSET]], edges[[P_OFFSET, QRS_OFFSET, T_OFFSET]]
    with np.errstate(invalid="ignore"):
        there = (onset >= _FROM_END_S) & (offset <= duration_s - _FROM_END_S) & (offset > onset)
    there[0] &= (p_probability >= _MIN_P)[:, None] & (_probability(reading.presence[0]) >= _MIN_P_LEAD)
    there[0] &= reading.spread_s[[P_ONSET, P_OFFSET]].max(axis=0) <= _MAX_P_SPREAD_S
    there[2] &= _probability(reading.presence[1]) >= _MIN_T_LEAD
    return np.where(np.repeat(there, 2, axis=0), edges, np.nan)


def _probability(logit: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -30, 30))))
