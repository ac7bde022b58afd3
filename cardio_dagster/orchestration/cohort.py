"""Making the cohort: from the decisions and the reports to the tables, the page and the SQL table.

Belongs here: reading the stores and putting the files in their place. Not here: the asset (defs/cohort.py), rows and
files (reporting/cohort/) or SQL (stores/cohort.py).
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from cardio_dagster.errors import StudyError
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.outcome import State
from cardio_dagster.reporting.cohort.dictionary import columns, dictionary_csv, dictionary_json
from cardio_dagster.reporting.cohort.page import to_page
from cardio_dagster.reporting.cohort.study import CohortStudy, Decided, read_study
from cardio_dagster.reporting.cohort.summary import Summary, summarise
from cardio_dagster.reporting.cohort.tables import (
    CHUNK,
    COHORT,
    CSV,
    FINDINGS,
    MEASUREMENTS,
    WrittenTables,
    write_tables,
)
from cardio_dagster.stores.atomic import write_atomically
from cardio_dagster.stores.cohort import CohortStore
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.reports import ReportStore

FOLDER = "cohort"  # below the store
DICTIONARY_JSON, DICTIONARY_CSV, PAGE = "dictionary.json", "dictionary.csv", "cohort.html"
COHORT_FILES = (COHORT, MEASUREMENTS, FINDINGS, CSV, DICTIONARY_JSON, DICTIONARY_CSV, PAGE)


@dataclass(frozen=True, slots=True)
class Cohort:
    """What was made, and where."""

    folder: Path
    tables: WrittenTables
    summary: Summary
    sql_rows: int


def make_cohort(stores: Stores) -> Cohort:
    """Write every table, the dictionary and the page, and replace the SQL table.

    Each file takes the place of the former in one step; the tables are complete before the first one moves, and the
    SQL table is filled from the very Parquet file, so that both hold the same rows.
    """
    folder = Path(stores.store_dir) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".draft-") as draft:
        written = write_tables(_studies(stores), Path(draft))
        summary = summarise(Path(draft) / COHORT)
        sql_rows = CohortStore(connect(stores.database_url)).replace(
            [(c.column, c.type.value) for c in columns()], _batches(Path(draft) / COHORT)
        )
        for name in (COHORT, MEASUREMENTS, FINDINGS, CSV):
            (Path(draft) / name).replace(folder / name)
    write_atomically(folder / DICTIONARY_JSON, dictionary_json())
    write_atomically(folder / DICTIONARY_CSV, dictionary_csv())
    write_atomically(folder / PAGE, to_page(summary).encode())
    return Cohort(folder, written, summary, sql_rows)


def _studies(stores: Stores) -> Iterator[tuple[Decided, CohortStudy | None]]:
    reports = ReportStore(stores.reports_dir)
    for row in CohortStore(connect(stores.database_url)).decided():
        decided = Decided(
            study_id=row["study_id"],
            revision=row["revision"],
            newest_revision=row["newest_revision"],
            status=row["status"],
            final_state=State(row["state"]).name,
            coverage=row["coverage"],
            error_code=row["code"],
            received_at=row["received_at"],
            priority=row["priority"],
            version=row["version"],
        )
        yield decided, _report(reports, decided)


def _report(reports: ReportStore, decided: Decided) -> CohortStudy | None:
    """Return the report of a decision; None where it is gone, broken, or that of another study."""
    try:
        folder = reports.folder(decided.study_id, decided.revision, decided.version)
        study = read_study((folder / "report.json").read_bytes())
    except (OSError, StudyError):
        return None
    told = (study.study_id, study.revision, study.version)
    return study if told == (decided.study_id, decided.revision, decided.version) else None


def _batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=CHUNK):
            yield batch.to_pylist()
