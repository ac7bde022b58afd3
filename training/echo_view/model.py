"""The network that names the view: five convolutions on a small picture.

Belongs here: the network only. Not here: data, training loop, export.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

CLASSES = ("A4C", "other view of the heart", "not a heart")
SIDE = 64  # of the input
WIDTHS = (16, 32, 64, 96)
PLACES = (SIDE // 2 ** len(WIDTHS)) ** 2  # of the last level
SPREAD_MIN = 0.03  # a picture flatter than this is not stretched to full contrast


def convolution(channels_in: int, channels_out: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Return a convolution with batch normalisation and ReLU."""
    layer = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True))


class ViewNet(nn.Module):
    """Map pictures (n, 1, SIDE, SIDE) in [0, 1] to class logits (n, 3).

    Each picture is first brought to zero mean and unit spread, so that gain alone decides nothing. The
    last level keeps its 4 x 4 places apart: where a chamber lies in the sector is what makes a view.
    """

    def __init__(self, classes: int = len(CLASSES)) -> None:
        super().__init__()
        self.stem = convolution(1, WIDTHS[0], kernel=5, stride=2)
        self.levels = nn.Sequential(
            *(convolution(shallow, deep, stride=2) for shallow, deep in pairwise(WIDTHS)),
            convolution(WIDTHS[-1], WIDTHS[-1]),
        )
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(WIDTHS[-1] * PLACES, classes)

    def forward(self, x: Tensor) -> Tensor:
        spread, mean = torch.std_mean(x, dim=(1, 2, 3), keepdim=True)
        x = (x - mean) / (spread + SPREAD_MIN)
        x = self.levels(self.stem(x))
        return self.head(self.dropout(x.flatten(1)))
