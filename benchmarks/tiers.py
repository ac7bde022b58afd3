"""Tier 1 and tier 2 side by side against one after the other: real work, and tasks as slow as seed 004's.

Usage: python -m benchmarks.tiers [--studies 4000] [--repeats 15]

Belongs here: figures to print. Not here: assertions. Three kinds of work are shown, because threads help only
where a task waits (network, disk, another process): `real` (index in memory, earlier studies in SQLite),
`waiting` (the seed's times, as a remote index, model or database would take them) and `computing` (the seed's
times spent in Python itself). For each the times in both modes, what was truly gained (one after the other over
side by side), and what `speedup_vs_sequential` said, which overstates where tasks wait for each other.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from cardio_dagster.evidence.cache import open_searcher
from cardio_dagster.evidence.retrieval import gather_context
from cardio_dagster.evidence.tasks import Task, TierOptions, run_tier
from cardio_dagster.finding import Analysis, Finding, Grade, Measurement, Score
from cardio_dagster.fusion import fuse
from cardio_dagster.outcome import Gate
from cardio_dagster.reporting.appraisal.tier2 import appraise
from cardio_dagster.scoring import score
from cardio_dagster.statement import Passage, Statement, TierRun
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.priors import PriorStore, patients
from cardio_dagster.stores.results import findings, measurements, releases
from cardio_dagster.stores.study_tables import revisions, studies
from cardio_dagster.study import Priority, Recording, Study

SEED_MS: dict[str, dict[str, float]] = {
    "tier1": {"evidence": 500, "suggestions": 300, "priors": 200},
    "tier2": {"quality": 100, "citations": 150, "cost": 50},
}
STUDIES_PER_PATIENT = 8
CODES = ("ECG_AFIB", "ECG_QTC_LONG", "ECG_LVH_VOLTAGE", "LVEF_MODERATELY_REDUCED", "ECG_LBBB", "ECG_TACHYCARDIA")
VALUES = {
    "ecg": {"heart_rate_bpm": 110.0, "qrs_ms": 132.0, "qtc_fridericia_ms": 470.0},
    "echo": {"lvef_pct": 38.0, "lv_edv_ml": 160.0},
}
Run = Callable[[bool], TierRun]


@dataclass(frozen=True)
class Row:
    work: str
    in_turn_ms: float
    side_by_side_ms: float
    said: float

    @property
    def gained(self) -> float:
        return self.in_turn_ms / self.side_by_side_ms


def fill(engine: sa.Engine, number: int) -> Study:
    """Write that many released studies and return the newest; eight of each patient."""
    rng = random.Random(5)
    rows: dict[sa.Table, list[dict[str, object]]] = {
        t: [] for t in (studies, revisions, releases, patients, measurements, findings)
    }
    for i in range(number):
        received = f"{2018 + i % 8}-0{1 + i % 9}-01T00:00:00.000+00:00"
        key = {"study_id": f"s-{i:016x}", "revision": 1}
        rows[studies].append({**key, "source": f"x{i}", "priority_rank": 2, "received_at": received, "attempt": 1})
        rows[revisions].append(
            {
                **key,
                "content_sha256": f"{i:064x}",
                "claim": f"c{i}",
                "priority": "routine",
                "received_at": received,
                "input_path": "i",
                "recordings": "[]",
                "problems": "[]",
            }
        )
        rows[releases].append(
            {**key, "status": "released", "state": 9, "coverage": "FULL", "reasons": "[]", "released_at": received}
        )
        rows[patients].append({"study_id": key["study_id"], "patient_key": f"p{i // STUDIES_PER_PATIENT}"})
        for position, (modality, name) in enumerate((m, n) for m, values in VALUES.items() for n in values):
            rows[measurements].append(
                {
                    **key,
                    "position": position,
                    "modality": modality,
                    "recording_id": "r01",
                    "name": name,
                    "value": rng.uniform(30, 90),
                    "unit": "1",
                }
            )
        rows[findings].append(
            {**key, "position": 0, "modality": "ecg", "code": "ECG_SINUS", "grade": "normal", "text": "t", "rule": "r"}
        )
    with engine.begin() as connection:
        for table, content in rows.items():
            connection.execute(sa.insert(table), content)
    last = f"s-{number - 1:016x}"
    recordings = (Recording("r01", "ecg", "0" * 64, 300_000, "ecg", "dicom"),)
    return Study(last, 1, "0" * 64, "2027-01-01T00:00:00.000+00:00", Priority.ROUTINE, recordings)  # fmt: skip


def analyses() -> tuple[Analysis, ...]:
    return tuple(
        Analysis(
            modality,
            "r01",
            tuple(Measurement(n, n, v, "1", "given", recording_id="r01") for n, v in values.items()),
            tuple(Finding(c, c.lower(), Grade.ABNORMAL, "given") for c in CODES if (modality == "ecg") == c.startswith("ECG")),
        )
        for modality, values in VALUES.items()
    )  # fmt: skip


@contextmanager
def real(number: int) -> Iterator[dict[str, Run]]:
    """Yield tier 1 and tier 2 on a real index, a real database and a folder of files."""
    with tempfile.TemporaryDirectory(prefix="cardio-tiers-") as folder:
        engine = connect(f"sqlite:///{folder}/cardio.db")
        create_tables(engine)
        study = fill(engine, number)
        fusion = fuse(analyses(), ())
        scores = score(fusion)
        searcher = open_searcher().searcher  # without its cache: a new study asks anew
        passages = tuple(searcher.passages.values())
        priors = partial(PriorStore(engine).before, study.study_id, study.received_at)
        found, _ = gather_context(study, fusion.findings, scores, fusion.features, searcher=searcher, priors=priors, options=TierOptions())  # fmt: skip
        print(
            f"{len(passages)} passages indexed; of this study: {len(found.passages)} passages, {len(found.trends)} trends, {len(found.suggestions)} suggestions"
        )

        def tier1(parallel: bool) -> TierRun:
            options = TierOptions(enable_parallel_tier1=parallel)
            return gather_context(study, fusion.findings, scores, fusion.features, searcher=searcher, priors=priors, options=options)[1]  # fmt: skip

        def tier2(parallel: bool) -> TierRun:
            options = TierOptions(enable_parallel_tier2=parallel)
            verdicts = [Gate(f"g{i}", "1", "g", "1", 0).judge(1.0, recording_id="r01") for i in range(30)]
            return appraise(study, analyses(), sentences(fusion.findings, scores, passages), found, verdicts, corpus=passages, verification=None, cpu_s=1.0, folders=[Path(folder)], options=options).run  # fmt: skip

        yield {"tier1": tier1, "tier2": tier2}
        engine.dispose()


def sentences(
    found: tuple[Finding, ...], scores: tuple[Score, ...], passages: tuple[Passage, ...]
) -> tuple[Statement, ...]:
    named = [(f.code, (f.code,)) for f in found] + [(s.name, ()) for s in scores]
    return tuple(
        Statement(f"s{i:02d}", "ecg", name, Grade.ABNORMAL, codes, citations=(passages[i % len(passages)].passage_id,))
        for i, (name, codes) in enumerate(named)
    )


def compute(ms: float) -> None:
    """Keep one processor busy in Python for as long as it takes alone, whatever else runs."""
    until = time.thread_time() + ms / 1000
    while time.thread_time() < until:
        sum(range(500))


def seeded(tier: str, work: Callable[[float], object], scale: float = 1.0) -> Run:
    tasks = {name: Task(partial(work, ms * scale), None, "nothing") for name, ms in SEED_MS[tier].items()}
    return lambda parallel: run_tier(tier, tasks, parallel=parallel, timeout_ms=60_000)[1]


def measure(work: str, run: Run, repeats: int) -> Row:
    """Return the medians, the modes taken by turns so that a busy moment hits both."""
    run(True), run(False)
    pairs = [(run(False), run(True)) for _ in range(repeats)]
    return Row(
        work,
        statistics.median(a.duration_ms for a, _ in pairs),
        statistics.median(b.duration_ms for _, b in pairs),
        statistics.median(b.speedup_vs_sequential or 0.0 for _, b in pairs),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    rows = []
    with real(args.studies) as tiers:
        rows += [measure(f"{tier} real, {args.studies} studies", run, args.repeats) for tier, run in tiers.items()]
    few = max(3, args.repeats // 5)
    rows += [
        measure(f"{tier} waiting (seed 004)", seeded(tier, lambda ms: time.sleep(ms / 1000)), few) for tier in SEED_MS
    ]
    rows += [measure(f"{tier} computing (seed 004)", seeded(tier, compute), few) for tier in SEED_MS]
    show(rows)


def show(rows: list[Row]) -> None:
    table = Table("work", "in turn, ms", "side by side, ms", "gained", "speedup_vs_sequential")
    for row in rows:
        table.add_row(row.work, f"{row.in_turn_ms:.1f}", f"{row.side_by_side_ms:.1f}", f"{row.gained:.2f}", f"{row.said:.2f}")  # fmt: skip
    console = Console(width=110)
    console.print(table)
    console.print(
        "gained: the truth. Threads gain where tasks wait; not where they compute in Python (one interpreter lock)."
    )


if __name__ == "__main__":
    main()
