"""Read the network's logits around each beat: where every edge lies, how sure that is, and whether there is a wave.

Belongs here: from logits to one time per beat, lead and edge. Not here: what the leads and beats decide together (decision.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.waves.windows import BIN_S, PRESENCE_REACH, WINDOWS_S, limits_s

P_ONSET, P_OFFSET, QRS_ONSET, QRS_OFFSET, T_ONSET, T_OFFSET = range(6)
_PRESENCE = 6  # the first channel after the edges
_NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network says of each beat in each lead.

    `time_s` and `spread_s` (6, n_beats, n_leads): mean and standard deviation of each edge's distribution;
    `presence` (2, n_beats, n_leads): logits of a P wave before and a T wave after the beat.
    """

    time_s: np.ndarray
    spread_s: np.ndarray
    presence: np.ndarray


def read_logits(logits: np.ndarray, *, beat_time_s: np.ndarray) -> Reading:
    """Return the reading of logits (n_leads, 8, n_bins).

    Within an edge's window the logits become a distribution, whose mean is reported: it has the least mean square error,
    and it falls between the bins of 8 ms.
    """
    edges = [_edge(logits[:, edge], beat_time_s, edge) for edge in range(6)]
    centre = np.round(beat_time_s / BIN_S).astype(int)
    near = np.clip(centre[:, None] + np.arange(-PRESENCE_REACH, PRESENCE_REACH + 1), 0, logits.shape[2] - 1)
    presence = logits[:, _PRESENCE:][:, :, near].mean(axis=3)
    return Reading(
        np.stack([time_s for time_s, _ in edges]),
        np.stack([spread_s for _, spread_s in edges]),
        np.asarray(presence.transpose(1, 2, 0), dtype=float),
    )


def _edge(logits: np.ndarray, beat_time_s: np.ndarray, edge: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation in seconds of one edge, each (n_beats, n_leads); NaN where its window is outside."""
    low_s, high_s = limits_s(beat_time_s, edge)
    first = np.ceil(low_s / BIN_S).astype(int)
    steps = np.arange(int((WINDOWS_S[edge][1] - WINDOWS_S[edge][0]) / BIN_S) + 2)
    index = first[:, None] + steps
    outside = (index * BIN_S > high_s[:, None]) | (index < 0) | (index >= logits.shape[1])
    weight = logits.take(index, axis=1, mode="clip")
    np.copyto(weight, np.float32(_NEVER), where=outside)
    weight -= weight.max(axis=2, keepdims=True)
    np.exp(weight, out=weight)
    np.copyto(weight, np.float32(0), where=outside)
    powers = (steps[:, None] ** np.arange(3)).astype(np.float32)
    moments = weight.reshape(-1, len(steps)) @ powers  # as one product of matrices, not one for each lead
    total, first_moment, second_moment = moments.T.reshape(3, *weight.shape[:2])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, square = first_moment / total, second_moment / total
    spread_s = np.sqrt(np.maximum(square - mean**2, 0)) * BIN_S
    return (first + mean.astype(float)).T * BIN_S, spread_s.T.astype(float)
