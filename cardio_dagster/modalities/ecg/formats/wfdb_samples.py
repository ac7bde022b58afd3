"""Samples of WFDB signal files in the formats of fixed width, for any range of a file.

Belongs here: bits to integers (signal(5), https://physionet.org/physiotools/wag/signal-5.htm). Not here: units, headers, or
the formats that wfdb reads for us (8, 310, 311, FLAC).
"""

from pathlib import Path

import numpy as np

from cardio_dagster.modalities.ecg.formats.source import read_exactly

BITS = {"16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12}
# the value that marks a missing sample
_MISSING = {"16": -32768, "24": -(1 << 23), "32": -(1 << 31), "61": -32768, "80": -128, "160": -32768, "212": -2048}
_WHOLE_TYPES = {"16": "<i2", "32": "<i4", "61": ">i2"}


def read_digital(path: Path, storage: str, *, offset: int, start: int, stop: int) -> np.ndarray:
    """Return samples `start` to `stop` of the file's flat sequence as float64, NaN where missing.

    `offset` is the byte where the samples begin. Raises StudyError E_CORRUPT_001 where the file ends before.
    """
    if storage == "212":
        first, last = start // 2, -(-stop // 2)
        n_bytes = _bytes_212(stop) - 3 * first
        raw = read_exactly(path, offset + 3 * first, n_bytes)
        values = _unpack_212(raw, last - first)[start - 2 * first : stop - 2 * first]
    else:
        width = BITS[storage] // 8
        values = _unpack_bytes(read_exactly(path, offset + start * width, (stop - start) * width), storage)
    out = values.astype(np.float64)
    out[values == _MISSING[storage]] = np.nan
    return out


def _bytes_212(n_samples: int) -> int:
    """Return the bytes of the first n samples; the last of an odd number has two bytes."""
    return 3 * (n_samples // 2) + 2 * (n_samples % 2)


def _unpack_bytes(raw: bytes, storage: str) -> np.ndarray:
    if storage in _WHOLE_TYPES:
        return np.frombuffer(raw, _WHOLE_TYPES[storage])
    if storage == "80":
        return np.frombuffer(raw, np.uint8).astype(np.int16) - 128
    if storage == "160":
        return np.frombuffer(raw, "<u2").astype(np.int32) - 32768
    wide = np.zeros((len(raw) // 3, 4), np.uint8)  # 24 bits go to the upper three bytes, so that the sign comes along
    wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
    return wide.view("<i4")[:, 0] >> 8


def _unpack_212(raw: bytes, n_pairs: int) -> np.ndarray:
    """Return 12-bit pairs: low byte, two high nibbles, low byte."""
    padded = np.zeros(3 * n_pairs, np.uint8)
    padded[: len(raw)] = np.frombuffer(raw, np.uint8)
    triple = padded.reshape(-1, 3).astype(np.int16)
    values = np.empty((n_pairs, 2), np.int16)
    values[:, 0] = triple[:, 0] | (triple[:, 1] & 0x0F) << 8
    values[:, 1] = triple[:, 2] | (triple[:, 1] & 0xF0) << 4
    flat = values.reshape(-1)
    return np.where(flat > 2047, flat - 4096, flat)
