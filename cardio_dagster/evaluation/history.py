"""history.parquet: one row a metric a night.

Belongs here: the columns, and replacing the rows of a night. Not here: the figures.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cardio_dagster.evaluation.metrics import BY_NAME
from cardio_dagster.evaluation.night import Night
from cardio_dagster.stores.atomic import write_atomically

SCHEMA = pa.schema((
    ("night", pa.string()), ("size", pa.string()), ("kind", pa.string()), ("case_set", pa.string()), ("metric", pa.string()),
    ("unit", pa.string()), ("value", pa.float64()), ("low", pa.float64()), ("high", pa.float64()), ("n", pa.int64()),
    ("worsening", pa.float64()), ("verdict", pa.string()), ("software_version", pa.string()), ("models_sha256", pa.string()),
))  # fmt: skip
ACCURACY, DRIFT = "accuracy", "drift"
Rows = list[dict[str, Any]]


def read_history(path: Path) -> Rows:
    """Return every row, the oldest night first; none before the first night."""
    return pq.read_table(path).to_pylist() if path.is_file() else []


def keep(path: Path, night: Night, models_sha256: str) -> Rows:
    """Put the rows of a night in the place of those of the same night and size, and return all rows.

    A night that is evaluated again leaves no second row. The file is replaced in one step.
    """
    former = [row for row in read_history(path) if (row["night"], row["size"]) != (night.night, night.run.size)]
    rows = sorted([*former, *_rows(night, models_sha256)], key=lambda row: (row["night"], row["size"]))
    written = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), written, compression="zstd")
    write_atomically(path, written.getvalue())
    return rows


def _rows(night: Night, models_sha256: str) -> Iterator[dict[str, Any]]:
    about = {
        "night": night.night,
        "size": night.run.size,
        "software_version": night.run.software_version,
        "models_sha256": models_sha256,
    }
    changes = {change.metric: change for change in night.changes}
    for figure in night.figures:
        metric, change = BY_NAME[figure.metric], changes.get(figure.metric)
        judged = {"worsening": change.worsening, "verdict": change.verdict.value} if change else {}
        of = {"kind": ACCURACY, "case_set": metric.case_set, "metric": metric.name, "unit": metric.unit}
        yield (
            about | of | {"value": figure.value, "low": figure.low, "high": figure.high, "n": figure.patients} | judged
        )
    for shift in night.shifts:
        of = {"kind": DRIFT, "case_set": "site", "metric": shift.feature.name, "unit": "1"}
        yield about | of | {"value": shift.psi, "n": shift.recent_n, "verdict": shift.state.value}
