"""Measure delineation out of fold, through the package's own code.

Usage: python -m training.ecg_waves.evaluate LUDB FOLDS [--single] [--cinc CINC] [--mitdb MITDB]

FOLDS holds fold0.onnx to fold4.onnx, made by `train --fold 0` to `--fold 4`. Each record is delineated by the network that
has not seen it; records of a fold whose network is missing are left out. --single gives every lead alone to the network. --cinc and --mitdb print how well p_probability tells N from A
records (CinC 2017), and its median per record (MIT-BIH), with the shipped model: neither set was trained on.
"""

import argparse
import hashlib
import json
import tempfile
import tomllib
from pathlib import Path

import numpy as np

from cardio_dagster.modalities.ecg.beats.find import find_beats
from cardio_dagster.modalities.ecg.signal import Delineation
from cardio_dagster.modalities.ecg.waves.delineate import delineate
from cardio_dagster.modalities.ecg.waves.network import MODEL
from cardio_dagster.models import catalogue
from training.ecg_shared.display_filter import for_display
from training.ecg_waves.data import N_FOLDS, Record, folds, read_records
from training.ecg_waves.scoring import Score, auc, score_lead

EDGES = ("P onset", "P offset", "QRS onset", "QRS offset", "T onset", "T offset")


def use_fold(folder: Path, fold: int, scratch: Path) -> None:
    """Make the package load the wave network of one fold, and every other model as shipped."""
    file = (folder / f"fold{fold}.onnx").resolve()
    tables = tomllib.loads(catalogue.SHIPPED_CATALOGUE.read_text(encoding="utf-8"))
    for table in tables.values():
        table["file"] = str(catalogue.SHIPPED_CATALOGUE.with_name(table["file"]))
    tables[MODEL] |= {"file": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    path = scratch / f"fold{fold}.toml"
    lines = [
        line
        for name, table in tables.items()
        for line in (f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items()))
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    catalogue.use_catalogue(path)


def found_in(record: Record, *, single: bool) -> list[tuple[int, Delineation, int]]:
    """Return (lead, delineation, its column) for every lead: one delineation of all leads, or one each."""
    signal = record.signal_mv.astype(float)
    beat_s = find_beats(signal, sampling_rate_hz=record.rate_hz).time_s
    if not single:
        found = delineate(signal, sampling_rate_hz=record.rate_hz, beat_time_s=beat_s)
        return [(lead, found, lead) for lead in range(12)]
    return [
        (lead, delineate(signal[:, [lead]], sampling_rate_hz=record.rate_hz, beat_time_s=beat_s), 0)
        for lead in range(12)
    ]


def measure(records: list[Record], folder: Path, *, single: bool) -> tuple[list[Score], np.ndarray]:
    """Return the scores of the six edges, and (truth, probability) of every beat whose P waves were looked at."""
    scores: list[Score] = [Score() for _ in EDGES]
    p_truth: list[tuple[float, float]] = []
    fold_of = folds(records)
    with tempfile.TemporaryDirectory() as scratch:
        for fold in (k for k in range(N_FOLDS) if (folder / f"fold{k}.onnx").is_file()):
            use_fold(folder, fold, Path(scratch))
            for record in (r for r, f in zip(records, fold_of, strict=True) if f == fold):
                found = found_in(record, single=single)
                for lead, delineation, column in found:
                    score_lead(scores, [mark for mark in record.marks if mark[0] == lead], delineation, column)
                p_truth += _p_pairs(record, found[0][1])
    catalogue.use_catalogue(None)
    return scores, np.array(p_truth)


def _p_pairs(record: Record, found: Delineation) -> list[tuple[float, float]]:
    """Return per annotated beat: whether most leads have a P wave, and what was said of it."""
    middle = np.nanmedian(np.stack((found.qrs.onset_s, found.qrs.offset_s)), axis=(0, 2))
    pairs = []
    for time_s, presence in zip(record.beat_s, record.presence[:, :, 0], strict=True):
        known = presence[np.isfinite(presence)]
        nearest = int(np.nanargmin(np.abs(middle - time_s)))
        if len(known) >= 6 and abs(middle[nearest] - time_s) < 0.1:
            pairs.append((float(known.mean() > 0.5), float(found.p_probability[nearest])))
    return pairs


def report(scores: list[Score], p_pairs: np.ndarray, title: str) -> None:
    """Print the table of edges and how good the P probability is."""
    print(f"{title}\n{'':12s} F1 %   SD ms  mean ms  matched")
    for name, score in zip(EDGES, scores, strict=True):
        print(f"{name:12s} {score.f1:5.2f}  {score.sd_ms:5.1f}  {score.mean_ms:+6.1f}  {len(score.errors_ms)}")
    truth, probability = p_pairs.T
    print(
        f"P before a beat: AUC {auc(truth, probability):.4f}, wrong {100 * np.mean((probability > 0.5) != truth):.2f} %"
    )
    for low, high in ((0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        chosen = (probability >= low) & (probability < high)
        if chosen.any():
            print(f"  said {low:.2f} to {min(high, 1):.2f}: true in {truth[chosen].mean():.2f} of {chosen.sum()}")


def record_p(path: Path) -> np.ndarray:
    """Return p_probability of every beat of a WFDB record."""
    import wfdb

    stored = wfdb.rdrecord(
        str(path), sampto=min(wfdb.rdheader(str(path)).sig_len, int(120 * wfdb.rdheader(str(path)).fs))
    )
    signal = for_display(np.nan_to_num(stored.p_signal), sampling_rate_hz=stored.fs)
    beat_s = find_beats(signal, sampling_rate_hz=stored.fs).time_s
    return delineate(signal, sampling_rate_hz=stored.fs, beat_time_s=beat_s).p_probability


def report_cinc(folder: Path) -> None:
    """Print how well the mean P probability of a record tells normal from fibrillation."""
    lines = (folder / "REFERENCE.csv").read_text().split()
    labels = dict(line.split(",") for line in lines)
    means = {k: float(p.mean()) for k, label in labels.items() if label in "NAO" and len(p := record_p(folder / k))}
    for letter in "NAO":
        print(f"CinC {letter}: median {np.median([m for k, m in means.items() if labels[k] == letter]):.2f}")
    chosen = [k for k in means if labels[k] in "NA"]
    print(
        f"CinC N against A: AUC {auc(np.array([labels[k] == 'N' for k in chosen]), np.array([means[k] for k in chosen])):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ludb", type=Path)
    parser.add_argument("folds", type=Path)
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--cinc", type=Path)
    parser.add_argument("--mitdb", type=Path)
    arguments = parser.parse_args()
    title = "LUDB out of fold, " + ("every lead alone" if arguments.single else "all leads together")
    report(*measure(read_records(arguments.ludb), arguments.folds, single=arguments.single), title)
    if arguments.cinc:
        report_cinc(arguments.cinc)
    for path in sorted(arguments.mitdb.glob("*.hea")) if arguments.mitdb else ():
        print(f"MIT-BIH {path.stem}: median P probability {np.median(record_p(path.with_suffix(''))):.2f}")


if __name__ == "__main__":
    main()
