"""ISHNE Holter recordings (version 1.0) as BlockSource and EcgRecord.

Belongs here: this format. Not here: its annotation files (ANN). Badilini, Ann Noninvasive Electrocardiol 1998,
doi:10.1111/j.1542-474X.1998.tb00353.x; the header's fields: http://thew-project.org/papers/Badilini.ISHNE.Holter.Standard.pdf.
"""

import binascii
import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, lead_names
from cardio_dagster.modalities.ecg.formats.person import age_at
from cardio_dagster.modalities.ecg.formats.source import BlockSource, read_exactly, read_whole
from cardio_dagster.modalities.ecg.signal import EcgRecord

MAGIC = b"ISHNE1.0"
_HEADER_BYTES = 522  # magic, checksum and the fixed block
_MAX_TEXT_BYTES = 1 << 20
_LEADS = (
    "", "", "X", "Y", "Z", "I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6", "ES", "AS", "AI",
)  # fmt: skip
_SEXES = {1: "M", 2: "F"}


@dataclass(frozen=True, slots=True)
class _Header:
    """The fields of the fixed block that we use; days and times as the file gives them."""

    text_bytes: int
    n_claimed: int
    ecg_offset: int
    sex: int
    born: tuple[int, int, int]
    recorded: tuple[int, int, int]
    time: tuple[int, int, int]
    leads: tuple[int, ...]
    resolution_nv: tuple[int, ...]
    rate_hz: int


def read_ishne(path: Path) -> EcgRecord:
    """Return an ISHNE recording in mV. See open_ishne; E_HARD_002 where it is too long to be read whole."""
    return read_whole(open_ishne(path))


def open_ishne(path: Path) -> BlockSource:
    """Open an ISHNE recording.

    The checksum of the header is checked unless it is 0, which writers without one leave. The count of samples in the header is
    of one lead or of all, writers differ; both are understood.

    Raises StudyError: E_CORRUPT_001 for a damaged header or fewer samples than it claims; E_VALID_001/2 for the number of leads,
    the resolution or the sampling rate.
    """
    header = _header(path)
    n_leads = len(header.leads)
    if min(header.resolution_nv, default=0) <= 0:
        raise StudyError("E_VALID_002", "a lead of the ISHNE header has no resolution", allowed="1 to 32767 nV")
    to_mv = np.array(header.resolution_nv) * 1e-6

    def read(start: int, stop: int) -> np.ndarray:
        raw = read_exactly(path, header.ecg_offset + 2 * n_leads * start, 2 * n_leads * (stop - start))
        return (np.frombuffer(raw, "<i2").reshape(-1, n_leads) * to_mv).astype(np.float32)

    started, born = _moment(header.recorded, header.time), _moment(header.born, (0, 0, 0))
    return BlockSource(
        format="ishne",
        leads=lead_names([_LEADS[code] if 0 <= code < len(_LEADS) else "" for code in header.leads]),
        sampling_rate_hz=checked_rate(header.rate_hz if header.rate_hz > 0 else None, where="the ISHNE header"),
        n_samples=_n_samples(header, path.stat().st_size),
        read=read,
        started_at=started.isoformat() if started else None,
        patient_sex=_SEXES.get(header.sex),
        age_years=age_at(born.date().isoformat(), started.isoformat()) if born and started else None,
    )


def _header(path: Path) -> _Header:
    """Return the checked header."""
    with path.open("rb") as file:
        fixed = file.read(_HEADER_BYTES)
        if len(fixed) < _HEADER_BYTES or not fixed.startswith(MAGIC):
            raise StudyError("E_CORRUPT_001", "the ISHNE header ends early", allowed=f"{_HEADER_BYTES} bytes")
        header = _fields(fixed)
        if not 0 <= header.text_bytes <= _MAX_TEXT_BYTES or header.ecg_offset < _HEADER_BYTES:
            raise StudyError("E_CORRUPT_001", "an offset in the ISHNE header is not possible")
        covered = fixed[10:] + file.read(header.text_bytes)
    (checksum,) = struct.unpack_from("<H", fixed, 8)
    if checksum not in {0, binascii.crc_hqx(covered, 0xFFFF)}:
        raise StudyError("E_CORRUPT_001", "the checksum of the ISHNE header is wrong")
    return header


def _fields(fixed: bytes) -> _Header:
    text_bytes, n_claimed, _, ecg_offset = struct.unpack_from("<4i", fixed, 10)
    (n_leads,) = struct.unpack_from("<h", fixed, 156)
    if not 1 <= n_leads <= 12:
        raise StudyError("E_VALID_002", "the ISHNE header has no possible number of leads", allowed="1 to 12")
    triples = [struct.unpack_from("<3h", fixed, at) for at in (132, 138, 150)]
    return _Header(
        text_bytes=text_bytes,
        n_claimed=n_claimed,
        ecg_offset=ecg_offset,
        sex=struct.unpack_from("<h", fixed, 128)[0],
        born=triples[0],
        recorded=triples[1],
        time=triples[2],
        leads=struct.unpack_from(f"<{n_leads}h", fixed, 158),
        resolution_nv=struct.unpack_from(f"<{n_leads}h", fixed, 206),
        rate_hz=struct.unpack_from("<h", fixed, 272)[0],
    )


def _n_samples(header: _Header, file_bytes: int) -> int:
    """Return the samples of one lead; refuse a file that is shorter than both readings of the claim allow."""
    n_leads = len(header.leads)
    there = max(0, file_bytes - header.ecg_offset) // (2 * n_leads)
    claimed = header.n_claimed
    if claimed <= 0 and there:
        return there  # a recorder that stopped without closing its file
    if 0 < claimed <= there:
        return claimed
    if there and there * n_leads - n_leads < claimed <= there * n_leads:
        return there
    raise StudyError(
        "E_CORRUPT_001", "the ISHNE file ends early", seen=f"{there} samples a lead", allowed=f"{claimed} samples"
    )


def _moment(day: tuple[int, int, int], time: tuple[int, int, int]) -> datetime | None:
    """Return day, month, year and hour, minute, second as a moment; None where not given (-9)."""
    try:
        return datetime(day[2], day[1], day[0], *time)
    except ValueError:
        return None
