"""The recordings: MIT-BIH with every beat typed, LUDB with beats, CinC 2017 as a source of beats that are not ventricular.

Belongs here: reading. Not here: labels of candidates (recording.py). A recording is a patient: folds go by recording.
"""

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cardio_dagster.modalities.ecg.beats.candidates import candidates, first_guess, peak_positions
from cardio_dagster.modalities.ecg.beats.signal import work
from training.ecg_beats.recording import NORMAL, NOT_VENTRICULAR, SOME_BEAT, VENTRICULAR, Recording
from training.ecg_shared.display_filter import for_display

_LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
_NOT_VENTRICULAR = ("N", "A", "~")  # sinus rhythm, atrial fibrillation, noise; "O" has extrasystoles


def read_mitdb(folder: Path) -> Iterator[Recording]:
    """Read the records with `.beat` annotations: V is a PVC, N any other beat."""
    wfdb = _wfdb()
    for path in sorted(folder.glob("*.beat")):
        signal_mv, rate_hz = _signal(path.with_suffix(""))
        beats = wfdb.rdann(str(path.with_suffix("")), "beat")
        kind = np.where(np.array(beats.symbol) == "V", VENTRICULAR, NORMAL)
        yield Recording(
            path.stem, "MIT-BIH", signal_mv, rate_hz, beats.sample / rate_hz, kind, (0.0, len(signal_mv) / rate_hz)
        )


def read_ludb(folder: Path) -> Iterator[Recording]:
    """Read 12 leads of 10 s; beats are all normal where the table names no ventricular extrasystole, else of unknown type."""
    with (folder / "ludb.csv").open(encoding="utf-8") as file:
        rows = {row["ID"].strip(): " ".join(row.values()).lower() for row in csv.DictReader(file)}
    for path in sorted((folder / "data").glob("*.hea")):
        signal_mv, rate_hz = _signal(path.with_suffix(""))
        beat_s, known_s = _ludb_beats(path.with_suffix(""), rate_hz)
        kind = SOME_BEAT if "ventricular extrasyst" in rows[path.stem] else NORMAL
        yield Recording(f"ludb{path.stem}", "LUDB", signal_mv, rate_hz, beat_s, np.full(len(beat_s), kind), known_s)


def read_cinc(folder: Path) -> Iterator[Recording]:
    """Read single leads of 10 to 60 s whose label leaves no room for ventricular beats; nobody annotated the beats.

    The beats are those guessed by the package's rules: they say where an extrasystole may be put and nothing else.
    """
    for row in (folder / "REFERENCE.csv").read_text(encoding="utf-8").split():
        name, label = row.split(",")
        if label not in _NOT_VENTRICULAR:
            continue
        signal_mv, rate_hz = _signal(folder / name)
        working = work(signal_mv.astype(float), sampling_rate_hz=rate_hz)
        peaks = candidates(working)
        guess = first_guess(peaks / working.rate_hz, working.energy[peaks])
        beat_s = peak_positions(working, peaks)[guess] / working.rate_hz
        kind = np.full(len(beat_s), NORMAL)
        yield Recording(
            name,
            f"CinC {label}",
            signal_mv,
            rate_hz,
            beat_s,
            kind,
            (0.0, len(signal_mv) / rate_hz),
            others=NOT_VENTRICULAR,
        )


def _ludb_beats(path: Path, rate_hz: float) -> tuple[np.ndarray, tuple[float, float]]:
    wfdb = _wfdb()
    per_lead, first, last = [], [], []
    for lead in _LEADS:
        marks = wfdb.rdann(str(path), lead)
        per_lead.append(marks.sample[np.array(marks.symbol) == "N"] / rate_hz)
        first.append(marks.sample.min() / rate_hz)
        last.append(marks.sample.max() / rate_hz)
    usual = int(np.median([len(beats) for beats in per_lead]))
    agreeing = [beats for beats in per_lead if len(beats) == usual] or per_lead[1:2]
    return np.median(agreeing, axis=0), (min(first) - 0.05, max(last) + 0.05)


def _signal(path: Path) -> tuple[np.ndarray, float]:
    record = _wfdb().rdrecord(str(path))
    rate_hz = float(record.fs)
    return for_display(np.nan_to_num(record.p_signal), sampling_rate_hz=rate_hz).astype(np.float32), rate_hz


def _wfdb():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wfdb 4.3 under pandas 3
        import wfdb
    return wfdb
