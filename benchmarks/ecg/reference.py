"""The reference records as arrays, with what experts said of them.

Belongs here: reading MIT-BIH, LUDB and CinC 2017 in the layout of their publishers. Not here: any analysis.
"""

import csv
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

LUDB_LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
_WAVES = {"p": "P", "N": "QRS", "t": "T"}


@dataclass(frozen=True)
class BeatRecord:
    """A MIT-BIH record: its header, all beats and the ventricular ones, in seconds."""

    header: Path
    beats_s: np.ndarray
    ventricular_s: np.ndarray


@dataclass(frozen=True)
class LeadWaves:
    """The waves of one lead: kind -> (n, 2) onset and offset in seconds; `span_s` is what the expert looked at."""

    edges_s: dict[str, np.ndarray]
    span_s: tuple[float, float]


@dataclass(frozen=True)
class WaveRecord:
    """A LUDB record: its header, the waves of each annotated lead, and whether it is fibrillation or flutter."""

    header: Path
    leads: dict[str, LeadWaves]
    is_af: bool


def library() -> Any:
    """Return wfdb without its warnings at import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb
    return wfdb


def mitdb(data: Path) -> Iterator[BeatRecord]:
    """Yield the annotated MIT-BIH records."""
    wfdb = library()
    for path in sorted((data / "mitdb").glob("*.beat")):
        base = str(path.with_suffix(""))
        found, rate_hz = wfdb.rdann(base, "beat"), wfdb.rdheader(base).fs
        times_s = np.asarray(found.sample) / rate_hz
        yield BeatRecord(path.with_suffix(".hea"), times_s, times_s[np.array(found.symbol) == "V"])


def ludb(data: Path) -> Iterator[WaveRecord]:
    """Yield the LUDB records."""
    with (data / "ludb" / "ludb.csv").open(encoding="utf-8") as file:
        rhythms = {row["ID"].strip(): row["Rhythms"].lower() for row in csv.DictReader(file)}
    for header in sorted((data / "ludb" / "data").glob("*.hea"), key=lambda path: int(path.stem)):
        leads = {name: _lead_waves(header.with_suffix(""), name) for name in LUDB_LEADS}
        rhythm = rhythms[header.stem]
        kept = {name: waves for name, waves in leads.items() if waves is not None}
        yield WaveRecord(header, kept, "fibrillation" in rhythm or "flutter" in rhythm)


def _lead_waves(base: Path, lead: str) -> LeadWaves | None:
    """Return the whole waves of a lead; None where nothing is marked."""
    wfdb = library()
    marks = wfdb.rdann(str(base), lead)
    times_s, symbols = np.asarray(marks.sample) / wfdb.rdheader(str(base)).fs, marks.symbol
    whole = [
        (_WAVES[kind], times_s[i - 1], times_s[i + 1])
        for i, kind in enumerate(symbols[:-1])
        if i and kind in _WAVES and symbols[i - 1] == "(" and symbols[i + 1] == ")"
    ]
    if not whole:
        return None
    edges = {k: np.array([(a, b) for kind, a, b in whole if kind == k]).reshape(-1, 2) for k in _WAVES.values()}
    return LeadWaves(edges, (min(a for _, a, _ in whole) - 0.02, max(b for _, _, b in whole) + 0.02))


def cinc(data: Path) -> dict[Path, str]:
    """Return the CinC 2017 headers with their label: N, A, O or ~."""
    lines = (data / "cinc2017" / "REFERENCE.csv").read_text(encoding="utf-8").split()
    return {data / "cinc2017" / f"{name}.hea": label for name, label in (line.split(",") for line in lines)}
