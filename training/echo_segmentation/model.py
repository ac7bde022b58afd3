"""Residual U-Net for echo segmentation: background, left-ventricle cavity, myocardium, left atrium.

Belongs here: the network only. Not here: data, training loop, export.

Chosen for processors, not for parameters: the stem halves the image at once, so that no layer works
at full resolution, where a plain U-Net spends half of its time; widths are multiples of 32, which
oneDNN and onnxruntime block without padding; skips are added and not concatenated, which halves the
decoder's arithmetic; one 3x3 layer decodes the finest level. Convolutions alone, so that it
quantises to eight bits.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

WIDTHS = (32, 64, 128, 160, 192)
DEPTHS = (0, 1, 1, 2, 2)  # residual blocks on the way down
STRIDE = 2  # the logits come at half of the image's resolution
GREY_MEAN = 0.2


def convolution(channels_in: int, channels_out: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Return a convolution with batch normalisation and ReLU."""
    layer = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Add two 3x3 convolutions to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x)))


class EchoNet(nn.Module):
    """Map images (n, 1, h, w) in [0, 1] to class logits (n, 4, h / 2, w / 2); h and w divisible by 32."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, depths: tuple[int, ...] = DEPTHS, classes: int = 4) -> None:
        super().__init__()
        self.stem = convolution(1, widths[0], kernel=5, stride=STRIDE)
        self.encoders = nn.ModuleList(
            nn.Sequential(
                *([] if level == 0 else [convolution(widths[level - 1], width, stride=2)]),
                *(Residual(width) for _ in range(depth)),
            )
            for level, (width, depth) in enumerate(zip(widths, depths, strict=True))
        )
        self.dropout = nn.Dropout2d(0.1)
        self.narrowing = nn.ModuleList(nn.Conv2d(deep, shallow, 1, bias=False) for shallow, deep in pairwise(widths))
        self.decoders = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                convolution(width, width) if level == 0 else Residual(width),
            )
            for level, width in enumerate(widths[:-1])
        )
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x - GREY_MEAN)
        skips = []
        for encoder in self.encoders:
            x = encoder(x)
            skips.append(x)
        x = self.dropout(x)
        for narrow, decoder, skip in reversed(list(zip(self.narrowing, self.decoders, skips[:-1], strict=True))):
            upsampled = nn.functional.interpolate(narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = decoder(upsampled + skip)
        return self.head(x)
