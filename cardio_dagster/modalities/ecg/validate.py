"""The verb `validate`: a file becomes an EcgRecord that is worth going on with.

Belongs here: choosing the reader, and checks that hold for every format. Not here: reading (formats/) or signal quality (quality.py).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.formats.csv import read_csv
from cardio_dagster.modalities.ecg.formats.dicom import read_dicom
from cardio_dagster.modalities.ecg.formats.wfdb import read_wfdb
from cardio_dagster.modalities.ecg.gates import DURATION, MISSING, SAMPLING_RATE
from cardio_dagster.modalities.ecg.signal import EcgRecord
from cardio_dagster.modalities.ecg.sniff import sniff
from cardio_dagster.outcome import Step

_READERS: dict[str, Callable[[Path], EcgRecord]] = {"dicom": read_dicom, "wfdb": read_wfdb, "csv": read_csv}
_MAX_MILLIVOLT = 100.0  # 20 times the highest QRS; beyond it the unit is wrong
_MIN_DURATION_S = 1.0


def validate(path: Path, options: Options) -> Step[EcgRecord]:
    """Read an ECG and check that it can be one.

    Raises StudyError: E_HARD_004 over the size limit, E_INTAKE_006 for an unreadable file, E_FORMAT_001 for an unknown format,
    E_VALID_002 for less than 1 s or voltages beyond 100 mV, and what the readers raise.
    """
    _check_size(path, options.max_file_mb)
    record = _READERS[_format(path)](path)
    _check_content(record)
    missing_pct = 100.0 * float(np.isnan(record.signal_mv).mean())
    verdicts = (
        SAMPLING_RATE.judge(record.sampling_rate_hz, modality="ecg"),
        DURATION.judge(record.duration_s, modality="ecg"),
        MISSING.judge(missing_pct, modality="ecg"),
    )
    return Step(record, (), verdicts)


def _check_size(path: Path, max_file_mb: float) -> None:
    try:
        size_mb = path.stat().st_size / 1e6
    except OSError as error:
        raise StudyError("E_INTAKE_006", "the file cannot be read", seen=type(error).__name__) from error
    if size_mb == 0:
        raise StudyError("E_INTAKE_005", "the file is empty", seen="0 bytes")
    if size_mb > max_file_mb:
        raise StudyError("E_HARD_004", "the file is too large", seen=f"{size_mb:.1f} MB", allowed=f"{max_file_mb:g} MB")


def _format(path: Path) -> str:
    """Return the format by content; a WFDB header whose files are missing still counts as one, to be refused by its reader."""
    from cardio_dagster.modalities.ecg.formats.wfdb_header import parse_header

    sniffed = sniff(path)
    if sniffed is not None:
        return sniffed.format
    try:
        header = parse_header(path)
        with path.open("rb") as file:
            is_dicom = file.read(132)[128:] == b"DICM"
    except OSError as error:
        raise StudyError("E_INTAKE_006", "the file cannot be read", seen=type(error).__name__) from error
    if is_dicom:
        return "dicom"
    if header is None:
        raise StudyError(
            "E_FORMAT_001",
            "the content is no ECG format that we know",
            allowed="DICOM waveform, WFDB header, CSV with lead columns",
        )
    return "wfdb"


def _check_content(record: EcgRecord) -> None:
    if record.duration_s < _MIN_DURATION_S:
        raise StudyError(
            "E_VALID_002",
            "the recording is too short",
            seen=f"{record.duration_s:.2f} s",
            allowed=f"at least {_MIN_DURATION_S:g} s",
        )
    finite = record.signal_mv[np.isfinite(record.signal_mv)]
    if not len(finite):
        raise StudyError("E_QUALITY_001", "every sample is marked as missing")
    span_mv = float(np.ptp(np.percentile(finite, (1, 99))))
    if span_mv > _MAX_MILLIVOLT:
        raise StudyError(
            "E_VALID_002",
            "voltages are not possible for an ECG; the unit is probably wrong",
            seen=f"{span_mv:.0f} mV peak to peak",
            allowed=f"{_MAX_MILLIVOLT:g} mV",
        )
