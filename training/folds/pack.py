"""Pack the networks of a cross-validation: weights at half precision, and which record belongs to which.

Usage: python -m training.folds.pack MODEL NETWORK.onnx [RECORD ...]

Each call adds one network, stored beside this file as MODEL-N.onnx, and the records that it has not seen to folds.json. The weights are rounded
to 16 bits and widened again when the network starts: half the size in git, the same figures to the digits that are printed.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.folds import FOLDER, INDEX

_SMALL = 64  # biases and shapes stay as they are


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network with its large float32 weights stored as float16 and cast back at the start."""
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _SMALL:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def forget(name: str) -> None:
    """Remove all packed networks of a model."""
    for path in FOLDER.glob(f"{name}-*.onnx"):
        path.unlink()
    index = json.loads(INDEX.read_text(encoding="utf-8")) if INDEX.exists() else {}
    INDEX.write_text(json.dumps({k: v for k, v in index.items() if k != name}, indent=1, sort_keys=True) + "\n")


def add(name: str, file: Path, records: list[str]) -> Path:
    """Store a network and the records that it has not seen; return its path."""
    index: dict[str, dict[str, str]] = json.loads(INDEX.read_text(encoding="utf-8")) if INDEX.exists() else {}
    known = index.setdefault(name, {})
    target = FOLDER / f"{name}-{len(set(known.values()))}.onnx"
    onnx.save(halved(onnx.load(file)), target)
    known.update(dict.fromkeys(records, target.name))
    INDEX.write_text(json.dumps(index, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return target


def main() -> None:
    """Add the network that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("network", type=Path)
    parser.add_argument("records", nargs="+")
    arguments = parser.parse_args()
    print(add(arguments.model, arguments.network, arguments.records))


if __name__ == "__main__":
    main()
