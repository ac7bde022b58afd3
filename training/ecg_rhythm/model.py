"""Many small networks side by side that turn the numbers of a stretch into probabilities of its rhythm.

Belongs here: the ensemble and its fitting. Not here: data, judgement, export.
"""

import numpy as np
import torch
from torch import Tensor, nn

from cardio_dagster.modalities.ecg.rhythm.atrial import ATRIAL_FEATURES
from cardio_dagster.modalities.ecg.rhythm.features import FEATURES

N_CLASSES = 4
_FIRST_ATRIAL = len(FEATURES) - len(ATRIAL_FEATURES)


class Ensemble(nn.Module):
    """Map features (n, n_features), NaN where unknown, to probabilities (n, 4): the mean of `members` networks of one hidden layer.

    Features are standardised by the training data and cut at 3 standard deviations; unknown ones become the mean, and one further input says that
    the signal was not looked at.
    """

    def __init__(self, centre: Tensor, scale: Tensor, *, members: int, hidden: int) -> None:
        super().__init__()
        inputs = len(centre) + 1
        self.register_buffer("centre", centre)
        self.register_buffer("scale", scale)
        self.first = nn.Parameter(torch.randn(members, inputs, hidden) * 0.1)
        self.first_bias = nn.Parameter(torch.zeros(members, 1, hidden))
        self.second = nn.Parameter(torch.randn(members, hidden, N_CLASSES) * 0.1)
        self.second_bias = nn.Parameter(torch.zeros(members, 1, N_CLASSES))

    def standardise(self, features: Tensor) -> Tensor:
        unknown = torch.isnan(features)
        z = (torch.where(unknown, self.centre, features) - self.centre) / self.scale
        no_signal = unknown[:, _FIRST_ATRIAL:].all(dim=1, keepdim=True).float()
        return torch.cat([z.clamp(-3.0, 3.0), no_signal], dim=1)

    def logits(self, inputs: Tensor) -> Tensor:
        """Return (members, n, 4) of standardised inputs (members or 1, n, n_inputs)."""
        return torch.tanh(inputs @ self.first + self.first_bias) @ self.second + self.second_bias

    def forward(self, features: Tensor) -> Tensor:
        return self.logits(self.standardise(features).unsqueeze(0)).softmax(-1).mean(0)


def fit(
    features: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int,
    members: int = 24,
    hidden: int = 16,
    steps: int = 150,
    decay: float = 0.03,
    drop: float = 0.3,
    noise: float = 0.15,
    without_signal: float = 0.25,
) -> Ensemble:
    """Fit each member on its own random weighting of the patients, with noise, dropped features and, at times, no signal at all."""
    torch.manual_seed(seed)
    x = torch.from_numpy(features)
    known = np.where(np.isfinite(features), features, np.nan)
    centre = torch.from_numpy(np.nanmean(known, axis=0).astype(np.float32))
    scale = torch.from_numpy((np.nanstd(known, axis=0) + 1e-3).astype(np.float32))
    network = Ensemble(centre, scale, members=members, hidden=hidden)
    z, y = network.standardise(x), torch.from_numpy(labels).long()
    _, patient = np.unique(groups, return_inverse=True)
    luck = torch.empty(members, int(patient.max()) + 1).exponential_()[:, torch.from_numpy(patient)]
    weight = luck * torch.from_numpy(weights.astype(np.float32))
    weight /= weight.sum(1, keepdim=True)
    groups_of = [{"params": [network.first, network.second], "weight_decay": decay}]
    groups_of.append({"params": [network.first_bias, network.second_bias], "weight_decay": 0.0})
    optimiser = torch.optim.AdamW(groups_of, lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        inputs = _disturb(z, members, noise=noise, drop=drop, without_signal=without_signal)
        loss = nn.functional.cross_entropy(
            network.logits(inputs).reshape(-1, N_CLASSES), y.repeat(members), reduction="none"
        )
        optimiser.zero_grad()
        (loss.view(members, -1) * weight).sum().backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def _disturb(z: Tensor, members: int, *, noise: float, drop: float, without_signal: float) -> Tensor:
    """Return inputs (members, n, n_inputs) with noise, some features at their mean, and some rows without any signal feature."""
    n, width = z.shape
    blind = (torch.rand(n, 1) < without_signal).float()
    seen = torch.ones(n, width)
    seen[:, _FIRST_ATRIAL:-1] -= blind
    shared = (z + noise * torch.randn(n, width)) * seen
    shared[:, -1:] = torch.maximum(z[:, -1:], blind)
    keep = (torch.rand(members, 1, width) > drop).float() / (1.0 - drop)
    keep[..., -1] = 1.0
    return shared * keep
