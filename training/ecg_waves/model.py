"""Set network for waves in ECG leads: every lead keeps its own path, and all leads talk through their mean and maximum.

Belongs here: the network only. Not here: data, training loop, export, decoding.
The output of a lead does not depend on the order of the leads, and their number is free.
Tensors are (n, channels, leads, samples) and kernels (1, width), because both torch and onnxruntime are quicker in two dimensions.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

EDGES = ("P onset", "P offset", "QRS onset", "QRS offset", "T onset", "T offset")
N_PRESENCE = 2  # P, T: read at the beat
N_OUT = len(EDGES) + N_PRESENCE
N_AUX = 3  # P, QRS, T per sample: guides training, not exported
DIVISOR = 16  # samples must be divisible by this


class Conv(nn.Sequential):
    """Apply a convolution along time, batch normalisation and ReLU."""

    def __init__(self, c_in: int, c_out: int, width: int, *, stride: int = 1, dilation: int = 1) -> None:
        padding = dilation * (width - 1) // 2
        super().__init__(
            nn.Conv2d(
                c_in, c_out, (1, width), stride=(1, stride), padding=(0, padding), dilation=(1, dilation), bias=False
            ),
            nn.BatchNorm2d(c_out),
            nn.ReLU(inplace=True),
        )


class Exchange(nn.Module):
    """Join the leads at one scale: pooled features, and those of the coarser scale, become what every lead is told."""

    def __init__(self, channels: int, joint: int, coarser: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.pool = nn.Conv2d(2 * channels, joint, 1)
        self.coarser = nn.Conv2d(coarser, joint, 1) if coarser else None
        self.first = nn.Sequential(nn.BatchNorm2d(joint), nn.ReLU(inplace=True))
        self.rest = nn.ModuleList(Conv(joint, joint, 5, dilation=d) for d in dilations)
        self.tell = nn.Conv2d(joint, channels, 1)

    def forward(self, x: Tensor, coarser: Tensor | None) -> tuple[Tensor, Tensor]:
        pooled = self.pool(torch.cat([x.mean(2, keepdim=True), x.amax(2, keepdim=True)], dim=1))
        if self.coarser is not None and coarser is not None:
            pooled = pooled + double(self.coarser(coarser))
        joint = self.first(pooled)
        for conv in self.rest:
            joint = joint + conv(joint)
        return x + self.tell(joint), joint


def double(x: Tensor) -> Tensor:
    """Return every sample twice; the convolution that follows smooths it."""
    return nn.functional.interpolate(x, scale_factor=(1.0, 2.0), mode="nearest")


class WaveNet(nn.Module):
    """Map leads (n, leads, samples) to logits (n, leads, N_OUT + N_AUX, samples / 2); samples divisible by 16."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 48, 64), joint: tuple[int, ...] = (32, 48, 64, 96)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.encoders = nn.ModuleList(
            (
                Conv(2, a, 9, stride=2),
                nn.Sequential(Conv(a, b, 5, stride=2), Conv(b, b, 5)),
                nn.Sequential(Conv(b, c, 5, stride=2), Conv(c, c, 5)),
                nn.Sequential(Conv(c, d, 5, stride=2), Conv(d, d, 5)),
            )
        )
        coarser, dilations = (*joint[1:], 0), ((1,), (1,), (1, 2), (1, 2, 4, 8))
        self.exchanges = nn.ModuleList(
            Exchange(w, j, k, s) for w, j, k, s in zip(widths, joint, coarser, dilations, strict=True)
        )
        self.ups = nn.ModuleList(nn.Conv2d(deep, shallow, 1) for shallow, deep in pairwise(widths))
        self.decoders = nn.ModuleList(Conv(w, w, 5) for w in widths)
        self.head = nn.Conv2d(a, N_OUT + N_AUX, 1)

    def forward(self, leads: Tensor) -> Tensor:
        x = leads.unsqueeze(1)
        x = torch.cat([x, torch.tanh(4.0 * x)], dim=1).contiguous(memory_format=torch.channels_last)
        skips = []
        for encoder in self.encoders:
            x = encoder(x)
            skips.append(x)
        joint: Tensor | None = None
        for level in (3, 2, 1, 0):
            x = skips[level] if level == 3 else skips[level] + double(self.ups[level](x))
            x, joint = self.exchanges[level](x, joint)
            x = self.decoders[level](x)
        return self.head(x).transpose(1, 2)
