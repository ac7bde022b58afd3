"""BlockSource: a recording that is open but not read, for those that are too long to hold.

Belongs here: the type that all readers of blocks return, and reading one whole. Not here: choosing a reader (blocks.py), or any format.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.signal import DeviceValue, EcgRecord

MAX_LEADS = 64
_MAX_WHOLE_VALUES = 100_000_000  # 400 MB as float32: 24 h of 4 leads at 250 Hz


@dataclass(frozen=True, slots=True)
class BlockSource:
    """An open recording; the fields are those of EcgRecord.

    `read(start, stop)` returns float32 (stop - start, n_leads) in mV, NaN where samples are missing, for any
    0 <= start <= stop <= n_samples; it holds no more than the block. It raises StudyError E_CORRUPT_001 where
    the file has become shorter since it was opened.
    """

    format: str
    leads: tuple[str, ...]
    sampling_rate_hz: float
    n_samples: int
    read: Callable[[int, int], np.ndarray]
    started_at: str | None = None
    device_statements: tuple[str, ...] = ()
    device_values: tuple[DeviceValue, ...] = ()
    patient_sex: str | None = None
    age_years: float | None = None

    @property
    def duration_s(self) -> float:
        """Return the length of the recording in seconds."""
        return self.n_samples / self.sampling_rate_hz


def read_whole(source: BlockSource) -> EcgRecord:
    """Return all of an open recording as float32 in mV.

    Raises StudyError: E_HARD_002 for more values than 24 h of four leads at 250 Hz have, and what reading a block raises.
    """
    values = source.n_samples * len(source.leads)
    if values > _MAX_WHOLE_VALUES:
        raise StudyError(
            "E_HARD_002",
            "the recording is too long to be read whole",
            seen=f"{values} values",
            allowed=f"{_MAX_WHOLE_VALUES} values",
        )
    return EcgRecord(
        format=source.format,
        leads=source.leads,
        signal_mv=source.read(0, source.n_samples),
        sampling_rate_hz=source.sampling_rate_hz,
        started_at=source.started_at,
        device_statements=source.device_statements,
        device_values=source.device_values,
        patient_sex=source.patient_sex,
        age_years=source.age_years,
    )


def read_exactly(path: Path, offset: int, n_bytes: int) -> bytes:
    """Return bytes of a file.

    Raises StudyError E_CORRUPT_001 where the file ends before.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(n_bytes)
    if len(data) != n_bytes:
        raise StudyError(
            "E_CORRUPT_001", "the file ends early", seen=f"{len(data)} bytes", allowed=f"{n_bytes} bytes at {offset}"
        )
    return data
