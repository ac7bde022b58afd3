"""WFDB records (.hea with its signal files) as BlockSource and EcgRecord.

Belongs here: what a header's claims are worth, its signals to mV. Not here: the syntax of headers (wfdb_header.py), the bits of
samples (wfdb_samples.py), the formats left to wfdb (wfdb_library.py).
"""

import re
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats import wfdb_library, wfdb_samples
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, checked_step, lead_names, millivolts_per
from cardio_dagster.modalities.ecg.formats.source import BlockSource, read_whole
from cardio_dagster.modalities.ecg.formats.wfdb_frames import count_frames, read_millivolts
from cardio_dagster.modalities.ecg.formats.wfdb_header import (
    SignalLine,
    WfdbHeader,
    needed_bytes,
    parse_header,
    signal_paths,
    started_at,
)
from cardio_dagster.modalities.ecg.formats.wfdb_segments import open_segments
from cardio_dagster.modalities.ecg.signal import EcgRecord

_COMMENT_FACT = re.compile(r"^<?(age|sex|gender)>?\s*:\s*(\S+)", re.IGNORECASE)
_MAX_SKEW = 10_000  # frames; skews of tape recorders are a few samples


def read_wfdb(path: Path) -> EcgRecord:
    """Return a WFDB record in mV; `path` is the header. See open_wfdb; E_HARD_002 where it is too long to be read whole."""
    return read_whole(open_wfdb(path))


def open_wfdb(path: Path) -> BlockSource:
    """Open a WFDB record; `path` is the header.

    Headers with the date before the time (CinC 2017) are read too. Signals that are no voltage are left out; those that
    are must have one sampling rate (samples per frame x frames per second). Skewed signals are aligned as wfdb does.
    Units are mV where the header gives none (header(5)); a gain must be given.

    Segments of one layout are read as one record. Raises StudyError: E_CORRUPT_001 for a damaged header, a missing or short
    signal file or one that wfdb cannot read; E_FORMAT_002 for segments of several layouts, several sampling rates or an unknown storage format; E_VALID_001/2/3 for the sampling
    rate, gain, skew or units.
    """
    header = parse_header(path)
    if header is None:
        raise StudyError(
            "E_CORRUPT_001", "the WFDB header does not parse", allowed="a record line and one line per signal"
        )
    if header.is_multi_segment:
        return open_segments(header, path.parent, open_wfdb)
    checked_rate(header.rate_hz, where="the WFDB record line")
    files = _checked_files(header, path.parent)
    wanted, to_mv = _voltages(header)
    per_frame = header.signals[wanted[0]].per_frame
    n_frames = count_frames(header, files)
    age, sex = _facts(header)

    def read(start: int, stop: int) -> np.ndarray:
        first, last = start // per_frame, -(-stop // per_frame)
        block = read_millivolts(header, files, wanted, to_mv, first=first, last=last, n_frames=n_frames)
        return block[start - first * per_frame : stop - first * per_frame]

    return BlockSource(
        format="wfdb",
        leads=lead_names([header.signals[i].name for i in wanted]),
        sampling_rate_hz=checked_rate((header.rate_hz or 0.0) * per_frame, where="the WFDB record line"),
        n_samples=n_frames * per_frame,
        read=read,
        started_at=started_at(header.date_and_time),
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


def _voltages(header: WfdbHeader) -> tuple[list[int], list[float]]:
    """Return which signals are voltages, and their mV per unit; all have one rate and a format that can be read."""
    wanted, to_mv, refused = [], [], None
    for i, signal in enumerate(header.signals):
        try:
            to_mv.append(millivolts_per(signal.unit, where=f"signal {i + 1} of the WFDB header"))
            wanted.append(i)
        except StudyError as error:
            refused = error
    if not wanted:
        raise refused or StudyError("E_VALID_001", "the WFDB record holds no signal")
    _check_signals([header.signals[i] for i in wanted], header)
    for i, unit_mv in zip(wanted, to_mv, strict=True):
        checked_step(unit_mv / (header.signals[i].gain or np.inf), where=f"signal {i + 1} of the WFDB header")
    return wanted, to_mv


def _check_signals(voltages: list[SignalLine], header: WfdbHeader) -> None:
    if any(s.format not in wfdb_samples.BITS and s.format not in wfdb_library.FORMATS for s in header.signals):
        raise StudyError(
            "E_FORMAT_002", "an unknown storage format in the WFDB header", allowed="8, 16, 24, 32, 80, 212"
        )
    by_file = {(s.file, s.format, s.offset) for s in header.signals}
    if len(by_file) != len(header.files()):
        raise StudyError("E_FORMAT_002", "a signal file of several formats", allowed="one format for each file")
    if len({s.per_frame for s in voltages}) > 1:
        raise StudyError("E_FORMAT_002", "a WFDB record of several sampling rates", allowed="one rate for all leads")
    if any(s.gain is None or not np.isfinite(s.gain) for s in voltages):
        raise StudyError(
            "E_VALID_001", "a signal of the WFDB header has no gain", allowed="digits per unit, like 200/mV"
        )
    if max(s.skew for s in header.signals) > _MAX_SKEW:
        raise StudyError(
            "E_VALID_002", "a skew in the WFDB header is not possible", allowed=f"up to {_MAX_SKEW} frames"
        )


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
