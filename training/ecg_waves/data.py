"""LUDB: reading, the annotated waves of every beat, and patient-wise folds with equal shares of fibrillation.

Belongs here: what both training and evaluation need; no torch. Not here: augmentation (augment.py).
Every record of LUDB is another patient, so folds of records are folds of patients.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.ecg_shared.display_filter import for_display

LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
WAVES = ("p", "N", "t")
N_FOLDS = 5
_SAME_BEAT_S = 0.15


@dataclass(frozen=True)
class Record:
    """One LUDB record: 12 leads in mV, filtered as the package does, and what experts marked in each lead.

    `edges_s` (beats, leads, 6): onset and offset of P, QRS, T; NaN where not marked. `presence` (beats, leads, 2): P and T,
    1 marked, 0 not there, NaN unknown (LUDB leaves the first and the last waves unmarked).
    `marks` is (lead, wave, onset, peak, offset) of every wave, beats or not; `span_s` (leads, 2) what was looked at.
    """

    name: str
    is_af: bool
    signal_mv: np.ndarray
    rate_hz: float
    beat_s: np.ndarray
    edges_s: np.ndarray
    presence: np.ndarray
    marks: list[tuple[int, int, float, float, float]]
    span_s: np.ndarray


def read_records(folder: Path) -> list[Record]:
    """Read every record below `folder`, laid out as LUDB 1.0.1 is published (ludb.csv and data/)."""
    with (folder / "ludb.csv").open(encoding="utf-8") as file:
        rhythms = {row["ID"].strip(): row["Rhythms"].lower() for row in csv.DictReader(file)}
    names = sorted((path.stem for path in (folder / "data").glob("*.hea")), key=int)
    if not names:
        raise FileNotFoundError(f"no data/*.hea in {folder}")
    return [read_record(folder / "data" / name, rhythms[name]) for name in names]


def read_record(base: Path, rhythm: str) -> Record:
    """Read one record with the annotations of its twelve leads."""
    import wfdb

    stored = wfdb.rdrecord(str(base))
    order = [[name.lower() for name in stored.sig_name].index(lead) for lead in LEADS]
    signal = np.nan_to_num(stored.p_signal[:, order])
    marks = [mark for number, lead in enumerate(LEADS) for mark in _marks(base, number, lead, stored.fs)]
    beat_s = _beats(np.array([mark[3] for mark in marks if mark[1] == 1]))
    edges, presence = _targets(marks, beat_s)
    return Record(
        base.name,
        "fibrillation" in rhythm or "flutter" in rhythm,
        for_display(signal, sampling_rate_hz=stored.fs).astype(np.float32),
        float(stored.fs),
        beat_s,
        edges,
        presence,
        marks,
        np.array([_span(marks, lead) for lead in range(len(LEADS))]),
    )


def folds(records: list[Record]) -> np.ndarray:
    """Return the fold, 0 to 4, of every record: by a hash of its name, fibrillation and flutter dealt out evenly."""
    order = sorted(range(len(records)), key=lambda i: (records[i].is_af, _hash(records[i].name)))
    result = np.empty(len(records), dtype=int)
    result[order] = np.arange(len(records)) % N_FOLDS
    return result


def _hash(name: str) -> str:
    return hashlib.sha256(f"ludb {name}".encode()).hexdigest()


def _marks(base: Path, number: int, lead: str, rate_hz: float) -> list[tuple[int, int, float, float, float]]:
    import wfdb

    notes = wfdb.rdann(str(base), lead)
    times, symbols = notes.sample / rate_hz, notes.symbol
    return [
        (number, WAVES.index(symbol), times[i - 1], times[i], times[i + 1])
        for i, symbol in enumerate(symbols)
        if symbol in WAVES and 0 < i < len(symbols) - 1 and symbols[i - 1] == "(" and symbols[i + 1] == ")"
    ]


def _beats(peaks_s: np.ndarray) -> np.ndarray:
    peaks_s = np.sort(peaks_s)
    groups = np.split(peaks_s, np.flatnonzero(np.diff(peaks_s) > _SAME_BEAT_S) + 1)
    return np.array([np.median(group) for group in groups if len(group)])


def _span(marks: list[tuple[int, int, float, float, float]], lead: int) -> tuple[float, float]:
    mine = [mark for mark in marks if mark[0] == lead]
    return (mine[0][2], mine[-1][4]) if mine else (np.nan, np.nan)


def _targets(marks: list[tuple[int, int, float, float, float]], beat_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    edges = np.full((len(beat_s), len(LEADS), 6), np.nan)
    presence = np.full((len(beat_s), len(LEADS), 2), np.nan)
    for lead in range(len(LEADS)):
        mine = [mark for mark in marks if mark[0] == lead]
        for i, (_, wave, onset, peak, offset) in enumerate(mine):
            if wave != 1:
                continue
            beat = int(np.argmin(np.abs(beat_s - peak)))
            edges[beat, lead, 2:4] = onset, offset
            for place, other, column in ((i - 1, 0, 0), (i + 1, 2, 1)):
                if 0 <= place < len(mine):
                    there = mine[place][1] == other
                    presence[beat, lead, column] = there
                    if there:
                        edges[beat, lead, 2 * other : 2 * other + 2] = mine[place][2], mine[place][4]
    return edges, presence
