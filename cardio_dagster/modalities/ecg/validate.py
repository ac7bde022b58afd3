"""The verb `validate`: a file becomes an EcgRecord that is worth going on with.

Belongs here: choosing the reader, and checks that hold for every format. Not here: reading (formats/) or signal quality (quality.py).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.formats.aecg import read_aecg
from cardio_dagster.modalities.ecg.formats.blocks import open_blocks
from cardio_dagster.modalities.ecg.formats.cardiosoft import read_cardiosoft
from cardio_dagster.modalities.ecg.formats.csv import read_csv
from cardio_dagster.modalities.ecg.formats.csv_layout import refusal
from cardio_dagster.modalities.ecg.formats.dicom import read_dicom
from cardio_dagster.modalities.ecg.formats.muse import read_muse
from cardio_dagster.modalities.ecg.formats.scp import read_scp
from cardio_dagster.modalities.ecg.formats.sierra import read_sierra
from cardio_dagster.modalities.ecg.formats.source import read_whole
from cardio_dagster.modalities.ecg.gates import DURATION, SAMPLING_RATE
from cardio_dagster.modalities.ecg.gates import MISSING as MISSING_SHARE
from cardio_dagster.modalities.ecg.long.read import LongRead, pack_whole, read_long
from cardio_dagster.modalities.ecg.quality.impossible import impossible
from cardio_dagster.modalities.ecg.signal import LONG_S, MISSING, EcgRecord
from cardio_dagster.modalities.ecg.sniff import sniff
from cardio_dagster.outcome import Problem, Step

# those that open_blocks does not know
_READERS: dict[str, Callable[[Path], EcgRecord]] = {
    "dicom": read_dicom,
    "csv": read_csv,
    "scp": read_scp,
    "aecg": read_aecg,
    "muse": read_muse,
    "sierra": read_sierra,
    "cardiosoft": read_cardiosoft,
}
_KNOWN = (
    "DICOM waveform, aECG, MUSE, CardioSoft or Sierra XML, SCP-ECG, EDF, ISHNE, WFDB header, CSV or Parquet with leads"
)
_MAX_MILLIVOLT = 100.0  # 20 times the highest QRS; beyond it the unit is wrong
_MIN_DURATION_S = 1.0
_SPAN_SAMPLES = 100_000


def validate(path: Path, options: Options) -> Step[EcgRecord]:
    """Read an ECG and check that it can be one; what is longer than 15 min is read in blocks and held as int16.

    Raises StudyError: E_HARD_004 over the size limit, E_HARD_002 for a long one beyond the memory limit, E_INTAKE_006 for an
    unreadable file, E_FORMAT_001 for an unknown format, E_VALID_002 for less than 1 s or voltages beyond 100 mV, and what the readers raise.
    """
    _check_size(path, options.max_file_mb)
    record, problems = _read(path, options)
    _check_content(record)
    verdicts = (
        SAMPLING_RATE.judge(record.original_rate_hz or record.sampling_rate_hz, modality="ecg"),
        DURATION.judge(record.duration_s, modality="ecg"),
        MISSING_SHARE.judge(100.0 * _missing_share(record), modality="ecg"),
    )
    return Step(record, problems, verdicts)


def _read(path: Path, options: Options) -> tuple[EcgRecord, tuple[Problem, ...]]:
    """Return a short record whole and a long one packed, with what was left out of it."""
    format_ = _format(path)
    source = open_blocks(path, format_)
    if source is not None:
        return _packed(read_long(source, options)) if source.duration_s > LONG_S else (read_whole(source), ())
    record = _READERS[format_](path)
    return _packed(pack_whole(record, options)) if record.duration_s > LONG_S else (record, ())


def _packed(read: LongRead) -> tuple[EcgRecord, tuple[Problem, ...]]:
    return read.record, impossible(read.n_impossible)


def _missing_share(record: EcgRecord) -> float:
    """Return the part of the samples that are missing."""
    if record.step_mv is not None:
        return float((record.signal_mv == MISSING).mean())
    return float(np.isnan(record.signal_mv).mean())


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
        table = refusal(path)
    except OSError as error:
        raise StudyError("E_INTAKE_006", "the file cannot be read", seen=type(error).__name__) from error
    if is_dicom:
        return "dicom"
    if header is None:
        raise table or StudyError("E_FORMAT_001", "the content is no ECG format that we know", allowed=_KNOWN)
    return "wfdb"


def _check_content(record: EcgRecord) -> None:
    if record.duration_s < _MIN_DURATION_S:
        raise StudyError(
            "E_VALID_002",
            "the recording is too short",
            seen=f"{record.duration_s:.2f} s",
            allowed=f"at least {_MIN_DURATION_S:g} s",
        )
    span_mv = _span_mv(record)
    if span_mv is None:
        raise StudyError("E_QUALITY_001", "every sample is marked as missing")
    if span_mv > _MAX_MILLIVOLT:
        raise StudyError(
            "E_VALID_002",
            "voltages are not possible for an ECG; the unit is probably wrong",
            seen=f"{span_mv:.0f} mV peak to peak",
            allowed=f"{_MAX_MILLIVOLT:g} mV",
        )


def _span_mv(record: EcgRecord) -> float | None:
    """Return the span of the samples less 1 % on each side, None where there are none; of a long recording a sample of them."""
    if record.step_mv is None:
        values = record.signal_mv.ravel()
        low, high = np.fmin.reduce(values), np.fmax.reduce(values)
        if high - low <= _MAX_MILLIVOLT:  # the usual case, without sorting
            return float(high - low)
    else:
        values = record.signal_mv[:: max(1, len(record.signal_mv) // _SPAN_SAMPLES)].ravel()
        values = np.where(values == MISSING, np.nan, values.astype(np.float32) * record.step_mv)
        if np.isnan(values).all():
            return None if _missing_share(record) == 1.0 else 0.0
    finite = values[np.isfinite(values)]
    return float(np.ptp(np.percentile(finite, (1, 99)))) if len(finite) else None
