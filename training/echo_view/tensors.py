"""Batches for training: which pictures, which targets, how they are moved and relit.

Belongs here: targets and augmentation. Not here: where pictures come from (data.py, spoiled.py).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from training.echo_view.data import Pictures
from training.echo_view.model import SIDE

# probability of "A4C", "other view of the heart", "not a heart"; where a picture does not tell, neither may the network
TARGETS = {
    "a4c": (1.0, 0.0, 0.0),
    "parasternal_long": (0.0, 1.0, 0.0),
    "parasternal_short": (0.0, 1.0, 0.0),
    "two_chamber": (0.0, 1.0, 0.0),
    "subcostal": (0.0, 1.0, 0.0),
    "turned": (0.0, 1.0, 0.0),
    "mirrored": (0.4, 0.6, 0.0),
    "without_right_heart": (0.2, 0.8, 0.0),
    "cropped": (0.0, 0.5, 0.5),
    "warped": (0.0, 0.6, 0.4),
    "m_mode": (0.0, 0.5, 0.5),
    "spectral_doppler": (0.0, 0.5, 0.5),
    "not_cardiac": (0.0, 0.0, 1.0),
    "shuffled": (0.0, 0.0, 1.0),
    "texture": (0.0, 0.0, 1.0),
}
# share of a batch: groups of kinds, the real four-chamber stills apart from the simulated ones
STORED = 80  # side at which pictures wait; augmentation samples the network's smaller input from them
REAL, SIMULATED_A4C, SIMULATED_OTHER, SPOILED = 0.36, 0.12, 0.32, 0.20


@dataclass(frozen=True)
class Pool:
    """Pictures (n, 1, side, side) uint8, targets (n, 3), and the chance (n,) of each to be in a batch."""

    images: Tensor
    targets: Tensor
    chances: Tensor


def pool(real: Pictures, simulated: Pictures, spoiled: Pictures) -> Pool:
    """Join the sources, each with its share of a batch."""
    own = simulated.kinds == "a4c"
    parts = [
        (real.images, real.kinds, REAL),
        (simulated.images[own], simulated.kinds[own], SIMULATED_A4C),
        (simulated.images[~own], simulated.kinds[~own], SIMULATED_OTHER),
        (spoiled.images, spoiled.kinds, SPOILED),
    ]
    images = np.concatenate([p[0] for p in parts])
    targets = np.array([TARGETS[kind] for p in parts for kind in p[1]], np.float32)
    chances = np.concatenate([np.full(len(p[1]), p[2] / len(p[1])) for p in parts])
    small = nn.functional.interpolate(
        torch.from_numpy(images)[:, None], size=(STORED, STORED), mode="bilinear", antialias=True
    )
    return Pool(small, torch.from_numpy(targets), torch.from_numpy(chances))


def batch(pool: Pool, size: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw `size` pictures (size, 1, SIDE, SIDE) in [0, 1], moved, bent, relit and cut at random, and their targets."""
    chosen = torch.multinomial(pool.chances, size, replacement=True, generator=rng)
    grid = _affine_grid(size, rng) + _bend(size, rng)
    moved = nn.functional.grid_sample(pool.images[chosen].float() / 255, grid, align_corners=False)
    return _cut(_relight(moved, rng), rng), pool.targets[chosen]


def _uniform(n: int, low: float, high: float, rng: torch.Generator) -> Tensor:
    return (torch.rand(n, generator=rng) * (high - low) + low).view(-1, 1, 1, 1)


def _affine_grid(n: int, rng: torch.Generator) -> Tensor:
    """Turn by up to 25 degrees, scale by up to a third, stretch by up to a fifth and shift."""
    angle, wide, shift = torch.deg2rad(_uniform(n, -25, 25, rng)), _uniform(n, -0.28, 0.28, rng).exp(), 0.15
    tall = wide * _uniform(n, -0.18, 0.18, rng).exp()
    rows = [angle.cos() * wide, -angle.sin() * wide, _uniform(n, -shift, shift, rng)]
    columns = [angle.sin() * tall, angle.cos() * tall, _uniform(n, -shift, shift, rng)]
    theta = torch.cat(rows + columns, 1).view(n, 2, 3)
    return nn.functional.affine_grid(theta, [n, 1, SIDE, SIDE], align_corners=False)


def _coarse(n: int, channels: int, knots: int, rng: torch.Generator) -> Tensor:
    """Return (n, channels, SIDE, SIDE) of smooth random hills."""
    hills = torch.randn(n, channels, knots, knots, generator=rng)
    return nn.functional.interpolate(hills, size=(SIDE, SIDE), mode="bilinear", align_corners=True)


def _bend(n: int, rng: torch.Generator) -> Tensor:
    """Return a displacement (n, SIDE, SIDE, 2) of a few percent of the side."""
    return (_coarse(n, 2, 5, rng) * _uniform(n, 0, 0.035, rng)).permute(0, 2, 3, 1)


def _relight(images: Tensor, rng: torch.Generator) -> Tensor:
    """Vary gamma, gain, uneven brightness, speckle, shadow, haze and sharpness."""
    n = len(images)
    lit = images.clamp(1e-4, 1) ** _uniform(n, -0.45, 0.45, rng).exp() * _uniform(n, -0.7, 0.4, rng).exp()
    lit = lit * (1 + _coarse(n, 1, 3, rng) * _uniform(n, 0, 0.4, rng)).clamp(0.1, 2) * _shadow(n, rng)
    noise = torch.randn(images.shape, generator=rng)
    lit = lit * (1 + noise * _uniform(n, 0, 0.18, rng)) + noise * _uniform(n, 0, 0.01, rng)
    lit = lit + _uniform(n, -0.05, 0.08, rng) * (images > 0.01)
    blurred = nn.functional.avg_pool2d(lit, 3, stride=1, padding=1)
    return torch.where(_uniform(n, 0, 1, rng) < 0.4, blurred, lit).clamp(0, 1)


def _shadow(n: int, rng: torch.Generator) -> Tensor:
    """Darken a wedge from the top middle downwards in a third of the pictures, as a rib does."""
    place = torch.linspace(0, 1, SIDE)
    slope = (place.view(1, 1, 1, -1) - 0.5) / (place.view(1, 1, -1, 1) + 0.02)
    depth = _uniform(n, 0.4, 0.95, rng) * (_uniform(n, 0, 1, rng) < 0.33)
    distance = (slope - _uniform(n, -0.7, 0.7, rng)) / _uniform(n, 0.04, 0.2, rng)
    return 1 - depth / (1 + distance**4)


def _cut(images: Tensor, rng: torch.Generator) -> Tensor:
    """Black out a margin of up to a seventh of the side in a third of the pictures, as a narrower display does."""
    n = len(images)
    margins = [_uniform(n, 0, 0.14, rng) * cut for cut in [_uniform(n, 0, 1, rng) < 0.33] for _ in range(4)]
    place = torch.linspace(0, 1, SIDE)
    rows, columns = place.view(1, 1, -1, 1), place.view(1, 1, 1, -1)
    kept = (rows >= margins[0] / 2) & (rows <= 1 - margins[1]) & (columns >= margins[2]) & (columns <= 1 - margins[3])
    return images * kept
