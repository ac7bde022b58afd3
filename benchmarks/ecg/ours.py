"""Our own figures on the reference records, through the document that `cardio ecg FILE --json` prints.

Belongs here: running the analysis and counting. Not here: the peers (peers.py) or the table (__main__.py).
"""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ecg import reference
from benchmarks.ecg.peers import count_waves, edge_figures
from benchmarks.ecg.scoring import Tally
from benchmarks.ecg.unseen import Unseen
from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg import BRANCH
from cardio_dagster.modalities.ecg.document import EcgDocument, describe
from cardio_dagster.models import catalogue

OPTIONS = Options(threads=2)
Figures = dict[str, Any]
Look = Callable[[Path], EcgDocument]


def shipped(header: Path) -> EcgDocument:
    """Return the document by the shipped networks, which have seen all records of the reference data."""
    catalogue.use_catalogue(None)
    return describe(header, OPTIONS)


def unseen(networks: Unseen) -> Look:
    """Return the same by networks that have not seen the record."""

    def look(header: Path) -> EcgDocument:
        networks.choose(f"{header.parent.name if header.parent.name != 'data' else 'ludb'}/{header.stem}")
        return describe(header, OPTIONS)

    return look


def qrs(data: Path, look: Look) -> Figures:
    """Return sensitivity, +P and PVC F1 on MIT-BIH, all leads together."""
    beats, ventricular, taken_s = Tally(), Tally(), []
    for record in reference.mitdb(data):
        started = time.perf_counter()
        document = look(record.header)
        taken_s.append(time.perf_counter() - started)
        beats.add(record.beats_s, np.array([beat.time_s for beat in document.beats]))
        ventricular.add(record.ventricular_s, np.array([b.time_s for b in document.beats if b.type == "V"]))
    return {
        "sensitivity_pct": beats.sensitivity_pct,
        "predictive_pct": beats.predictive_pct,
        "pvc_f1_pct": ventricular.f1_pct,
        "seconds": statistics.median(taken_s),
    }


def delineation(data: Path, look: Look) -> dict[str, Figures]:
    """Return F1 and error per edge on LUDB: lead II alone and all leads; and the calls of fibrillation or flutter."""
    second: dict[str, Tally] = {}
    every: dict[str, Tally] = {}
    called: Counter[tuple[bool, bool]] = Counter()
    for record in reference.ludb(data):
        document = look(record.header)
        called[record.is_af, document.rhythm.label in {"afib", "aflutter"}] += 1
        for lead, found in _edges(document).items():
            if lead in record.leads:
                for tallies in (every, second) if lead == "ii" else (every,):
                    count_waves(tallies, record.leads[lead], found)
    return {"lead II": edge_figures(second), "all leads": edge_figures(every), "rhythm": _rates(called)}


def _edges(document: EcgDocument) -> dict[str, dict[str, np.ndarray]]:
    def of(waves: tuple[Any, ...], kind: str) -> np.ndarray:
        return np.array([(w.onset_s, w.offset_s) for w in waves if w.wave == kind]).reshape(-1, 2)

    return {lead.lower(): {k: of(waves, k) for k in ("P", "QRS", "T")} for lead, waves in document.waves.items()}


def _rates(called: Counter[tuple[bool, bool]]) -> Figures:
    """Return sensitivity and specificity in percent."""
    return {
        "sensitivity_pct": 100.0 * called[True, True] / max(called[True, True] + called[True, False], 1),
        "specificity_pct": 100.0 * called[False, False] / max(called[False, True] + called[False, False], 1),
    }


def fibrillation(data: Path, look: Look) -> Figures:
    """Return the F1 of atrial fibrillation on CinC 2017 and how many of each label were called or refused."""
    called: Counter[tuple[str, str]] = Counter()
    for header, label in reference.cinc(data).items():
        try:
            called[label, look(header).rhythm.label] += 1
        except StudyError as refused:
            called[label, refused.problem.code] += 1
    hits = called["A", "afib"]
    wrong = sum(n for (label, got), n in called.items() if (label == "A") != (got == "afib"))
    return {
        "f1_pct": 200.0 * hits / max(2 * hits + wrong, 1),
        "called": {f"{a} as {b}": n for (a, b), n in called.items()},
    }


def speed(data: Path, *, records: int = 20) -> Figures:
    """Return the median seconds of the whole analysis of a 12-lead 10 s record, from file to document, and to the drawn report part."""
    headers = sorted((data / "ludb" / "data").glob("*.hea"))[: records + 1]
    return {"seconds": _median(headers, _document), "seconds_drawn": _median(headers, _drawn)}


def _median(headers: list[Path], work: Any) -> float:
    taken_s = []
    for header in headers:
        started = time.perf_counter()
        work(header)
        taken_s.append(time.perf_counter() - started)
    return statistics.median(taken_s[1:])


def _document(header: Path) -> None:
    describe(header, OPTIONS)


def _drawn(header: Path) -> None:
    prepared = BRANCH.preprocess(BRANCH.validate(header, OPTIONS).data, OPTIONS)
    BRANCH.analyse(prepared.data, BRANCH.detect(prepared.data, OPTIONS).data, "r", OPTIONS)
