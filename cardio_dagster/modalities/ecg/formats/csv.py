"""ECG tables (CSV) to EcgRecord: one column per lead, optionally one of time.

Belongs here: the layout that we read and what it must say of itself. Not here: tables of clinical values.

Layout: optional lines `# sampling_rate_hz: 500` and `# unit: mV`; a header row with the names of the leads, each
with its unit where no comment gives one (`II_mV`, `V1 [uV]`); rows of numbers; empty or `nan` is missing. A column named
`time_s`, `time_ms`, `time [s]` or `seconds` gives the sampling rate. Separator: comma, semicolon or tab.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.leads import (
    MILLIVOLTS_PER_UNIT,
    checked_rate,
    is_known_lead,
    lead_names,
    millivolts_per,
)
from cardio_dagster.modalities.ecg.signal import EcgRecord

_COMMENT = re.compile(r"^#\s*([\w ]+?)\s*[:=]\s*(.+?)\s*$")
_TIME = re.compile(
    r"^(?:time|t|seconds|milliseconds)(?:[\s_]*[\[(]?\s*(s|sec|seconds|ms|msec|milliseconds)\s*[\])]?)?$", re.IGNORECASE
)
_UNIT = re.compile(r"(?:[\s_]*[\[(]\s*([^\])]+)\s*[\])]|[_\s](mv|uv|µv|v))$", re.IGNORECASE)
_VOLTAGE_COLUMN = re.compile(
    r"^(?:ecg|ekg|lead|ch|channel|signal|voltage|mv|uv)[\s_:-]*\d{0,3}(?:[\s_]*[\[(]?(?:mv|uv|µv|v)[\])]?)?",
    re.IGNORECASE,
)
_MAX_HEADER_LINES = 40


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """What the top of a table says: comments (lower-case keys), separator, column names, line number of the header row."""

    comments: dict[str, str]
    separator: str
    columns: tuple[str, ...]
    header_line: int
    time_column: int | None
    time_unit_s: float | None
    leads: tuple[int, ...]


def read_layout(path: Path) -> CsvLayout | None:
    """Return the layout where the file is an ECG table, else None.

    A table is one where the header row names at least one known lead and every other column is a time, a lead or a
    plain voltage column; or a time column beside voltage columns. Raises OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(16384)
    if b"\0" in head:
        return None
    try:
        lines = head.decode("utf-8-sig", errors="strict" if len(head) < 16384 else "ignore").splitlines()[
            :_MAX_HEADER_LINES
        ]
    except UnicodeDecodeError:
        return None
    comments = {m[1].lower().replace(" ", "_"): m[2] for line in lines if (m := _COMMENT.match(line))}
    rows = [(i, line) for i, line in enumerate(lines) if line.strip() and not line.startswith("#")]
    if len(rows) < 2:
        return None
    return _layout(comments, *rows[0], rows[1][1])


def _layout(comments: dict[str, str], header_line: int, header: str, first_row: str) -> CsvLayout | None:
    separator = max(",;\t", key=header.count)
    columns = tuple(c.strip().strip('"') for c in header.split(separator))
    times = [i for i, c in enumerate(columns) if _TIME.match(c)]
    leads = tuple(
        i for i, c in enumerate(columns) if i not in times and (is_known_lead(c) or _VOLTAGE_COLUMN.fullmatch(c))
    )
    known = any(is_known_lead(columns[i]) for i in leads)
    all_explained = len(leads) + len(times) == len(columns) and len(times) <= 1
    if not leads or not all_explained or not (known or times) or not _is_numeric(first_row, separator):
        return None
    match = _TIME.match(columns[times[0]]) if times else None
    return CsvLayout(comments, separator, columns, header_line, times[0] if times else None, _time_unit_s(match), leads)


def _is_numeric(row: str, separator: str) -> bool:
    cells = [c.strip() for c in row.split(separator)]
    try:
        return all(np.isfinite(float(c)) for c in cells if c and c.lower() != "nan")
    except ValueError:
        return False


