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
from torch import nn

from training.echo_segmentation.data import read_stills
from training.echo_segmentation.model import EchoNet
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


def export_float(network: nn.Module, path: Path) -> None:
    """Write the network with a softmax head: image (n, 1, 192, 192) to probability (n, 4, 96, 96)."""
    torch.onnx.export(
        nn.Sequential(network, nn.Softmax(dim=1)).eval(),
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
    stills = read_stills(data, held_out=False)[:: 636 // CALIBRATION_STILLS]
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
