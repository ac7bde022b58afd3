"""The cohort as files: one wide Parquet table, two long ones and one CSV.

Belongs here: writing them in one pass of bounded memory. Not here: what stands in a row (row.py) or the SQL table
(stores/cohort.py). Rows come in the order in which they are given; equal rows give equal files and an equal hash.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cardio_dagster.reporting.cohort.csv_rows import header, lines
from cardio_dagster.reporting.cohort.dictionary import VERSION, Kind, columns
from cardio_dagster.reporting.cohort.row import row_of
from cardio_dagster.reporting.cohort.study import CohortStudy, Decided

COHORT, MEASUREMENTS, FINDINGS, CSV = "cohort.parquet", "measurements.parquet", "findings.parquet", "cohort.csv"
CHUNK = 500  # studies in memory at once
_ARROW = {
    Kind.TEXT: pa.string(),
    Kind.TIME: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.YES_NO: pa.bool_(),
}
_KEY = (("study_id", pa.string()), ("revision", pa.int64()), ("modality", pa.string()), ("recording_id", pa.string()))
_MEASURED = pa.schema((
    *_KEY, ("name", pa.string()), ("value", pa.float64()), ("unit", pa.string()), ("reference_low", pa.float64()),
    ("reference_high", pa.float64()), ("flag", pa.string()), ("confidence", pa.float64()), ("loinc", pa.string()),
    ("has_column", pa.bool_()),
))  # fmt: skip
_FOUND = pa.schema((*_KEY, ("code", pa.string()), ("grade", pa.string()), ("has_column", pa.bool_())))
_NAME = re.compile(r"[A-Za-z0-9_.]{1,80}")  # names and codes are words of the code; anything else is no name


@dataclass(frozen=True, slots=True)
class WrittenTables:
    """What was written: rows, and the hash over columns and all rows, which equal studies share."""

    rows: int
    unread: int  # of them without a readable report
    sha256: str


def schema() -> pa.Schema:
    """Return the columns as Arrow fields; the metadata of each are its dictionary entry."""
    return pa.schema(
        [pa.field(c.column, _ARROW[c.type], metadata={k: str(v) for k, v in _entry(c).items()}) for c in columns()],
        metadata={"cohort_version": VERSION},
    )


def write_tables(studies: Iterable[tuple[Decided, CohortStudy | None]], folder: Path) -> WrittenTables:
    """Write the tables into an existing folder; each study once, CHUNK of them in memory."""
    content, rows, unread = hashlib.sha256(repr(columns()).encode()), 0, 0
    with ExitStack() as stack:
        wide, measured, found = (
            stack.enter_context(pq.ParquetWriter(folder / name, fields, compression="zstd"))
            for name, fields in ((COHORT, schema()), (MEASUREMENTS, _MEASURED), (FINDINGS, _FOUND))
        )
        text = stack.enter_context((folder / CSV).open("wb"))
        text.write(header())
        for chunk in _chunks(studies):
            table = [row_of(decided, study) for decided, study in chunk]
            long = [study for decided, study in chunk if study is not None and decided.status == "released"]
            wide.write_table(pa.Table.from_pylist(table, schema()))
            measurements, findings = list(_measurement_rows(long)), list(_finding_rows(long))
            measured.write_table(_arrow(measurements, _MEASURED))
            found.write_table(_arrow(findings, _FOUND))
            encoded = lines(table)
            text.write(encoded)
            content.update(encoded + repr((measurements, findings)).encode())
            rows, unread = rows + len(chunk), unread + sum(study is None for _, study in chunk)
    return WrittenTables(rows, unread, content.hexdigest())


def _chunks(
    studies: Iterable[tuple[Decided, CohortStudy | None]],
) -> Iterator[list[tuple[Decided, CohortStudy | None]]]:
    remaining = iter(studies)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _entry(column: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(column).items() if value not in ("", None)}


def _arrow(rows: list[tuple[Any, ...]], fields: pa.Schema) -> pa.Table:
    given = zip(*rows, strict=True) if rows else ((),) * len(fields)
    return pa.table([pa.array(values, field.type) for values, field in zip(given, fields, strict=True)], fields)


def _measurement_rows(studies: list[CohortStudy]) -> Iterator[tuple[Any, ...]]:
    """Yield every measurement of every recording; a name without a column in the wide table is here all the same."""
    known = {c.report_name for c in columns()}
    for study in studies:
        for m in study.measurements:
            if m.name in known or _NAME.fullmatch(m.name):
                key = (study.study_id, study.revision, m.modality, m.recording_id)
                limits = (m.reference_low, m.reference_high, m.flag, m.confidence, m.loinc)
                yield (*key, m.name, m.value, m.unit, *limits, m.name in known)


def _finding_rows(studies: list[CohortStudy]) -> Iterator[tuple[Any, ...]]:
    known = {c.report_name for c in columns()}
    for study in studies:
        for f in study.findings:
            if _NAME.fullmatch(f.code) and f.code not in study.contested:
                key = (study.study_id, study.revision, f.modality, f.recording_id)
                yield (*key, f.code, f.grade, f.code in known)
