"""LUDB as its publisher lays it out: records, what the cardiologists wrote about each, and the edges that they marked.

Belongs here: reading `ludb.csv` and the annotations of each lead. Not here: any comparison (evaluate.py).
"""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cardio_dagster.modalities.ecg.signal import EcgRecord, EcgStructures, WaveTimes

_SYMBOLS = {"p": "p", "N": "qrs", "t": "t"}
_NEAR_S = {"p": 0.4, "qrs": 0.12, "t": 0.6}  # how far from its beat a wave may lie


@dataclass(frozen=True)
class Case:
    """One record: the path of its header without ending, and all texts about it in one lower-case string per column."""

    path: Path
    said: dict[str, str]


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Return the records of which the signal is there, in the order of their numbers."""
    with (folder / "ludb.csv").open(encoding="utf-8", newline="") as table:
        rows = {row["ID"].strip(): row for row in csv.DictReader(table)}
    paths = sorted((p.with_suffix("") for p in (folder / "data").glob("*.hea")), key=lambda p: int(p.name))
    return tuple(Case(p, {name: (text or "").strip().lower() for name, text in rows[p.name].items()}) for p in paths)


def in_microvolts(record: EcgRecord, path: Path) -> EcgRecord:
    """Return the record with each sample taken as a microvolt.

    The published headers scale every lead to 1 mV from peak to peak, so that I + III is not II and no voltage means anything. The stored
    integers keep Einthoven's law in all records to the last bit and have the size of microvolts; they are what was measured.
    """
    import wfdb

    stored = wfdb.rdrecord(str(path), physical=False).d_signal
    return replace(record, signal_mv=(0.001 * stored).astype(np.float32))


def with_marked_edges(found: EcgStructures, path: Path, leads: tuple[str, ...], rate_hz: float) -> EcgStructures:
    """Return the structures with the cardiologists' edges in place of ours; beats and their types stay ours."""
    import wfdb

    full = {name: np.full((3, len(found.beat_time_s), len(leads)), np.nan) for name in _SYMBOLS.values()}
    for place, lead in enumerate(leads):
        marks = wfdb.rdann(str(path), lead.lower())
        for i in range(1, len(marks.symbol) - 1):
            name = _SYMBOLS.get(marks.symbol[i])
            if name is None or marks.symbol[i - 1] != "(" or marks.symbol[i + 1] != ")":
                continue
            edges_s = marks.sample[i - 1 : i + 2] / rate_hz
            beat = _beat_of(found.beat_time_s, edges_s[1], name)
            if beat is not None:
                full[name][:, beat, place] = edges_s
    waves = {name: WaveTimes(*edges) for name, edges in full.items()}
    return EcgStructures(
        found.beat_time_s,
        found.beat_types,
        found.likeness,
        found.beat_probability,
        found.p_probability,
        found.background,
        waves["p"],
        waves["qrs"],
        waves["t"],
    )


def _beat_of(beat_time_s: np.ndarray, peak_s: float, name: str) -> int | None:
    """Return the beat that the wave belongs to: P the next one, T the one before, QRS the nearest."""
    apart = {"p": beat_time_s - peak_s, "t": peak_s - beat_time_s, "qrs": np.abs(beat_time_s - peak_s)}[name]
    apart = np.where(apart >= 0, apart, np.inf)
    if not len(apart) or apart.min() > _NEAR_S[name]:
        return None
    return int(np.argmin(apart))
