"""The network that expects a Dice: the mean of what numbers of the answer say and what it looks like; and its fitting.

Belongs here: architecture, loss and loop. Not here: where the examples come from (calibrate.py).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from cardio_dagster.modalities.echo.segmentation.confidence import FEATURES
from training.echo_segmentation.train import SEED

SIDE = 48  # pixels at which the frame and the answer are seen
EPOCHS, BATCH, RATE = 25, 64, 3e-3
BAD_DICE = 0.85
_SHIFT = 4  # pixels by which a pair is moved about


@dataclass(frozen=True)
class Examples:
    """n contours: features (n, k), images (n, side, side) uint8, probabilities (n, 4, h, w) uint8 of 255, true Dice (n,)."""

    features: np.ndarray
    images: np.ndarray
    probabilities: np.ndarray
    dice: np.ndarray

    def __len__(self) -> int:
        return len(self.dice)


class Expectation(nn.Module):
    """Features (n, k), image (n, 1, side, side) uint8 and class_probability (n, 4, h, w) to dice (n, 1).

    Two judges, taught side by side: one knows the numbers alone and carries over better to another network's answers,
    the other sees the pictures too and sorts better. Their mean does both.
    """

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", features.mean(0))
        self.register_buffer("spread", features.std(0) + 1e-6)
        self.count = nn.Sequential(nn.Linear(len(FEATURES), 16), nn.ReLU(), nn.Linear(16, 1))
        self.see = nn.Sequential(_block(6, 16), _block(16, 32), _block(32, 64))
        self.judge = nn.Sequential(nn.Dropout(0.3), nn.Linear(128 + len(FEATURES), 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, features: Tensor, image: Tensor, probability: Tensor) -> Tensor:
        return self.judged(features, pictures(image, probability)).mean(1, keepdim=True)

    def judged(self, features: Tensor, seen: Tensor) -> Tensor:
        """Return what each judge says, (n, 2)."""
        seen = self.see(seen)
        numbers = (features - self.mean) / self.spread
        by_sight = self.judge(torch.cat([seen.mean((2, 3)), seen.amax((2, 3)), numbers], 1))
        return torch.sigmoid(torch.cat([self.count(numbers), by_sight], 1))


def _block(into: int, out: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(into, out, 3, stride=2, padding=1), nn.BatchNorm2d(out), nn.ReLU())


def pictures(image: Tensor, probability: Tensor) -> Tensor:
    """Return (n, 6, SIDE, SIDE): the frame, the four probabilities, and how undecided they are (entropy)."""
    frame = nn.functional.avg_pool2d(image.float() / 255, image.shape[-1] // SIDE)
    undecided = -(probability * torch.log(probability.clamp_min(1e-3))).sum(1, keepdim=True)
    answer = torch.cat([probability, undecided], 1)
    return torch.cat([frame, nn.functional.avg_pool2d(answer, answer.shape[-1] // SIDE)], 1)


def fit(examples: Examples) -> Expectation:
    """Fit to the true Dice, with weight on the side of BAD_DICE that a contour lies."""
    torch.manual_seed(SEED)
    features, seen, dice = _tensors(examples)
    model = Expectation(features)
    steps = len(dice) // BATCH
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=EPOCHS * steps)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(dice))[: steps * BATCH].split(BATCH):
            judged = model.judged(features[chosen], _vary(seen[chosen]))
            loss = _loss(judged[:, 0], dice[chosen]) + _loss(judged[:, 1], dice[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def _tensors(examples: Examples) -> tuple[Tensor, Tensor, Tensor]:
    pairs = zip(
        torch.from_numpy(examples.images)[:, None].split(256), torch.from_numpy(examples.probabilities).split(256),
        strict=True,
    )  # fmt: skip
    seen = torch.cat([pictures(image, probability.float() / 255) for image, probability in pairs])
    return torch.from_numpy(examples.features), seen, torch.from_numpy(examples.dice)


def _vary(seen: Tensor) -> Tensor:
    """Relight the frame a little, and move and mirror it with its answer."""
    frame = seen[:, :1] * (0.8 + 0.4 * torch.rand(len(seen), 1, 1, 1)) + 0.1 * torch.randn(len(seen), 1, 1, 1)
    rows, columns = torch.randint(-_SHIFT, _SHIFT + 1, (2,)).tolist()
    moved = torch.roll(torch.cat([frame, seen[:, 1:]], 1), (rows, columns), (2, 3))
    return moved.flip(3) if torch.rand(()) < 0.5 else moved


def _loss(expected: Tensor, dice: Tensor) -> Tensor:
    is_good = nn.functional.binary_cross_entropy(torch.sigmoid((expected - BAD_DICE) * 25), (dice > BAD_DICE).float())
    return nn.functional.smooth_l1_loss(expected, dice, beta=0.05) + 0.2 * is_good


@torch.no_grad()
def predict(model: Expectation, examples: Examples) -> np.ndarray:
    """Return the expected Dice (n,)."""
    features, seen, _ = _tensors(examples)
    parts = zip(features.split(256), seen.split(256), strict=True)
    return torch.cat([model.judged(f, s).mean(1) for f, s in parts]).numpy()
