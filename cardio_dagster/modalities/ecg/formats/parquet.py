"""ECG tables (Parquet) as BlockSource and EcgRecord: one column per lead, optionally one of time.

Belongs here: reading such a table by its row groups. Not here: what columns mean (table.py), the project's own checkpoints.

The rules are those of CSV (csv_layout.py); what stands in comments there stands in the metadata of the schema here
(`sampling_rate_hz`, `unit`), or as `unit` in the metadata of a column. Null and NaN are missing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.leads import lead_names
from cardio_dagster.modalities.ecg.formats.source import MAX_LEADS, BlockSource, read_whole
from cardio_dagster.modalities.ecg.formats.table import Columns, millivolts_of, read_columns, sampling_rate, to_float32
from cardio_dagster.modalities.ecg.signal import EcgRecord

MAGIC = b"PAR1"
_MAX_GROUP_VALUES = 16_000_000  # 128 MB as float64; writers make groups of 1 million rows
_MAX_VALUES_PER_BYTE = 64  # nothing that beats packs so well; a table that claims it is not an ECG


def parquet_columns(path: Path) -> Columns | None:
    """Return the columns of a Parquet file that is an ECG table, None for any other file.

    Raises OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            return None
    try:
        return _columns(_open(path))
    except StudyError:
        return None


def read_parquet(path: Path) -> EcgRecord:
    """Return an ECG table in mV. See open_parquet; E_HARD_002 where it is too long to be read whole."""
    return read_whole(open_parquet(path))


def open_parquet(path: Path) -> BlockSource:
    """Open an ECG table in Parquet; blocks are read by row groups, of which the last is kept.

    Raises StudyError: E_CORRUPT_001 for a file that does not parse or claims more rows than it can hold, E_FORMAT_001 where the
    table is no ECG, E_HARD_002 for row groups above 16 million values, E_VALID_001/2/3 for a missing, impossible or
    unknown sampling rate or unit.
    """
    table = _open(path)
    columns = _columns(table)
    if columns is None:
        raise StudyError("E_FORMAT_001", "the table names no ECG leads in its columns")
    bounds = _bounds(table, path, n_columns=len(columns.names))
    said = _metadata(table.schema_arrow.metadata)
    fields = [table.schema_arrow.field(i) for i in columns.leads]
    units = [{**said, **_metadata(field.metadata)} for field in fields]
    to_mv = [millivolts_of(columns, i, unit) for i, unit in zip(columns.leads, units, strict=True)]
    times = _times(table, columns) if columns.time is not None and columns.time_unit_s else None
    rate_hz = sampling_rate(times, columns, said)
    reader = _GroupReader(path, columns, np.array(to_mv), bounds)
    return BlockSource(
        format="parquet",
        leads=lead_names([columns.names[i] for i in columns.leads]),
        sampling_rate_hz=rate_hz,
        n_samples=int(bounds[-1]),
        read=reader.read,
    )


def _open(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, thrift_string_size_limit=1 << 20, thrift_container_size_limit=1 << 16)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:  # ValueError: names that are no UTF-8
        raise StudyError("E_CORRUPT_001", "the Parquet file does not parse", seen=type(error).__name__) from error


def _columns(table: Any) -> Columns | None:
    """Return the columns where all are numbers and they are those of an ECG."""
    import pyarrow as pa

    types = table.schema_arrow.types
    numeric = all(pa.types.is_floating(t) or pa.types.is_integer(t) for t in types)
    return read_columns(table.schema_arrow.names) if numeric and 1 <= len(types) <= MAX_LEADS + 1 else None


def _bounds(table: Any, path: Path, *, n_columns: int) -> np.ndarray:
    """Return the first row of each row group and, last, the number of rows."""
    rows = [table.metadata.row_group(i).num_rows for i in range(table.metadata.num_row_groups)]
    values = sum(rows) * n_columns
    if min(rows, default=0) <= 0 or sum(rows) != table.metadata.num_rows:
        raise StudyError("E_CORRUPT_001", "the Parquet file has no rows or not those that it claims")
    if values > _MAX_VALUES_PER_BYTE * path.stat().st_size:
        raise StudyError("E_CORRUPT_001", "the Parquet file claims more values than it can hold", seen=f"{values}")
    if max(rows) * n_columns > _MAX_GROUP_VALUES:
        raise StudyError(
            "E_HARD_002",
            "a row group of the Parquet file is too large",
            seen=f"{max(rows) * n_columns} values",
            allowed=f"{_MAX_GROUP_VALUES} values",
            cure="Write the table with a row_group_size of 1 million rows or less.",
        )
    return np.concatenate(([0], np.cumsum(rows)))


def _metadata(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    """Return the metadata as text, lower-case keys."""
    pairs = (metadata or {}).items()
    return {k.decode("utf-8", "replace").lower(): v.decode("utf-8", "replace").strip() for k, v in pairs}


def _times(table: Any, columns: Columns) -> Iterator[np.ndarray]:
    for i in range(table.metadata.num_row_groups):
        yield _group(table, i, [columns.time or 0])[:, 0]


def _group(table: Any, index: int, columns: list[int]) -> np.ndarray:
    """Return columns of one row group as float64 (n_rows, n_columns), NaN for null."""
    import pyarrow as pa

    names = [table.schema_arrow.names[i] for i in columns]
    try:
        group = table.read_row_group(index, columns=names, use_threads=False)
        arrays = [group.column(name).cast(pa.float64(), safe=False).to_numpy() for name in names]
        return np.column_stack(arrays)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise StudyError("E_CORRUPT_001", "a row group does not parse", seen=type(error).__name__) from error


class _GroupReader:
    """Reads ranges of rows, and keeps the last row group, which the next block usually begins in."""

    def __init__(self, path: Path, columns: Columns, to_mv: np.ndarray, bounds: np.ndarray) -> None:
        self._path, self._columns, self._to_mv, self._bounds = path, columns, to_mv, bounds
        self._kept: tuple[int, np.ndarray] | None = None

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return rows in mV, float32 (stop - start, n_leads)."""
        out = np.empty((stop - start, len(self._to_mv)), np.float32)
        first = int(np.searchsorted(self._bounds, start, side="right")) - 1
        for index in range(first, len(self._bounds) - 1):
            begin, end = int(self._bounds[index]), int(self._bounds[index + 1])
            if begin >= stop:
                break
            low, high = max(start, begin), min(stop, end)
            out[low - start : high - start] = self._rows(index)[low - begin : high - begin]
        return out

    def _rows(self, index: int) -> np.ndarray:
        if self._kept is None or self._kept[0] != index:
            values = _group(_open(self._path), index, list(self._columns.leads)) * self._to_mv
            if len(values) != self._bounds[index + 1] - self._bounds[index]:
                raise StudyError("E_CORRUPT_001", "a row group has not the rows that it claims")
            self._kept = (index, to_float32(values))
        return self._kept[1]
