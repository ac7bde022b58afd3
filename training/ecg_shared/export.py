"""Networks to ONNX files, the same way for every ECG model.

Belongs here: the one call of the exporter. Not here: the networks.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

OPSET = 17
Axes = dict[
    str, dict[int, str]
]  # name of an input or output: its axes that may have any length, and what they are called


def export(network: nn.Module, example: Tensor, path: Path, *, takes: Axes, gives: Axes) -> None:
    """Write a network of one input and one output; every axis that is not named keeps the length of the example."""
    torch.onnx.export(
        network,
        (example,),
        str(path),
        input_names=list(takes),
        output_names=list(gives),
        dynamic_axes=takes | gives,
        opset_version=OPSET,
        dynamo=False,
    )


def export_classifier(network: nn.Module, path: Path, *, n_features: int) -> None:
    """Write a network from `features` (n, n_features) to `probability` (n, n_classes)."""
    export(network, torch.zeros(1, n_features), path, takes={"features": {0: "n"}}, gives={"probability": {0: "n"}})
