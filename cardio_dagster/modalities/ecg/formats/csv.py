"""ECG tables (CSV) to EcgRecord: one column per lead, optionally one of time.

Belongs here: the rows. Not here: the layout (csv_layout.py), what columns mean (table.py), clinical values.
"""

from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.csv_layout import CsvLayout, read_layout
from cardio_dagster.modalities.ecg.formats.leads import lead_names
from cardio_dagster.modalities.ecg.formats.table import millivolts_of, sampling_rate, to_float32
from cardio_dagster.modalities.ecg.signal import EcgRecord

_MAX_BYTES = (
    200_000_000  # 28 million numbers; text of numbers costs 10 times the time and the memory of a binary format
)


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
