"""Train the beat model on everything and export it to ONNX.

Usage: python -m training.ecg_beats.train DATA OUT.onnx

Its figures come from evaluate.py, where no recording is judged by a model that saw it.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import torch

from training.ecg_beats.data import Examples, Recording, examples_of, read_ludb, read_mitdb, variants
from training.ecg_beats.model import BeatNetwork, fit

SEED = 20262


def all_examples(recordings: list[Recording]) -> Examples:
    """Return the examples of all variants of the recordings; `recording` is the place in the list."""
    rng = np.random.default_rng(SEED)
    parts = [e for i, r in enumerate(recordings) for v in variants(r, rng) for e in examples_of(v, group=i)]
    columns = ("features", "label", "weight", "recording")
    return Examples(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))


def without(examples: Examples, place: int) -> Examples:
    """Return the examples less those of one recording."""
    kept = examples.recording != place
    return Examples(examples.features[kept], examples.label[kept], examples.weight[kept], examples.recording[kept])


def export(network: BeatNetwork, path: Path) -> None:
    """Write features (n, n_features) to probabilities (n, 3)."""
    torch.onnx.export(
        network,
        (torch.zeros(1, len(network.centre)),),
        str(path),
        input_names=["features"],
        output_names=["probability"],
        dynamic_axes={"features": {0: "n"}, "probability": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with mitdb/ and ludb/")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    recordings = [*read_mitdb(arguments.data / "mitdb"), *read_ludb(arguments.data / "ludb")]
    examples = all_examples(recordings)
    print(f"{len(examples.label)} candidates of {len(recordings)} recordings")
    export(fit(examples, seed=SEED), arguments.out)
    print("sha256", hashlib.sha256(arguments.out.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
