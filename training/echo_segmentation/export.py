"""Export a trained network to ONNX and quantise it to eight bits.

Usage: python -m training.echo_segmentation.export WEIGHTS.pt DATA OUT.onnx [--float]

Weights and activations become 8-bit numbers with a scale per channel, calibrated on stills of the
training patients; twice as fast on processors with 8-bit instructions, a quarter of the size.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from training.echo_segmentation.data import read_stills
from training.echo_segmentation.model import GREY_MEAN, EchoNet
from training.echo_segmentation.tensors import to_tensors
from training.echo_segmentation.train import SIZE

CALIBRATION_STILLS = 96


class _Stills(CalibrationDataReader):
    """Hands the quantiser one still after the other."""

    def __init__(self, images: np.ndarray) -> None:
        self._waiting: Iterator[np.ndarray] = iter(images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._waiting, None)
        return None if image is None else {"image": image[None]}


class Folded(nn.Module):
    """The trained network with its sums in a form that stays in eight bits, and probabilities for an answer.

    The normalisation that follows each sum of a decoder is moved before it: into the narrowing layer
    and a factor for each channel of the skip. The softmax is written out, as onnxruntime's own is slow across channels.
    """

    def __init__(self, network: EchoNet) -> None:
        super().__init__()
        self.stem, self.encoders, self.head = network.stem, network.encoders, network.head
        folded = [_fold(n, d[0]) for n, d in zip(network.narrowing, network.decoders, strict=True)]
        self.narrowing, self.scaling = (nn.ModuleList(layers) for layers in zip(*folded, strict=True))
        self.decoders = nn.ModuleList(decoder[1:] for decoder in network.decoders)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x - GREY_MEAN)
        skips = []
        for encoder in self.encoders:
            x = encoder(x)
            skips.append(x)
        levels = zip(self.narrowing, self.scaling, self.decoders, skips[:-1], strict=True)
        for narrow, scale, decoder, skip in reversed(list(levels)):
            upsampled = nn.functional.interpolate(narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = decoder(upsampled + scale(skip))
        weights = torch.exp(self.head(x))
        return weights / weights.sum(1, keepdim=True)


@torch.no_grad()
def _fold(narrow: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[nn.Conv2d, nn.Conv2d]:
    """Return the narrowing layer and the skip's factors that make norm(narrow(x) + skip)."""
    factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    folded = nn.Conv2d(narrow.in_channels, narrow.out_channels, 1)
    folded.weight.copy_(narrow.weight * factor[:, None, None, None])
    folded.bias.copy_(norm.bias - norm.running_mean * factor)
    scaling = nn.Conv2d(len(factor), len(factor), 1, groups=len(factor), bias=False)
    scaling.weight.copy_(factor[:, None, None, None])
    return folded, scaling


def export_float(network: EchoNet, path: Path) -> None:
    """Write the network: image (n, 1, 192, 192) to probability (n, 4, 96, 96)."""
    torch.onnx.export(
        Folded(network.eval()).eval(),
        (torch.zeros(1, 1, SIZE, SIZE),),
        str(path),
        input_names=["image"],
        output_names=["probability"],
        dynamic_axes={"image": {0: "n"}, "probability": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )


def quantise(source: Path, target: Path, images: np.ndarray) -> None:
    """Write the eight-bit form of an exported network, calibrated on images (n, 1, 192, 192) float32."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = str(Path(folder) / "prepared.onnx")
        quant_pre_process(str(source), prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            str(target),
            _Stills(images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Add", "Relu", "Resize"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )


def calibration_images(data: Path) -> np.ndarray:
    """Return stills of the training patients as the network sees them."""
    stills = read_stills(data, held_out=False)
    stills = stills[:: max(len(stills) // CALIBRATION_STILLS, 1)]
    return to_tensors(stills, SIZE)[0].numpy().astype(np.float32) / 255


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--float", action="store_true", help="32-bit numbers")
    arguments = parser.parse_args()
    network = EchoNet()
    network.load_state_dict(torch.load(arguments.weights, weights_only=True))
    if arguments.float:
        export_float(network, arguments.out)
        return
    with tempfile.TemporaryDirectory() as folder:
        export_float(network, Path(folder) / "float.onnx")
        quantise(Path(folder) / "float.onnx", arguments.out, calibration_images(arguments.data))


if __name__ == "__main__":
    main()
