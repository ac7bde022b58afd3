"""Tensors for training: letter-boxing, stacking, augmentation.

Belongs here: how stills become batches. Not here: reading (data.py), the network or the loop.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training.echo_segmentation.data import Still

_STORED = 256  # side at which stills wait; augmentation samples from it


def square(pixels: np.ndarray, size: int, *, resample: Image.Resampling) -> np.ndarray:
    """Pad (h, w) to a centred square with zeros and resize it to (size, size)."""
    height, width = pixels.shape
    side = max(height, width)
    canvas = np.zeros((side, side), pixels.dtype)
    top, left = (side - height) // 2, (side - width) // 2
    canvas[top : top + height, left : left + width] = pixels
    return np.asarray(Image.fromarray(canvas).resize((size, size), resample))


def to_tensors(stills: list[Still], size: int = _STORED) -> tuple[Tensor, Tensor]:
    """Stack stills to images (n, 1, size, size) uint8 and labels (n, 1, size, size) uint8."""
    images = np.stack([square(s.image, size, resample=Image.Resampling.BILINEAR) for s in stills])
    masks = np.stack([square(s.mask, size, resample=Image.Resampling.NEAREST) for s in stills])
    return torch.from_numpy(images)[:, None], torch.from_numpy(masks)[:, None]


def augment(
    images: Tensor, masks: Tensor, size: int, rng: torch.Generator, strength: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Return images (n, 1, size, size) in [0, 1] and labels (n, size, size), moved, bent and relit at random.

    `strength` from 0 to 1 scales how far.
    """
    grid = _affine_grid(len(images), size, rng, strength) + strength * _bend(len(images), size, rng)
    moved = torch.nn.functional.grid_sample(images.float() / 255, grid, align_corners=False)
    labels = torch.nn.functional.grid_sample(masks.float(), grid, mode="nearest", align_corners=False)
    return relight(moved, rng, strength), labels[:, 0].long()


def _uniform(n: int, low: float, high: float, rng: torch.Generator) -> Tensor:
    return torch.rand(n, generator=rng) * (high - low) + low


def _affine_grid(n: int, size: int, rng: torch.Generator, strength: float) -> Tensor:
    angle = torch.deg2rad(strength * _uniform(n, -25, 25, rng))
    scale_x = torch.exp(strength * _uniform(n, -0.28, 0.28, rng))
    scale_y = scale_x * torch.exp(strength * _uniform(n, -0.18, 0.18, rng))
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos * scale_x, -sin * scale_x
    theta[:, 1, 0], theta[:, 1, 1] = sin * scale_y, cos * scale_y
    theta[:, :, 2] = strength * torch.stack([_uniform(n, -0.15, 0.15, rng) for _ in range(2)], 1)
    return torch.nn.functional.affine_grid(theta, [n, 1, size, size], align_corners=False)


def _bend(n: int, size: int, rng: torch.Generator) -> Tensor:
    """Return a smooth displacement (n, size, size, 2) of a few percent of the side, for half of the images."""
    coarse = torch.randn(n, 2, 5, 5, generator=rng) * (0.035 * (torch.rand(n, 1, 1, 1, generator=rng) < 0.5))
    smooth = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=True)
    return smooth.permute(0, 2, 3, 1)


def relight(images: Tensor, rng: torch.Generator, strength: float = 1.0) -> Tensor:
    """Vary gamma, gain, depth and side attenuation, haze, speckle, shadow and sharpness."""
    n = len(images)
    gamma, gain = (_each(torch.exp(strength * _uniform(n, -w, w, rng))) for w in (0.6, 0.4))
    lit = images.clamp(1e-4, 1) ** gamma * gain * _field(images, 3, 0.35 * strength, rng)
    grain = _each(strength * _uniform(n, 0, 0.25, rng))
    lit = lit * (1 + grain * _noise(images, rng)) + 0.02 * strength * _noise(images, rng)
    haze = _each(strength * _uniform(n, -0.06, 0.08, rng))
    lit = lit * _shadow(images, rng, strength) + haze * (images > 0.01)
    blurred = torch.nn.functional.avg_pool2d(lit, 3, stride=1, padding=1)
    return torch.where(_each(torch.rand(n, generator=rng) < 0.3 * strength), blurred, lit).clamp(0, 1)


def _each(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)


def _noise(images: Tensor, rng: torch.Generator) -> Tensor:
    """Return speckle of a grain of one to two pixels, unit variance or less."""
    n, _, height, width = images.shape
    fine = torch.randn(n, 1, height, width, generator=rng)
    coarse = torch.randn(n, 1, height // 2, width // 2, generator=rng)
    return 0.5 * fine + 0.7 * torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")


def _field(images: Tensor, knots: int, strength: float, rng: torch.Generator) -> Tensor:
    """Return a smooth positive factor around one, uneven over the image."""
    n, _, height, width = images.shape
    coarse = torch.randn(n, 1, knots, knots, generator=rng) * strength * _each(torch.rand(n, generator=rng))
    return torch.exp(torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=True))


def _shadow(images: Tensor, rng: torch.Generator, strength: float) -> Tensor:
    """Darken a wedge from the top middle downwards in a third of the images, as a rib does."""
    n, _, height, width = images.shape
    rows = torch.linspace(0.02, 1, height).view(1, 1, height, 1)
    columns = torch.linspace(-0.5, 0.5, width).view(1, 1, 1, width)
    centre, spread = _each(_uniform(n, -0.7, 0.7, rng)), _each(_uniform(n, 0.03, 0.15, rng))
    depth = _each(_uniform(n, 0.4, 0.95, rng) * (torch.rand(n, generator=rng) < 0.33 * strength))
    return 1 - depth * torch.exp(-(((torch.atan2(columns, rows) - centre) / spread) ** 2))
