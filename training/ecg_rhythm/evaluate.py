"""Judge the rhythm model out of fold: confusion tables, F1, sensitivity, specificity, and what its confidence is worth.

Usage: python -m training.ecg_rhythm.evaluate DATA [--repeats 5]

Every recording is judged by models that saw nothing of its patient, and goes through the package's refusals and rules
(rhythm.py, rhythm_decision.py). What is not out of fold: the wave network, which was trained on LUDB, and the rule for flutter.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cardio_dagster.modalities.ecg.rhythm.atrial import ATRIAL_FEATURES
from cardio_dagster.modalities.ecg.rhythm.decision import AFIB_THRESHOLD, Decision, decide
from cardio_dagster.modalities.ecg.rhythm.model import AFIB
from training.ecg_rhythm.data import Examples, examples_from, read_recordings
from training.ecg_rhythm.folds import out_of_fold

LABELS = ("sinus", "afib", "aflutter", "paced", "other", "not_classified")
TRUTH = {"cinc": ("N normal", "A fibrillation", "O other", "~ noise"), "ludb": ("sinus", "AF, flutter", "other", "")}


@dataclass(frozen=True)
class Judged:
    """The decisions of one repeat on the whole recordings, with their truth."""

    decisions: list[Decision]
    truth: np.ndarray
    source: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        return np.array([d.label for d in self.decisions])


def judge(examples: Examples, *, seed: int, has_signal: bool = True) -> Judged:
    whole = examples.is_whole
    probability = out_of_fold(examples, seed=seed, has_signal=has_signal, n_atrial=len(ATRIAL_FEATURES))
    refusal = Decision("not_classified", None, "refused before the model is asked")
    decisions = [
        refusal if is_refused else decide(examples.window(i, p, has_signal=has_signal))
        for i, p, is_refused in zip(np.flatnonzero(whole), probability, examples.refused[whole], strict=True)
    ]
    return Judged(decisions, examples.label[whole], examples.source[whole])


def f1_of_afib(judged: Judged) -> float:
    called, true = judged.labels == "afib", judged.truth == AFIB
    inside = judged.source == "cinc"
    return float(2 * (called & true & inside).sum() / max(((called & inside).sum() + (true & inside).sum()), 1))


def ludb_counts(judged: Judged) -> tuple[float, float]:
    """Return sensitivity and specificity for fibrillation or flutter in LUDB, in percent."""
    inside = judged.source == "ludb"
    called, true = np.isin(judged.labels, ("afib", "aflutter"))[inside], (judged.truth == AFIB)[inside]
    return 100 * float(called[true].mean()), 100 * float((~called[~true]).mean())


def print_table(judged: Judged, source: str) -> None:
    print(f"\n{source}: rows are the truth, columns the label ({' '.join(LABELS)})")
    for k, name in enumerate(TRUTH[source]):
        rows = judged.labels[(judged.truth == k) & (judged.source == source)]
        if len(rows):
            print(f"  {name:15s}", *(f"{(rows == label).sum():5d}" for label in LABELS))


def print_reliability(all_judged: list[Judged]) -> None:
    """Print per band of confidence how often a label of the model was right; flutter counts as fibrillation."""
    print("\nconfidence (stated) and share that was right, all repeats; sinus, afib, other")
    pairs = [
        (d.confidence, ("sinus", "afib", "other").index("afib" if d.label == "aflutter" else d.label) == truth)
        for judged in all_judged
        for d, truth in zip(judged.decisions, judged.truth, strict=True)
        if d.confidence is not None and d.label != "paced"
    ]
    stated, right = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    for low, high in ((0.0, 0.5), (0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.01)):
        band = (stated >= low) & (stated < high)
        if band.any():
            share = band.sum() / len(all_judged)
            print(
                f"  {low:.1f} to {high:.1f}: {share:6.1f} recordings, stated {stated[band].mean():.2f}, right {right[band].mean():.2f}"
            )


def summarise(name: str, all_judged: list[Judged]) -> None:
    f1 = np.array([f1_of_afib(j) for j in all_judged])
    ludb = np.array([ludb_counts(j) for j in all_judged])
    print(f"\n{name}, mean and spread (lowest to highest) over {len(all_judged)} repeats of 5 folds:")
    print(f"  CinC 2017 F1 of AF {f1.mean():.3f} ({f1.min():.3f} to {f1.max():.3f})")
    for k, what in enumerate(("sensitivity", "specificity")):
        print(
            f"  LUDB AF or flutter {what} {ludb[:, k].mean():.1f} % ({ludb[:, k].min():.1f} to {ludb[:, k].max():.1f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with cinc2017/, ludb/ and mitdb/")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    report(examples_from(read_recordings(arguments.data), seed=0), arguments.repeats)


def report(examples: Examples, repeats: int) -> None:
    judged = [judge(examples, seed=seed) for seed in range(repeats)]
    print(f"threshold of AF {AFIB_THRESHOLD}; tables of the first repeat")
    for source in TRUTH:
        print_table(judged[0], source)
    print_reliability(judged)
    summarise("with the signal", judged)
    summarise(
        "by intervals and P alone, as in long recordings",
        [judge(examples, seed=s, has_signal=False) for s in range(min(2, repeats))],
    )


if __name__ == "__main__":
    main()
