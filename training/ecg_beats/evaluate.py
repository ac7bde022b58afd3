"""Print the leave-one-record-out figures of the beats on MIT-BIH.

Usage: python -m training.ecg_beats.evaluate DATA

Each half hour is judged by a network that never saw it; it runs through the package's own code. Tolerance 150 ms, one to one.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch

from cardio_dagster.modalities.ecg.beats import judged_beats
from training.ecg_beats.data import VENTRICULAR, Recording, match, read_ludb, read_mitdb
from training.ecg_beats.model import BeatNetwork, fit, probabilities
from training.ecg_beats.train import SEED, all_examples, without


def counts(recording: Recording, network: BeatNetwork) -> np.ndarray:
    """Return hits, misses and false alarms of the beats, and of the ventricular ones."""
    beats = judged_beats(
        recording.signal_mv.astype(float),
        sampling_rate_hz=recording.sampling_rate_hz,
        judge=partial(probabilities, network),
    )
    is_v = np.array(beats.types) == "V"
    everything = match(recording.beat_s, beats.time_s)
    ventricular = match(recording.beat_s[recording.beat_class == VENTRICULAR], beats.time_s[is_v])
    return np.array([n for p, t in (everything, ventricular) for n in ((p >= 0).sum(), (p < 0).sum(), (~t).sum())])


def line(name: str, n: np.ndarray) -> str:
    hits, misses, false, v_hits, v_misses, v_false = (int(x) for x in n)
    f1 = 2 * v_hits / max(1, 2 * v_hits + v_misses + v_false)
    return (
        f"{name:6} {hits + misses:6} beats  Se {100 * hits / (hits + misses):7.3f}  +P {100 * hits / (hits + false):7.3f}"
        f"  ({misses} missed, {false} false)   PVC {v_hits + v_misses:4}  F1 {f1:.3f} ({v_misses} missed, {v_false} false)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with mitdb/ and ludb/")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    annotated = list(read_mitdb(arguments.data / "mitdb"))
    examples = all_examples([*annotated, *read_ludb(arguments.data / "ludb")])
    total = np.zeros(6, dtype=int)
    for place, recording in enumerate(annotated):
        found = counts(recording, fit(without(examples, place), seed=SEED))
        total += found
        print(line(recording.name, found), flush=True)
    print(line("gross", total))


if __name__ == "__main__":
    main()