def _time_unit_s(match: re.Match[str] | None) -> float | None:
    """Return the seconds per unit of the time column; None where its name does not say."""
    if match is None:
        return None
    unit = (match[1] or match[0]).lower()
    if unit in {"time", "t"}:
        return None
    return 1e-3 if unit.startswith(("ms", "milli")) else 1.0


def read_csv(path: Path) -> EcgRecord:
    """Return the table's leads in mV.

    Raises StudyError: E_FORMAT_001 where the table is no ECG, E_CORRUPT_001 for rows that are not
    numbers or of unequal length, E_VALID_001/2/3 for a missing, impossible or unknown sampling rate or unit.
    """
    layout = read_layout(path)
    if layout is None:
        raise StudyError("E_FORMAT_001", "the table names no ECG leads in its header row")
    values = _values(path, layout)
    rate_hz = _rate(values, layout)
    factors = [_factor(layout, i) for i in layout.leads]
    return EcgRecord(
        format="csv",
        leads=lead_names([layout.columns[i] for i in layout.leads]),
        signal_mv=(values[:, list(layout.leads)] * factors).astype(np.float32),
        sampling_rate_hz=rate_hz,
    )


def _values(path: Path, layout: CsvLayout) -> np.ndarray:
    """Return the rows as float64 (n_rows, n_columns)."""
    import pandas as pd

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
            allowed=f"{len(layout.columns)} numbers a row",
        ) from error
    if table.shape[1] != len(layout.columns):
        raise StudyError(
            "E_CORRUPT_001",
            "rows and header row differ in length",
            seen=f"{table.shape[1]} cells",
            allowed=f"{len(layout.columns)} cells",
        )
    values = table.to_numpy()
    return np.where(np.isfinite(values), values, np.nan)


def _rate(values: np.ndarray, layout: CsvLayout) -> float:
    """Return the sampling rate from the time column or the comment; both must agree within 1 %."""
    from_time = _rate_from_time(values[:, layout.time_column], layout) if layout.time_column is not None else None
    said = layout.comments.get("sampling_rate_hz")
    try:
        from_comment = float(said) if said is not None else None
    except ValueError:
        raise StudyError(
            "E_VALID_002",
            "the comment sampling_rate_hz is not a number",
            allowed="# sampling_rate_hz: 500",
        ) from None
    if from_time is not None and from_comment is not None and abs(from_time / from_comment - 1) > 0.01:
        raise StudyError(
            "E_VALID_002",
            "time column and comment give different sampling rates",
            seen=f"{from_time:g} and {from_comment:g} Hz",
            allowed="the same within 1 %",
        )
    rate_hz = from_time if from_comment is None else from_comment
    return checked_rate(rate_hz, where="a column time_s or time_ms, or a comment # sampling_rate_hz")


def _rate_from_time(times: np.ndarray, layout: CsvLayout) -> float | None:
    """Return the rate of an evenly spaced time column; None where its unit is not named."""
    if layout.time_unit_s is None or len(times) < 2:
        return None
    steps_s = np.diff(times) * layout.time_unit_s
    step_s = float((times[-1] - times[0]) * layout.time_unit_s / (len(times) - 1))
    if not np.isfinite(steps_s).all() or step_s <= 0 or np.abs(steps_s - step_s).max() > 0.6 * step_s:
        raise StudyError(
            "E_VALID_002", "the time column is not evenly spaced", allowed="steps within 60 % of their mean, ascending"
        )
    return round(1.0 / step_s, 3)


def _factor(layout: CsvLayout, column: int) -> float:
    """Return mV per unit of one column, by its name or by the comment."""
    name = layout.columns[column]
    match = _UNIT.search(name)
    unit = (
        (match[1] or match[2])
        if match
        else name
        if name.lower() in MILLIVOLTS_PER_UNIT
        else layout.comments.get("unit")
    )
    return millivolts_per(unit, where=f"column {column + 1} (name it like II_mV, or add # unit: mV)")
