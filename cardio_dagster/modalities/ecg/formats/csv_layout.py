"""What the top of an ECG table (CSV) says of it, and why a table is not read.

Belongs here: the layout that we read and what it must say of itself. Not here: what columns mean (table.py), the rows below (csv.py).

Layout: optional lines `# sampling_rate_hz: 500` and `# unit: mV`; a header row with the names of the leads, each
with its unit where no comment gives one (`II_mV`, `V1 [uV]`); rows of numbers; empty or `nan` is missing. A column named
`time_s`, `time_ms`, `time [s]` or `seconds` gives the sampling rate. Separator: comma, semicolon or tab; the decimal sign is a point.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.leads import is_known_lead
from cardio_dagster.modalities.ecg.formats.table import Columns, read_columns, unknown_column

_COMMENT = re.compile(r"^#\s*([\w ]+?)\s*[:=]\s*(.+?)\s*$")
_MAX_HEADER_LINES = 40
_HEAD_BYTES = 16384
_ALLOWED = "leads (I, II, ... V6, MLII, X, Y, Z, ecg), one time column, numbers with a decimal point"


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """What the top of a table says: comments (lower-case keys), separator, columns, line number of the header row."""

    comments: dict[str, str]
    separator: str
    columns: Columns
    header_line: int


@dataclass(frozen=True, slots=True)
class _Top:
    """The first rows of a text that may be a table: comments, separator, names of the columns, the header's line number, the first row's cells."""

    comments: dict[str, str]
    separator: str
    names: tuple[str, ...]
    header_line: int
    first_row: tuple[str, ...]


def read_layout(path: Path) -> CsvLayout | None:
    """Return the layout where the file is an ECG table (table.read_columns), else None.

    Raises OSError where the file cannot be read.
    """
    top = _read_top(path)
    columns = read_columns(top.names) if top else None
    if top is None or columns is None or not all(map(_is_number, top.first_row)):
        return None
    return CsvLayout(top.comments, top.separator, columns, top.header_line)


def refusal(path: Path) -> StudyError | None:
    """Return why a table that names a lead is not read, with the column that is to blame; None where it names none, or is read.

    The column is named by its place: a header that we do not know may hold a person's name. Raises OSError where the file cannot be read.
    """
    top = _read_top(path)
    if top is None or not any(map(is_known_lead, top.names)):
        return None
    unknown = unknown_column(top.names)
    if unknown is not None:
        cure = "Name it like II_mV, ecg_mV or time_s, or remove it."
        return _refused(top, unknown, "is neither a lead nor the one time column", cure)
    wrong = next((i for i, cell in enumerate(top.first_row) if not _is_number(cell)), None)
    if wrong is None:
        return None
    if _is_number(top.first_row[wrong].replace(",", ".")):
        return _refused(top, wrong, "has a decimal comma", "Write numbers with a decimal point.")
    return _refused(top, wrong, "has no number in its first row", "Write numbers, and nothing where one is missing.")


def _refused(top: _Top, column: int, what: str, cure: str) -> StudyError:
    message = f"column {column + 1} of the table {what}"
    return StudyError("E_FORMAT_001", message, seen=f"{len(top.names)} columns", allowed=_ALLOWED, cure=cure)


def _read_top(path: Path) -> _Top | None:
    """Return the top of a text with a header row and a row below it, else None."""
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
    names = tuple(c.strip().strip('"') for c in header.split(separator))
    return _Top(comments, separator, names, header_line, tuple(c.strip() for c in rows[1][1].split(separator)))


def _is_number(cell: str) -> bool:
    """Return whether a cell is a finite number, or missing: empty or `nan`."""
    try:
        return not cell or cell.lower() == "nan" or bool(np.isfinite(float(cell)))
    except ValueError:
        return False
