"""Tensors for training: letter-boxing, stacking, augmentation.

Belongs here: how stills become batches. Not here: reading (data.py), the network or the loop.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training.echo_segmentation.data import Still


def square(pixels: np.ndarray, size: int, *, resample: Image.Resampling) -> np.ndarray:
    """Pad (h, w) to a centred square with zeros and resize it to (size, size)."""
    height, width = pixels.shape
    side = max(height, width)
    canvas = np.zeros((side, side), pixels.dtype)
    top, left = (side - height) // 2, (side - width) // 2
    canvas[top : top + height, left : left + width] = pixels
    return np.asarray(Image.fromarray(canvas).resize((size, size), resample))


def to_tensors(stills: list[Still], size: int) -> tuple[Tensor, Tensor]:
    """Stack stills to images (n, 1, size, size) in [0, 1] and labels (n, size, size)."""
    images = np.stack([square(s.image, size, resample=Image.Resampling.BILINEAR) for s in stills])
    masks = np.stack([square(s.mask, size, resample=Image.Resampling.NEAREST) for s in stills])
    return torch.from_numpy(images)[:, None].float() / 255, torch.from_numpy(masks).long()


def augment(images: Tensor, masks: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Rotate, scale, shift, and vary gamma, gain, depth attenuation, speckle and blur at random."""
    grid = _affine_grid(images, rng)
    images = torch.nn.functional.grid_sample(images, grid, align_corners=False)
    masks = torch.nn.functional.grid_sample(masks[:, None].float(), grid, mode="nearest", align_corners=False)
    return _vary_brightness(images, rng), masks[:, 0].long()


def _uniform(n: int, low: float, high: float, rng: torch.Generator) -> Tensor:
    return torch.rand(n, generator=rng) * (high - low) + low


def _affine_grid(images: Tensor, rng: torch.Generator) -> Tensor:
    n = len(images)
    angle = torch.deg2rad(_uniform(n, -20, 20, rng))
    scale_x = _uniform(n, 0.75, 1.25, rng)
    scale_y = scale_x * _uniform(n, 0.85, 1.18, rng)
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos * scale_x, -sin * scale_x
    theta[:, 1, 0], theta[:, 1, 1] = sin * scale_y, cos * scale_y
    theta[:, 0, 2], theta[:, 1, 2] = _uniform(n, -0.15, 0.15, rng), _uniform(n, -0.15, 0.15, rng)
    return torch.nn.functional.affine_grid(theta, list(images.shape), align_corners=False)


def _vary_brightness(images: Tensor, rng: torch.Generator) -> Tensor:
    n, _, height, _ = images.shape
    gamma = torch.exp(_uniform(n, -0.5, 0.5, rng)).view(n, 1, 1, 1)
    gain = _uniform(n, 0.7, 1.3, rng).view(n, 1, 1, 1)
    depth = torch.linspace(0, 1, height).view(1, 1, height, 1) - 0.5
    attenuation = 1 + depth * _uniform(n, -0.6, 0.6, rng).view(n, 1, 1, 1)
    speckle = 1 + 0.1 * torch.randn(images.shape, generator=rng)
    varied = (images.clamp(1e-4, 1) ** gamma * gain * attenuation * speckle).clamp(0, 1)
    if torch.rand(1, generator=rng).item() < 0.3:
        varied = torch.nn.functional.avg_pool2d(varied, 3, stride=1, padding=1)
    return varied
