"""WFDB records (.hea with its signal files) to EcgRecord, by the wfdb library.

Belongs here: handing a header that we trust to wfdb, and its answer to mV. Not here: the syntax of headers (wfdb_header.py).
"""

import re
import secrets
import tempfile
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, lead_names, millivolts_per
from cardio_dagster.modalities.ecg.formats.wfdb_header import WfdbHeader, needed_bytes, parse_header, signal_paths
from cardio_dagster.modalities.ecg.signal import EcgRecord

_COMMENT_FACT = re.compile(r"^<?(age|sex|gender)>?\s*:\s*(\S+)", re.IGNORECASE)
_TIME = re.compile(r"^(\d{1,2}:\d{2}:\d{2})(?:\.\d+)?(?:\s+(\d{1,2}/\d{1,2}/\d{4}))?")
_DATE_FIRST = re.compile(r"^(\d{4}-\d{2}-\d{2})\s+(\d{1,2}:\d{2}:\d{2})")


def read_wfdb(path: Path) -> EcgRecord:
    """Return a WFDB record in mV; `path` is the header.

    The library gets a copy of the header without date, time and comments, so that the headers of
    CinC 2017 (date before time, which wfdb refuses) are read too and no name in it can lead out of the folder.
    Units are mV where the header gives none (header(5), ADC gain). Signals that are no voltage are left out.

    Raises StudyError: E_CORRUPT_001 for a damaged header, a missing or short signal file or one
    that wfdb cannot read; E_FORMAT_002 for several segments; E_VALID_001/2/3 for the sampling rate or units.
    """
    header = parse_header(path)
    if header is None:
        raise StudyError(
            "E_CORRUPT_001", "the WFDB header does not parse", allowed="a record line and one line per signal"
        )
    if header.is_multi_segment:
        raise StudyError("E_FORMAT_002", "a WFDB record of several segments", allowed="single-segment records")
    rate_hz = checked_rate(header.rate_hz, where="the WFDB record line")
    record = _read(header, _checked_files(header, path.parent))
    age, sex = _facts(header)
    leads, signal_mv = _voltages(record)
    return EcgRecord(
        format="wfdb",
        leads=leads,
        signal_mv=signal_mv,
        sampling_rate_hz=rate_hz,
        started_at=_started_at(header.date_and_time),
        patient_sex=sex,
        age_years=age,
    )


def _checked_files(header: WfdbHeader, folder: Path) -> dict[str, Path]:
    """Return the signal files by name; refuse missing and short ones."""
    files = signal_paths(header, folder=folder)
    if files is None:
        raise StudyError(
            "E_CORRUPT_001",
            "signal files that the WFDB header names are not beside it",
            seen=f"{len(header.files())} named",
            allowed="plain files in the folder of the header",
            cure="Send the header together with its signal files.",
        )
    for number, (name, path) in enumerate(files.items(), 1):
        needed, size = needed_bytes(header, name), path.stat().st_size
        if needed is not None and size < needed:
            have = int((header.n_samples or 0) * size / needed)
            raise StudyError(
                "E_CORRUPT_001",
                f"signal file {number} of the WFDB record ends early",
                seen=f"{size} bytes, about {have} samples",
                allowed=f"{needed} bytes, {header.n_samples} samples",
            )
    return files


def _library() -> Any:
    """Return wfdb, without the warnings that pandas 3 gives while wfdb 4.3 is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb
    return wfdb


def _read(header: WfdbHeader, files: dict[str, Path]) -> Any:
    """Return wfdb's record of a header reduced to what its samples need."""
    wfdb = _library()
    staged = f"header{secrets.token_hex(8)}"  # no name that a header could foresee
    record_line = f"{staged} {len(header.signals)} {header.rate_hz}" + (
        f" {header.n_samples}" if header.n_samples else ""
    )
    with tempfile.TemporaryDirectory(prefix="cardio-wfdb-") as folder:
        for name, path in files.items():
            (Path(folder) / name).symlink_to(path.resolve())
        with (Path(folder) / f"{staged}.hea").open("x", encoding="utf-8") as file:  # never through a link
            file.write("\n".join([record_line, *header.signal_lines]) + "\n")
        try:
            return wfdb.rdrecord(str(Path(folder) / staged))
        except Exception as error:  # wfdb raises many kinds on damaged input
            raise StudyError("E_CORRUPT_001", "wfdb cannot read the record", seen=type(error).__name__) from error


def _voltages(record: Any) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names and samples in mV of the signals that are voltages, in the order of the header."""
    units = [(unit or "mV").strip() for unit in record.units]
    names = [name or f"ch{i}" for i, name in enumerate(record.sig_name)]
    columns, kept, refused = [], [], None
    for i, unit in enumerate(units):
        try:
            columns.append(record.p_signal[:, i] * millivolts_per(unit, where=f"signal {i + 1} of the WFDB header"))
            kept.append(names[i])
        except StudyError as error:
            refused = error
    if not columns:
        raise refused or StudyError("E_VALID_001", "the WFDB record holds no signal")
    return lead_names(kept), np.column_stack(columns).astype(np.float32)


def _facts(header: WfdbHeader) -> tuple[float | None, str | None]:
    """Return age in years and sex ("M", "F") from comments such as "<age>: 51", None where absent."""
    age, sex = None, None
    for comment in header.comments:
        match = _COMMENT_FACT.match(comment)
        if match is None:
            continue
        if match[1].lower() == "age":
            age = float(match[2]) if re.fullmatch(r"\d{1,3}(\.\d+)?", match[2]) else None
        else:
            sex = match[2][0].upper() if match[2][0].upper() in {"M", "F"} else None
    return age, sex


def _started_at(text: str) -> str | None:
    """Return the start as ISO 8601: date and time, or the time alone; None where absent or malformed."""
    first, usual = _DATE_FIRST.match(text), _TIME.match(text)
    try:
        if first:
            return datetime.fromisoformat(f"{first[1]}T{first[2]:0>8}").isoformat()
        if usual and usual[2]:
            return datetime.strptime(f"{usual[2]} {usual[1]}", "%d/%m/%Y %H:%M:%S").isoformat()  # no zone in the file
    except ValueError:
        return None
    return usual[1] if usual else None
