"""DeepLabV3 with a ResNet-50 in plain torch, as EchoNet-Dynamic segments with it: the peer for speed.

Belongs here: the architecture (L.-C. Chen et al. 2017, arXiv:1706.05587; K. He et al. 2016), with random
weights, as time does not depend on them. 39.6 million parameters at one class, output stride 8.
"""

import torch
from torch import Tensor, nn

BLOCKS = (3, 4, 6, 3)
RATES = (12, 24, 36)


def _convolution(channels_in: int, channels_out: int, kernel: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (kernel // 2)
    layer = nn.Conv2d(channels_in, channels_out, kernel, stride, padding, dilation, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True))


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a short cut."""

    def __init__(self, channels_in: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(channels_in, width, 1),
            _convolution(width, width, 3, stride, dilation),
            _convolution(width, 4 * width, 1)[:2],
        )
        is_same = stride == 1 and channels_in == 4 * width
        self.short = nn.Identity() if is_same else _convolution(channels_in, 4 * width, 1, stride)[:2]

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.short(x))


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling: a 1x1, three dilated 3x3 and the mean of the image."""

    def __init__(self, channels_in: int, width: int = 256) -> None:
        super().__init__()
        dilated = [_convolution(channels_in, width, 3, dilation=rate) for rate in RATES]
        self.branches = nn.ModuleList([_convolution(channels_in, width, 1), *dilated])
        self.pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), _convolution(channels_in, width, 1))
        self.project = _convolution(5 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        everywhere = self.pooled(x).expand(-1, -1, x.shape[2], x.shape[3])
        return self.project(torch.cat([*(branch(x) for branch in self.branches), everywhere], 1))


class DeepLabV3(nn.Module):
    """Map images (n, 3, h, w) to logits (n, 1, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_convolution(3, 64, 7, stride=2), nn.MaxPool2d(3, 2, 1)]
        channels = 64
        for level, count in enumerate(BLOCKS):
            width, dilation = 64 * 2**level, 2 ** max(level - 1, 0)
            for number in range(count):
                stride = 2 if (level, number) == (1, 0) else 1
                rate = (
                    dilation if number else max(dilation // 2, 1)
                )  # the first block keeps the rate of the level before
                layers.append(Bottleneck(channels, width, stride, rate))
                channels = 4 * width
        head = [Pyramid(channels), _convolution(256, 256, 3), nn.Conv2d(256, 1, 1)]
        self.layers = nn.Sequential(*layers, *head)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.interpolate(self.layers(x), size=x.shape[-2:], mode="bilinear", align_corners=False)
