"""Train the beat model on everything and export it to ONNX.

Usage: python -m training.ecg_beats.train DATA OUT.onnx [--processes N]

Its figures come from evaluate.py, where no recording is judged by a model that saw it. Fixed seeds: the same data and
versions of the libraries yield the same file.
"""

import argparse
import hashlib
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch

from training.ecg_beats.data import read_cinc, read_ludb, read_mitdb
from training.ecg_beats.model import BeatNetwork, Tempered, fit
from training.ecg_beats.noise import variants
from training.ecg_beats.recording import Examples, Recording, examples_of
from training.ecg_shared.export import export_classifier

SEED = 20262
TEMPERATURE = 1.1  # printed by evaluate.py
_COLUMNS = ("features", "label", "recording", "kind")


def read_all(data: Path) -> list[Recording]:
    """Return all recordings, those of MIT-BIH first."""
    return [*read_mitdb(data / "mitdb"), *read_ludb(data / "ludb"), *read_cinc(data / "cinc2017")]


def all_examples(recordings: list[Recording], *, processes: int) -> Examples:
    """Return the examples of all variants of the recordings; `recording` is the place in the list."""
    with Pool(processes, initializer=partial(torch.set_num_threads, 1)) as pool:
        parts = pool.starmap(_examples, enumerate(recordings), chunksize=4)
    return Examples(*(np.concatenate([getattr(e, name) for part in parts for e in part]) for name in _COLUMNS))


def _examples(place: int, recording: Recording) -> list[Examples]:
    rng = np.random.default_rng((SEED, place))
    return [e for v, kind in variants(recording, rng) for e in examples_of(v, group=place, kind=kind)]


def without(examples: Examples, places: list[int]) -> Examples:
    """Return the examples less those of some recordings."""
    kept = ~np.isin(examples.recording, places)
    return Examples(*(getattr(examples, name)[kept] for name in _COLUMNS))


def export(network: BeatNetwork, path: Path) -> None:
    """Write features (n, n_features) to probabilities (n, 3)."""
    export_classifier(Tempered(network, TEMPERATURE), path, n_features=len(network.centre))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with mitdb/, ludb/ and cinc2017/")
    parser.add_argument("out", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    recordings = read_all(arguments.data)
    examples = all_examples(recordings, processes=arguments.processes)
    print(f"{len(examples.label)} candidates of {len(recordings)} recordings")
    export(fit(examples, seed=SEED), arguments.out)
    print("sha256", hashlib.sha256(arguments.out.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
