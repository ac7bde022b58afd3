"""LUDB: our waves and rhythm against the cardiologists' marks, lead by lead.

Belongs here: reading records and marks, and their sums. Not here: matching (matching.py) or delineation (modalities/ecg/).

Kalyakulina et al. 2020, doi:10.1109/ACCESS.2020.3029211. Edges are counted within the span that the experts looked at. The shipped
networks were trained on these records: the figures show change, benchmarks/ecg those on patients unseen.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.evaluation.observed import Observed, Sums, hit
from cardio_dagster.evaluation.truth.choose import band, chosen
from cardio_dagster.evaluation.truth.marks import read_marks
from cardio_dagster.evaluation.truth.matching import Matched, joined, match
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.document import EcgDocument, describe

LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
_WAVES = {"p": "P", "N": "QRS", "t": "T"}
_BEYOND_S = 0.02  # of the first and the last mark, still looked at
_AF = frozenset({"afib", "aflutter"})
Edges = dict[str, np.ndarray]  # wave -> (n, 2) onset and offset in seconds


def observe(folder: Path, options: Options, most: int | None = None) -> Iterator[Observed]:
    """Yield what each record says; one that is refused says only that."""
    said = _said(folder)
    for name in chosen((path.stem for path in (folder / "data").glob("*.hea")), most):
        header, row = folder / "data" / f"{name}.hea", said[name]
        groups = {"sex": row["Sex"].strip() or "unknown", "age": band(_age(row["Age"]), (40.0, 65.0), "years")}
        try:
            document = describe(header, options)
        except StudyError:
            yield Observed("ludb", name, {"ludb_refused_pct": hit(True)}, {**groups, "quality": "refused"})
            continue
        marks = {lead: marked for lead in LEADS if (marked := _marks(header.with_suffix(""), lead))}
        groups["quality"] = document.quality.verdict
        yield Observed("ludb", name, _sums(document, marks, row["Rhythms"].lower()), groups, document.rhythm.confidence)


def _said(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "ludb.csv").open(encoding="utf-8", newline="") as table:
        return {row["ID"].strip(): row for row in csv.DictReader(table)}


def _age(text: str) -> float | None:
    digits = text.strip().lstrip(">")
    return float(digits) if digits.replace(".", "", 1).isdigit() else None


def _marks(base: Path, lead: str) -> Edges:
    """Return the waves of which onset, peak and offset are marked."""
    times_s, symbols = read_marks(base, lead)
    whole = [
        (_WAVES[kind], times_s[i - 1], times_s[i + 1])
        for i, kind in enumerate(symbols[:-1])
        if i and kind in _WAVES and symbols[i - 1] == "(" and symbols[i + 1] == ")"
    ]
    return {w: np.array([e for k, *e in whole if k == w]).reshape(-1, 2) for w in _WAVES.values()} if whole else {}


def _sums(document: EcgDocument, marks: dict[str, Edges], rhythm: str) -> dict[str, Sums]:
    is_af, called = "fibrillation" in rhythm or "flutter" in rhythm, document.rhythm.label in _AF
    side = "sensitivity" if is_af else "specificity"
    both = {wave: [joined(_matches(document, marks, wave, column)) for column in (0, 1)] for wave in ("P", "QRS", "T")}
    return {
        **{f"ludb_{wave.lower()}_f1_pct": joined(edges).f1_sums for wave, edges in both.items()},
        "ludb_qrs_onset_sd_ms": both["QRS"][0].spread_sums,
        "ludb_qrs_offset_sd_ms": both["QRS"][1].spread_sums,
        "ludb_t_offset_sd_ms": both["T"][1].spread_sums,
        f"ludb_af_{side}_pct": hit(called == is_af),
        "ludb_refused_pct": hit(False),
    }


def _matches(document: EcgDocument, marks: dict[str, Edges], wave: str, column: int) -> list[Matched]:
    """Return the matches of one edge (column 0 onset, 1 offset) in each marked lead."""
    found = {lead.lower(): waves for lead, waves in document.waves.items()}
    matches = []
    for lead, marked in marks.items():
        edges = np.array([(w.onset_s, w.offset_s) for w in found.get(lead, ()) if w.wave == wave]).reshape(-1, 2)
        everything = np.concatenate(list(marked.values()))
        low, high = everything.min() - _BEYOND_S, everything.max() + _BEYOND_S
        inside = edges[(edges[:, 0] >= low) & (edges[:, 1] <= high)]
        matches.append(match(np.sort(marked[wave][:, column]), np.sort(inside[:, column])))
    return matches
