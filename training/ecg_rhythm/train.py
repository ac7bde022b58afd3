"""Train the rhythm model on everything and export it to ONNX.

Usage: python -m training.ecg_rhythm.train DATA OUT.onnx

Its figures come from evaluate.py, where no recording is judged by a model that saw its patient.
"""

import argparse
import hashlib
from pathlib import Path

import torch

from training.ecg_rhythm.data import Examples, examples_from, read_recordings
from training.ecg_rhythm.model import Ensemble, fit
from training.ecg_shared.export import export_classifier

SEED = 20261


def fit_all(examples: Examples, *, seed: int = SEED) -> Ensemble:
    return fit(examples.features, examples.label, examples.weight, examples.patient, seed=seed)


def export(network: Ensemble, path: Path) -> None:
    """Write features (n, n_features), NaN where unknown, to probabilities (n, 4)."""
    export_classifier(network, path, n_features=len(network.centre))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with cinc2017/, ludb/ and mitdb/")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    examples = examples_from(read_recordings(arguments.data), seed=SEED)
    print(f"{len(examples.label)} stretches of {len(set(examples.patient))} recordings")
    export(fit_all(examples), arguments.out)
    print("sha256", hashlib.sha256(arguments.out.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
