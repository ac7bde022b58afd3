"""U-Net for echo segmentation: background, left-ventricle cavity, myocardium, left atrium.

Belongs here: the network only. Not here: data, training loop, export.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn


class ConvBlock(nn.Module):
    """Apply two 3x3 convolutions, each with batch normalisation and ReLU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class UNet(nn.Module):
    """Map images (n, 1, h, w) in [0, 1] to class logits (n, 4, h, w); h and w divisible by 16."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96, 128), classes: int = 4) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(ConvBlock(a, b) for a, b in zip((1, *widths[:-1]), widths, strict=True))
        self.decoders = nn.ModuleList(ConvBlock(deep + shallow, shallow) for shallow, deep in pairwise(widths))
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for depth, encoder in enumerate(self.encoders):
            x = encoder(x if depth == 0 else nn.functional.max_pool2d(x, 2))
            skips.append(x)
        for decoder, skip in zip(reversed(self.decoders), reversed(skips[:-1]), strict=True):
            upsampled = nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = decoder(torch.cat([upsampled, skip], dim=1))
        return self.head(x)
