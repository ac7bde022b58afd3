"""ECG tables (CSV) to EcgRecord: one column per lead, optionally one of time.

Belongs here: the layout that we read and what it must say of itself. Not here: what columns mean (table.py), clinical values.

Layout: optional lines `# sampling_rate_hz: 500` and `# unit: mV`; a header row with the names of the leads, each
with its unit where no comment gives one (`II_mV`, `V1 [uV]`); rows of numbers; empty or `nan` is missing. A column named
`time_s`, `time_ms`, `time [s]` or `seconds` gives the sampling rate. Separator: comma, semicolon or tab.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.leads import lead_names
from cardio_dagster.modalities.ecg.formats.table import Columns, millivolts_of, read_columns, sampling_rate, to_float32
from cardio_dagster.modalities.ecg.signal import EcgRecord

_COMMENT = re.compile(r"^#\s*([\w ]+?)\s*[:=]\s*(.+?)\s*$")
_MAX_HEADER_LINES = 40
_HEAD_BYTES = 16384
_MAX_BYTES = (
    200_000_000  # 28 million numbers; text of numbers costs 10 times the time and the memory of a binary format
)


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """What the top of a table says: comments (lower-case keys), separator, columns, line number of the header row."""

    comments: dict[str, str]
    separator: str
    columns: Columns
    header_line: int


def read_layout(path: Path) -> CsvLayout | None:
    """Return the layout where the file is an ECG table (table.read_columns), else None.

    Raises OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if b"\0" in head:
        return None
    try:
        text = head.decode("utf-8-sig", errors="strict" if len(head) < _HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return None
    lines = text.splitlines()[:_MAX_HEADER_LINES]
    comments = {m[1].lower().replace(" ", "_"): m[2] for line in lines if (m := _COMMENT.match(line))}
    rows = [(i, line) for i, line in enumerate(lines) if line.strip() and not line.startswith("#")]
    if len(rows) < 2:
        return None
    header_line, header = rows[0]
    separator = max(",;\t", key=header.count)
    columns = read_columns(c.strip().strip('"') for c in header.split(separator))
    if columns is None or not _is_numeric(rows[1][1], separator):
        return None
    return CsvLayout(comments, separator, columns, header_line)


def _is_numeric(row: str, separator: str) -> bool:
    cells = [c.strip() for c in row.split(separator)]
    try:
        return all(np.isfinite(float(c)) for c in cells if c and c.lower() != "nan")
    except ValueError:
        return False


def read_csv(path: Path) -> EcgRecord:
    """Return the table's leads in mV.

    Raises StudyError: E_FORMAT_001 where the table is no ECG, E_HARD_004 above 128 MB, E_CORRUPT_001 for rows that are not
    numbers or of unequal length, E_VALID_001/2/3 for a missing, impossible or unknown sampling rate or unit.
    """
    layout = read_layout(path)
    if layout is None:
        raise StudyError("E_FORMAT_001", "the table names no ECG leads in its header row")
    columns = layout.columns
    values = _values(path, layout)
    times = [values[:, columns.time]] if columns.time is not None else None
    rate_hz = sampling_rate(times, columns, layout.comments)
    signal_mv = np.empty((len(values), len(columns.leads)), np.float32)
    for place, i in enumerate(columns.leads):  # one by one, for the sake of memory
        signal_mv[:, place] = to_float32(values[:, i] * millivolts_of(columns, i, layout.comments))
    return EcgRecord(
        format="csv",
        leads=lead_names([columns.names[i] for i in columns.leads]),
        signal_mv=signal_mv,
        sampling_rate_hz=rate_hz,
    )


def _values(path: Path, layout: CsvLayout) -> np.ndarray:
    """Return the rows as float64 (n_rows, n_columns)."""
    import pandas as pd

    size, n_columns = path.stat().st_size, len(layout.columns.names)
    if size > _MAX_BYTES:
        raise StudyError(
            "E_HARD_004",
            "the table is too long to be read as text",
            seen=f"{size / 1e6:.0f} MB",
            allowed=f"{_MAX_BYTES / 1e6:.0f} MB",
            cure="Write it as Parquet or EDF.",
        )
    try:
        table = pd.read_csv(
            path,
            sep=layout.separator,
            skiprows=layout.header_line + 1,
            header=None,
            comment="#",
            dtype=np.float64,
            encoding="utf-8-sig",
        )
    except (ValueError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise StudyError(
            "E_CORRUPT_001",
            "a row of the table is not made of numbers or has another length",
            allowed=f"{n_columns} numbers a row",
        ) from error
    if table.shape[1] != n_columns:
        raise StudyError(
            "E_CORRUPT_001",
            "rows and header row differ in length",
            seen=f"{table.shape[1]} cells",
            allowed=f"{n_columns} cells",
        )
    return table.to_numpy()
