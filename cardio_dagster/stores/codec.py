"""Codec: frozen dataclasses with NumPy arrays to Arrow tables and back, without pickle.

Belongs here: the translation. Not here: where the table is stored (checkpoints.py).

One row a recording. The scalars of a payload become one JSON text; each array becomes a
column named after its field, as a list of numbers (up to two dimensions) or as a list of
binary planes (three dimensions and more, and whatever is longer than four million numbers), so that pandas, DuckDB or Spark read it without this
package. Reading checks the JSON against the dataclass that the reader names: a file never
decides what is constructed.
"""

import hashlib
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar

import msgspec
import numpy as np
import pyarrow as pa

T = TypeVar("T")
_PLANES = pa.large_list(pa.large_binary())
_MOST_NUMBERS, _PIECE = 4_000_000, 2**20


@dataclass(frozen=True, slots=True)
class ArrayRef:
    """Where an array of a payload lies: column, element type and shape."""

    column: str
    dtype: str
    shape: tuple[int, ...]


def to_table(payloads: dict[str, Any]) -> pa.Table:
    """Return one row a payload, in the order of the recording ids.

    Raises ValueError for NaN or infinity in a scalar (absent is None) and TypeError for a
    value that is no dataclass, text, number, enum, tuple, list, dict or array.
    """
    rows: list[tuple[str, bytes, dict[str, np.ndarray]]] = []
    for recording_id in sorted(payloads):
        arrays: dict[str, np.ndarray] = {}
        plain = _plain(payloads[recording_id], "payload", arrays)
        rows.append((recording_id, msgspec.json.encode(plain), arrays))
    names = sorted({name for _, _, arrays in rows for name in arrays})
    columns: dict[str, Any] = {
        "recording_id": pa.array([row[0] for row in rows], pa.string()),
        "payload": pa.array([row[1].decode() for row in rows], pa.large_string()),
    }
    for name in names:
        columns[name] = _column([row[2].get(name) for row in rows])
    return pa.table(columns)


def from_table(table: pa.Table, payload_type: type[T]) -> dict[str, T]:
    """Return the payloads by recording id; raises msgspec.ValidationError if they do not fit the type."""
    result = {}
    for index, recording_id in enumerate(table.column("recording_id").to_pylist()):
        plain = msgspec.json.decode(table.column("payload")[index].as_py())
        hook = _array_reader(table, index)
        result[recording_id] = msgspec.convert(plain, payload_type, dec_hook=hook)
    return result


def content_hash(table: pa.Table) -> str:
    """Return the SHA-256 over the columns of a table, in hex; the same content gives the same hash, stored or not.

    Over names, texts, numbers and lengths, not over Arrow's buffers: Parquet gives those back in other pieces.
    """
    hashed = hashlib.sha256()
    for name in table.column_names:
        hashed.update(f"{name}\n".encode())
        for value in table.column(name):
            for part in _parts(value):
                hashed.update(f"{len(part)}\n".encode())
                hashed.update(part)
    return hashed.hexdigest()


def _parts(value: pa.Scalar) -> list[memoryview]:
    if not value.is_valid:
        return []
    if isinstance(value, pa.BinaryScalar):  # strings are of this class too
        return [memoryview(value.as_buffer())]
    if not isinstance(value, pa.LargeListScalar):
        raise ValueError(f"a column is of type {value.type}, which no checkpoint has")
    values = value.values
    if pa.types.is_large_binary(values.type):
        return [memoryview(piece.as_buffer()) for piece in values]
    return [np.ascontiguousarray(values.to_numpy(zero_copy_only=False)).data.cast("B")]


def _plain(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return `value` as JSON-ready builtins; arrays move to `arrays` and leave an ArrayRef."""
    if isinstance(value, np.ndarray):
        name = path.removeprefix("payload.")
        name = f"{name}:{value.dtype.str[1:]}"  # two recordings may differ in type, a column may not
        arrays[name] = np.ascontiguousarray(value)
        return {"column": name, "dtype": value.dtype.str, "shape": list(value.shape)}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name), f"{path}.{f.name}", arrays) for f in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item, f"{path}.{key}", arrays) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item, f"{path}.{i}", arrays) for i, item in enumerate(value)]
    return _scalar(value, path)


def _scalar(value: Any, path: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not np.isfinite(value):
        raise ValueError(f"{path} is {value}; absent values are None in a checkpoint")
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{path} is a {type(value).__name__}, which a checkpoint cannot hold")


def _column(arrays: list[np.ndarray | None]) -> pa.Array:
    sample = next(a for a in arrays if a is not None)
    if sample.dtype == bool or sample.ndim > 2:
        planes = [None if a is None else [p.tobytes() for p in np.atleast_2d(a)] for a in arrays]
        return pa.array(planes, _PLANES)
    if max(a.size for a in arrays if a is not None) > _MOST_NUMBERS:
        return pa.array([None if a is None else _pieces(a) for a in arrays], _PLANES)
    return _lists(arrays, sample.dtype)


def _pieces(array: np.ndarray) -> list[memoryview]:
    """Return the bytes of an array in pieces of 1 MiB: Parquet needs ten times its size to write a list of numbers."""
    content = np.ascontiguousarray(array).data.cast("B")
    return [content[start : start + _PIECE] for start in range(0, len(content), _PIECE)]


def _lists(arrays: list[np.ndarray | None], dtype: np.dtype[Any]) -> pa.Array:
    """Return a column of lists of numbers without a second copy: a day of ECG is 130 MB."""
    there = [a.ravel() for a in arrays if a is not None]
    values = there[0] if len(there) == 1 else np.concatenate(there)
    offsets = np.cumsum([0, *(0 if a is None else a.size for a in arrays)])
    absent = pa.array([a is None for a in arrays])
    return pa.LargeListArray.from_arrays(
        pa.array(offsets, pa.int64()), pa.array(values, pa.from_numpy_dtype(dtype)), mask=absent
    )


def _array_reader(table: pa.Table, row: int) -> Any:
    def read(kind: type, stored: Any) -> Any:
        if kind is not np.ndarray:
            raise NotImplementedError(f"a checkpoint cannot hold {kind}")
        ref = msgspec.convert(stored, ArrayRef)
        values = table.column(ref.column)[row].values
        dtype = np.dtype(ref.dtype)
        if pa.types.is_large_binary(values.type):
            flat = np.frombuffer(b"".join(values.to_pylist()), dtype)
        else:
            flat = values.to_numpy(zero_copy_only=False).astype(dtype, copy=False)
        return flat.reshape(ref.shape)

    return read
