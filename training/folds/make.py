"""Train the networks of the cross-validations of beats and rhythm and pack them; those of the waves come from `training.ecg_waves.train --fold`.

Usage: python -m training.folds.make DATA (beats|rhythm)

The splits are those of training/ecg_beats/evaluate.py (a record of MIT-BIH and an eighth of the rest) and of training/ecg_rhythm/folds.py (fifths
of the patients). Limits and temperature are those that ship: what a record decides about them is less than one part in eight.
"""

import argparse
import tempfile
from pathlib import Path

import torch

from training.ecg_beats import evaluate as beats_evaluate
from training.ecg_beats import train as beats_train
from training.ecg_beats.model import fit as fit_beats
from training.ecg_rhythm import folds as rhythm_folds
from training.ecg_rhythm import train as rhythm_train
from training.ecg_rhythm.data import examples_from, read_recordings
from training.ecg_rhythm.model import fit as fit_rhythm
from training.folds.pack import add, forget

_FOLDER = {"MIT-BIH": "mitdb", "LUDB": "ludb", "mitdb": "mitdb", "ludb": "ludb", "cinc": "cinc2017"}


def key(source: str, name: str) -> str:
    """Return the record as folds.json names it ("ludb/12")."""
    folder = _FOLDER.get(source, "cinc2017")
    return f"{folder}/{name.removeprefix('ludb')}"


def make_beats(data: Path, scratch: Path) -> None:
    """Pack eight networks, each without a record of MIT-BIH and an eighth of LUDB and CinC 2017."""
    recordings = beats_train.read_all(data)
    examples = beats_train.all_examples(recordings, processes=2)
    forget("ecg_beats")
    for fold in range(beats_evaluate.N_OUTER):
        places = beats_evaluate.left_out((fold,), len(recordings))
        network = fit_beats(beats_train.without(examples, places), seed=beats_train.SEED)
        beats_train.export(network, scratch / "beats.onnx")
        add("ecg_beats", scratch / "beats.onnx", [key(recordings[i].source, recordings[i].name) for i in places])


def make_rhythm(data: Path, scratch: Path) -> None:
    """Pack five networks, each without a fifth of the patients of every source and label."""
    examples = examples_from(read_recordings(data), seed=rhythm_train.SEED)
    fold = rhythm_folds.fold_of_rows(examples, seed=0)
    columns = (examples.features, examples.label, examples.weight, examples.patient)
    forget("ecg_rhythm")
    for k in range(rhythm_folds.N_FOLDS):
        network = fit_rhythm(*(column[fold != k] for column in columns), seed=rhythm_train.SEED)
        rhythm_train.export(network, scratch / "rhythm.onnx")
        unseen = sorted(set(examples.patient[fold == k].tolist()))
        add("ecg_rhythm", scratch / "rhythm.onnx", [key(*patient.split(":")) for patient in unseen])


def main() -> None:
    """Make the networks that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with mitdb/, ludb/ and cinc2017/")
    parser.add_argument("model", choices=("beats", "rhythm"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        {"beats": make_beats, "rhythm": make_rhythm}[arguments.model](arguments.data, Path(scratch))


if __name__ == "__main__":
    main()
