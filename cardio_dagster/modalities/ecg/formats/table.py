"""What the columns of an ECG table mean, alike for CSV and Parquet.

Belongs here: which columns are leads or time, their units, and the sampling rate that they say. Not here: reading any file.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.leads import (
    MILLIVOLTS_PER_UNIT,
    checked_rate,
    is_known_lead,
    millivolts_per,
)

_TIME = re.compile(
    r"^(?:time|t|seconds|milliseconds)(?:[\s_]*[\[(]?\s*(s|sec|seconds|ms|msec|milliseconds)\s*[\])]?)?$", re.IGNORECASE
)
_UNIT = re.compile(r"(?:[\s_]*[\[(]\s*([^\])]+)\s*[\])]|[_\s](mv|uv|µv|v))$", re.IGNORECASE)
_VOLTAGE_COLUMN = re.compile(
    r"^(?:ecg|ekg|lead|ch|channel|signal|voltage|mv|uv)[\s_:-]*\d{0,3}(?:[\s_]*[\[(]?(?:mv|uv|µv|v)[\])]?)?",
    re.IGNORECASE,
)
_MOST_MV = 1e6


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table: their names, the time column with its unit in seconds, and which are leads."""

    names: tuple[str, ...]
    time: int | None
    time_unit_s: float | None
    leads: tuple[int, ...]


def read_columns(names: Iterable[str]) -> Columns | None:
    """Return what the columns are; None where the table is no ECG.

    It is one where at least one column names a known lead and every other is a time, a lead or a plain voltage;
    or where a time column stands beside voltages.
    """
    columns = tuple(names)
    times = [i for i, c in enumerate(columns) if _TIME.match(c)]
    leads = tuple(i for i, c in enumerate(columns) if i not in times and _is_voltage(c))
    known = any(is_known_lead(columns[i]) for i in leads)
    if not leads or unknown_column(columns) is not None or not (known or times):
        return None
    match = _TIME.match(columns[times[0]]) if times else None
    return Columns(columns, times[0] if times else None, _time_unit_s(match), leads)


def unknown_column(names: tuple[str, ...]) -> int | None:
    """Return the place of the first column that is neither a lead, a plain voltage nor the first time column; None where all are."""
    has_time = False
    for i, name in enumerate(names):
        is_time = _TIME.match(name) is not None
        if (is_time and has_time) or not (is_time or _is_voltage(name)):
            return i
        has_time |= is_time
    return None


def _is_voltage(name: str) -> bool:
    return is_known_lead(name) or _VOLTAGE_COLUMN.fullmatch(name) is not None


def _time_unit_s(match: re.Match[str] | None) -> float | None:
    """Return the seconds per unit of the time column; None where its name does not say."""
    if match is None:
        return None
    unit = (match[1] or match[0]).lower()
    if unit in {"time", "t"}:
        return None
    return 1e-3 if unit.startswith(("ms", "milli")) else 1.0


def millivolts_of(columns: Columns, column: int, comments: Mapping[str, str]) -> float:
    """Return mV per unit of one column, by its name or by the comment `unit`.

    Raises StudyError E_VALID_001 where neither gives a unit, E_VALID_003 for an unknown one.
    """
    name = columns.names[column]
    match = _UNIT.search(name)
    unit = (match[1] or match[2]) if match else name if name.lower() in MILLIVOLTS_PER_UNIT else comments.get("unit")
    return millivolts_per(unit, where=f"column {column + 1} (name it like II_mV, or add # unit: mV)")


def to_float32(values_mv: np.ndarray) -> np.ndarray:
    """Return mV as float32; infinity becomes NaN, and what float32 could not hold becomes 1 kV, which no check lets pass."""
    return np.clip(np.where(np.isinf(values_mv), np.nan, values_mv), -_MOST_MV, _MOST_MV).astype(np.float32)


def sampling_rate(times: Iterable[np.ndarray] | None, columns: Columns, comments: Mapping[str, str]) -> float:
    """Return the sampling rate from the time column, given in pieces, or from the comment; both must agree within 1 %.

    Raises StudyError: E_VALID_001 where there is neither, E_VALID_002 where they differ, are no rate of an ECG, or the times
    are not even.
    """
    from_time = _rate_of(times, columns.time_unit_s) if times is not None and columns.time_unit_s else None
    said = comments.get("sampling_rate_hz")
    try:
        from_comment = float(said) if said is not None else None
    except ValueError:
        raise StudyError(
            "E_VALID_002",
            "the comment sampling_rate_hz is not a number",
            allowed="# sampling_rate_hz: 500",
        ) from None
    where = "a column time_s or time_ms, or a comment # sampling_rate_hz"
    if from_comment is None:
        return checked_rate(from_time, where=where)
    rate_hz = checked_rate(from_comment, where=where)
    if from_time is not None and abs(from_time / rate_hz - 1) > 0.01:
        raise StudyError(
            "E_VALID_002",
            "time column and comment give different sampling rates",
            seen=f"{from_time:g} and {rate_hz:g} Hz",
            allowed="the same within 1 %",
        )
    return rate_hz


def _rate_of(times: Iterable[np.ndarray], unit_s: float) -> float | None:
    """Return the rate of an evenly spaced time column; None for less than two rows."""
    first = last = None
    n, least, most = 0, np.inf, -np.inf
    for piece in times:
        joined = piece if last is None else np.concatenate(([last], piece))
        if len(joined) > 1:
            steps = np.diff(joined)
            least, most = min(least, steps.min()), max(most, steps.max())  # NaN stays NaN
        if len(piece):
            first, last, n = piece[0] if first is None else first, piece[-1], n + len(piece)
    if first is None or last is None or n < 2:
        return None
    step = (last - first) / (n - 1)
    even = np.isfinite([least, most, step]).all() and step > 0 and max(most - step, step - least) <= 0.6 * step
    if not even:
        raise StudyError(
            "E_VALID_002", "the time column is not evenly spaced", allowed="steps within 60 % of their mean, ascending"
        )
    return round(1.0 / float(step * unit_s), 3)
