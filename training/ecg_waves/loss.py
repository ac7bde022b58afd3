"""The loss of the wave network: where each edge lies within its beat's window, and whether there is a wave at all.

Belongs here: tensors of one batch against the network's output. Not here: the windows (the package's wave_windows.py).
"""

import torch
from torch import Tensor, nn

from cardio_dagster.modalities.ecg.waves.windows import BIN_S, PRESENCE_REACH, WINDOWS_S, limits_s
from training.ecg_waves.model import N_OUT, N_PRESENCE

_SIGMA_S = 0.008
_BETA_MS = 30.0
_PRESENCE_WEIGHT = 0.5
_CLASS_WEIGHT = 0.5


def wave_loss(
    output: Tensor, beat_s: Tensor, edges_s: Tensor, presence: Tensor, classes: Tensor, *, distance_weight: float
) -> Tensor:
    """Return the loss of a batch.

    `output` (n, leads, channels, bins), `beat_s` (n, beats), `edges_s` (n, beats, leads, 6), `presence` (n, beats, leads, 2),
    `classes` (n, leads, 3, bins); NaN in a target means unknown and costs nothing.
    """
    loss = _PRESENCE_WEIGHT * _presence_loss(output, beat_s, presence)
    loss = loss + _CLASS_WEIGHT * _masked_bce(output[:, :, N_OUT:], classes)
    for edge in range(6):
        loss = loss + _edge_loss(output[:, :, edge], beat_s, edges_s[..., edge], edge, distance_weight) / 6
    return loss


def _presence_loss(output: Tensor, beat_s: Tensor, presence: Tensor) -> Tensor:
    logits = output[:, :, N_OUT - N_PRESENCE : N_OUT]
    centre = (beat_s.nan_to_num(0.0) / BIN_S).round().long()
    index = (centre[..., None] + torch.arange(-PRESENCE_REACH, PRESENCE_REACH + 1)).clamp(0, output.shape[-1] - 1)
    near = torch.stack([logits[i][..., index[i]].mean(-1) for i in range(len(index))])  # (n, leads, 2, beats)
    return _masked_bce(near.permute(0, 3, 1, 2), presence)


def _masked_bce(logits: Tensor, target: Tensor) -> Tensor:
    known = torch.isfinite(target)
    return nn.functional.binary_cross_entropy_with_logits(logits[known], target[known])


def _edge_loss(logits: Tensor, beat_s: Tensor, target_s: Tensor, edge: int, distance_weight: float) -> Tensor:
    """Return cross-entropy against a narrow Gaussian at the marked edge, plus the distance of the mean from it."""
    known = torch.isfinite(target_s)
    sample, beat, lead = known.nonzero(as_tuple=True)
    if not len(sample):
        return logits.sum() * 0.0
    low, high = limits_s(beat_s.numpy(), edge)
    low_s, high_s = torch.from_numpy(low)[sample, beat], torch.from_numpy(high)[sample, beat]
    width = int((WINDOWS_S[edge][1] - WINDOWS_S[edge][0]) / BIN_S) + 2
    first = (low_s / BIN_S).ceil().long()
    index = first[:, None] + torch.arange(width)
    time_s = index * BIN_S
    outside = (time_s > high_s[:, None]) | (index < 0) | (index >= logits.shape[-1])
    chosen = logits[sample[:, None], lead[:, None], index.clamp(0, logits.shape[-1] - 1)].masked_fill(outside, -30.0)
    truth_s = target_s[sample, beat, lead][:, None]
    target = torch.softmax((-0.5 * ((time_s - truth_s) / _SIGMA_S) ** 2).masked_fill(outside, -1e4), dim=1)
    log_p = torch.log_softmax(chosen, dim=1)
    in_window = ((truth_s[:, 0] > low_s - 0.004) & (truth_s[:, 0] < high_s + 0.004)).float()
    entropy = -(target * log_p).sum(1)
    mean_s = (log_p.exp() * time_s).sum(1)
    away_ms = nn.functional.smooth_l1_loss(1000 * mean_s, 1000 * truth_s[:, 0], beta=_BETA_MS, reduction="none")
    return ((entropy + distance_weight * away_ms) * in_window).sum() / in_window.sum().clamp(min=1)
