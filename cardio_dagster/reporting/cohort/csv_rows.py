"""The cohort table as CSV text.

Belongs here: header and lines, and the row of a single report. Not here: what stands in a row (row.py).
UTF-8, comma, LF; a missing value is an empty cell, yes and no are `true` and `false`, a number has all its digits.
"""

import csv
import io
from collections.abc import Iterable, Mapping

from cardio_dagster.reporting.cohort.dictionary import columns
from cardio_dagster.reporting.cohort.row import row_of
from cardio_dagster.reporting.cohort.study import Decided, Value, read_study
from cardio_dagster.reporting.json_report import to_json
from cardio_dagster.reporting.parts import Report

_STATUSES = {"released": "released", "error response": "error", "rejected": "rejected"}  # as a status begins


def cohort_row(report: Report) -> bytes:
    """Return the report as it stands in the cohort table: the header and one line.

    The release is the one that the report itself states; a report that says neither that it was released nor that it was
    rejected is held.
    """
    study = read_study(to_json(report))
    status = study.release_status.partition(":")[0]
    decided = Decided(
        study_id=study.study_id,
        revision=study.revision,
        newest_revision=study.revision,
        status=next((word for start, word in _STATUSES.items() if status.startswith(start)), "held"),
        final_state=study.final_state,
        coverage=study.coverage,
        error_code=study.error.code if study.error else None,
        version=study.version,
    )
    return header() + lines([row_of(decided, study)])


def header() -> bytes:
    """Return the line of column names."""
    return _text([[column.column for column in columns()]])


def lines(rows: Iterable[Mapping[str, Value]]) -> bytes:
    """Return one line a row; each must hold every column."""
    names = [column.column for column in columns()]
    return _text([_cell(row[name]) for name in names] for row in rows)


def _text(table: Iterable[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue().encode()


def _cell(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else repr(value)
