"""Small networks side by side: features of a candidate to the probabilities of no beat, a normal-like and a ventricular one.

Belongs here: the ensemble and its fitting. Not here: data, judgement, export.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from training.ecg_beats.recording import NOT_VENTRICULAR, SOME_BEAT, Examples

_LIMIT = 4.0  # standard deviations
_MASS = (0.3, 0.36, 0.12, 0.02, 0.2)  # of the classes, in their order
_SHARE = (0.67, 0.33)  # of recordings as they are, and of those with extrasystoles put in


class BeatNetwork(nn.Module):
    """Map features (n, n_features) to probabilities (n, 3): the mean over `members` networks with two hidden layers."""

    def __init__(self, features: Tensor, *, members: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("centre", features.mean(0))
        self.register_buffer("scale", features.std(0) + 1e-3)
        sizes = (features.shape[1], hidden, hidden, 3)
        self.weights = nn.ParameterList(torch.randn(members, a, b) / a**0.5 for a, b in pairwise(sizes))
        self.biases = nn.ParameterList(torch.zeros(members, 1, b) for b in sizes[1:])

    def standardise(self, features: Tensor) -> Tensor:
        return ((features - self.centre) / self.scale).clamp(-_LIMIT, _LIMIT)

    def logits(self, x: Tensor) -> Tensor:
        """Return (members, n, 3) of standardised features (members or 1, n, n_features)."""
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = x @ weight + bias
            if i < 2:
                x = torch.relu(x)
        return x

    def forward(self, features: Tensor) -> Tensor:
        return self.logits(self.standardise(features).unsqueeze(0)).softmax(-1).mean(0)


class Tempered(nn.Module):
    """The probabilities of a network with all their odds to the power of 1 / `temperature`."""

    def __init__(self, network: BeatNetwork, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, features: Tensor) -> Tensor:
        return (self.network(features).clamp(min=1e-7).log() / self.temperature).softmax(-1)


def weights_of(examples: Examples) -> np.ndarray:
    """Return the chance of each example to be drawn.

    Classes count by `_MASS`. Within one a recording counts by the square root of its examples, so that the patients with
    hundreds of extrasystoles do not speak for all; recordings with extrasystoles put in count half as much.
    """
    weight = np.zeros(len(examples.label))
    for label, mass in enumerate(_MASS):
        for kind, share in enumerate(_SHARE):
            part = np.flatnonzero((examples.label == label) & (examples.kind == kind))
            if len(part):
                _, place, count = np.unique(examples.recording[part], return_inverse=True, return_counts=True)
                each = 1.0 / np.sqrt(count[place])
                weight[part] = mass * share * each / each.sum()
    return weight / weight.sum()


def fit(
    examples: Examples, *, seed: int, members: int = 4, hidden: int = 32, steps: int = 500, batch: int = 1024
) -> BeatNetwork:
    """Fit all members at once with AdamW; each draws its own batches, so that they differ; features are jittered and dropped."""
    generator = torch.manual_seed(seed)
    chance = torch.from_numpy(weights_of(examples))
    drawn = torch.multinomial(chance, steps * members * batch, replacement=True, generator=generator)
    x = torch.from_numpy(examples.features)
    network = BeatNetwork(x[drawn[:20000]], members=members, hidden=hidden)
    z, label = network.standardise(x), torch.from_numpy(examples.label)
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for chosen in drawn.view(steps, members, batch):
        inputs = z[chosen]
        inputs = inputs + 0.15 * torch.randn(inputs.shape)
        inputs = inputs * (torch.rand(members, 1, z.shape[1]) > 0.1)
        loss = _loss(network.logits(inputs), label[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def _loss(logits: Tensor, label: Tensor) -> Tensor:
    """Return the mean cross-entropy; where only "a beat" or "not ventricular" is known, that of either of two classes."""
    known = logits.log_softmax(-1)
    each = torch.gather(known, -1, label.clamp(max=SOME_BEAT - 1).unsqueeze(-1)).squeeze(-1)
    each = torch.where(label == SOME_BEAT, torch.logsumexp(known[..., 1:], dim=-1), each)
    return -torch.where(label == NOT_VENTRICULAR, torch.logsumexp(known[..., :2], dim=-1), each).mean()


def probabilities(network: nn.Module, features: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(features)))
