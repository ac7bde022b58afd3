"""The samples of SCP-ECG: leads, rhythm, reference beat, and what was taken off the rhythm to save space.

Belongs here: sections 2 to 6 to mV. Not here: bits (scp_huffman.py), the container, facts of the patient or the device.
EN 1064, clauses 5.5 to 5.9.
"""

import struct
from dataclasses import dataclass

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats import scp_huffman
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, lead_names
from cardio_dagster.modalities.ecg.formats.scp_beats import QrsZones, add_beat, expand, n_stored, read_zones
from cardio_dagster.modalities.ecg.formats.source import MAX_LEADS

_LEADS = {
    1: "I", 2: "II", 3: "V1", 4: "V2", 5: "V3", 6: "V4", 7: "V5", 8: "V6", 9: "V7", 11: "V3R", 12: "V4R", 13: "V5R", 14: "V6R",
    16: "X", 17: "Y", 18: "Z", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF", 66: "V8", 67: "V9",
}  # fmt: skip
_FULL_BYTES = 65534  # what a lead's length can say; a longer lead without coding is cut off there
_MAX_VALUES = 50_000_000


@dataclass(frozen=True, slots=True)
class Lead:
    """One lead of section 3: first and last sample, counted from 1, and its number in the standard's table."""

    first: int
    last: int
    number: int

    @property
    def n_samples(self) -> int:
        """Return the number of samples."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class _Coded:
    """A section of samples (5 or 6): nV of a step, microseconds between samples, order of difference, and the bytes of each lead."""

    step_nv: int
    interval_us: int
    difference: int
    is_bimodal: bool
    data: tuple[bytes, ...]


def read_signal(sections: dict[int, bytes]) -> tuple[tuple[str, ...], np.ndarray, float]:
    """Return the names of the leads, the samples in mV, float32 (n_samples, n_leads), and the sampling rate in Hz.

    Leads that were recorded one after the other stay so: NaN where a lead was not recorded. After bimodal compression the
    samples outside QRS are interpolated as the standard says, without its smoothing over three samples, which is left to the
    filters that follow. Raises StudyError: E_FORMAT_002 without rhythm data, E_CORRUPT_001 where data end early or contradict each
    other, E_VALID_002 for the step or the sampling rate, E_HARD_002 for more than 50 million values.
    """
    if 3 not in sections or 6 not in sections:
        raise StudyError("E_FORMAT_002", "an SCP-ECG file without rhythm data", allowed="files with sections 3 and 6")
    leads, is_subtracted = _leads(sections[3])
    tables = scp_huffman.read_tables(sections[2]) if 2 in sections else None
    rhythm = _coded(sections[6], len(leads), has_bimodal=True)
    needs_beat = is_subtracted or rhythm.is_bimodal
    zones = read_zones(sections.get(4, b"")) if needs_beat else None
    beat = _coded(sections.get(5, b""), len(leads), has_bimodal=False) if needs_beat else None
    interval_us = beat.interval_us if beat else rhythm.interval_us
    rate_hz = checked_rate(1e6 / interval_us if interval_us else None, where="section 6 of SCP-ECG")
    factor = _factor(rhythm, interval_us)
    first = min(lead.first for lead in leads)
    out = np.full((_span(leads, first), len(leads)), np.nan, np.float32)
    for i, lead in enumerate(leads):
        signal_mv = _rhythm(rhythm, i, lead, tables, zones, factor=factor)
        if beat and zones and is_subtracted:
            add_beat(signal_mv, _beat(beat, i, tables, zones), zones, first=lead.first)
        out[lead.first - first : lead.first - first + len(signal_mv), i] = signal_mv
    return lead_names([_LEADS.get(lead.number, "") for lead in leads]), out[: _stored(out)], rate_hz


def _stored(out: np.ndarray) -> int:
    """Return the rows up to the last sample of any lead; a lead that was cut off by its length leaves rows of NaN behind it."""
    rows = np.flatnonzero(np.isfinite(out).any(axis=1))
    return int(rows[-1]) + 1 if len(rows) else len(out)


def _leads(section: bytes) -> tuple[list[Lead], bool]:
    """Return the leads, and whether a reference beat was taken off the rhythm."""
    n = section[0] if section else 0
    if not 1 <= n <= MAX_LEADS or len(section) < 2 + 9 * n:
        raise StudyError("E_CORRUPT_001", "the lead section of SCP-ECG is damaged", allowed=f"1 to {MAX_LEADS} leads")
    leads = [Lead(*struct.unpack_from("<IIB", section, 2 + 9 * i)) for i in range(n)]
    if any(lead.first < 1 or lead.n_samples < 1 for lead in leads):
        raise StudyError("E_CORRUPT_001", "a lead of SCP-ECG ends before it begins")
    return leads, bool(section[1] & 1)


def _span(leads: list[Lead], first: int) -> int:
    """Return the samples from the first lead's beginning to the last one's end; more than all leads together have is a damaged number."""
    n = max(lead.last for lead in leads) - first + 1
    if n > sum(lead.n_samples for lead in leads):
        raise StudyError("E_CORRUPT_001", "the leads of SCP-ECG lie too far apart", seen=f"{n} samples")
    if n * len(leads) > _MAX_VALUES:
        raise StudyError("E_HARD_002", "the SCP-ECG file claims too many samples", allowed=f"{_MAX_VALUES} values")
    return n


def _coded(section: bytes, n_leads: int, *, has_bimodal: bool) -> _Coded:
    """Return a section of samples, cut into leads."""
    at = 6 + 2 * n_leads
    if len(section) < at:
        raise StudyError("E_CORRUPT_001", "a section of samples of SCP-ECG ends early")
    step_nv, interval_us, difference, bimodal = struct.unpack_from("<HHBB", section)
    lengths = struct.unpack_from(f"<{n_leads}H", section, 6)
    if step_nv == 0 or difference > 2:
        raise StudyError("E_VALID_002", "the step or the kind of difference of SCP-ECG is not possible")
    if at + sum(lengths) > len(section):
        raise StudyError(
            "E_CORRUPT_001",
            "a section of samples of SCP-ECG ends early",
            seen=f"{len(section) - at} bytes",
            allowed=f"{sum(lengths)} bytes",
        )
    ends = np.cumsum((at, *lengths))
    data = tuple(section[ends[i] : ends[i + 1]] for i in range(n_leads))
    return _Coded(step_nv, interval_us, difference, has_bimodal and bimodal == 1, data)


def _factor(rhythm: _Coded, interval_us: int) -> int:
    """Return how many samples stand for one outside QRS; 1 where nothing was thinned out."""
    factor, rest = divmod(rhythm.interval_us, interval_us)
    if rest or not 1 <= factor <= 8 or (factor > 1 and not rhythm.is_bimodal):
        raise StudyError("E_FORMAT_002", "the sampling rates of rhythm and reference beat of SCP-ECG do not fit")
    return factor


def _rhythm(
    coded: _Coded,
    i: int,
    lead: Lead,
    tables: tuple[tuple[scp_huffman.Code, ...], ...] | None,
    zones: QrsZones | None,
    *,
    factor: int,
) -> np.ndarray:
    """Return the rhythm of one lead in mV, with its full number of samples, or those that its length could say."""
    thinned = zones is not None and factor > 1
    n = n_stored(lead.first, lead.last, zones, factor) if zones and thinned else lead.n_samples
    if tables is None and n > len(coded.data[i]) // 2 and len(coded.data[i]) >= _FULL_BYTES and not thinned:
        n = len(coded.data[i]) // 2
    signal_mv = _numbers(coded, i, n, tables) * (coded.step_nv * 1e-6)
    return expand(signal_mv, lead.first, lead.last, zones, factor) if zones and thinned else signal_mv


def _beat(
    coded: _Coded, i: int, tables: tuple[tuple[scp_huffman.Code, ...], ...] | None, zones: QrsZones
) -> np.ndarray:
    """Return the reference beat of one lead in mV."""
    return _numbers(coded, i, zones.beat_ms * 1000 // coded.interval_us, tables) * (coded.step_nv * 1e-6)


def _numbers(coded: _Coded, i: int, n: int, tables: tuple[tuple[scp_huffman.Code, ...], ...] | None) -> np.ndarray:
    """Return n whole numbers of one lead as float64, differences undone."""
    data = coded.data[i]
    if n > (len(data) // 2 if tables is None else 8 * len(data)):
        raise StudyError(
            "E_CORRUPT_001", f"lead {i + 1} of SCP-ECG has less data than samples", seen=f"{len(data)} bytes for {n}"
        )
    raw = (
        np.frombuffer(data[: 2 * n], "<i2").astype(np.int64) if tables is None else scp_huffman.decode(data, n, tables)
    )
    if coded.difference == 1:
        raw = np.cumsum(raw)
    elif coded.difference == 2 and n > 2:
        slopes = np.cumsum(np.concatenate(([raw[1] - raw[0]], raw[2:])))  # the first two samples are stored as they are
        raw = np.concatenate(([raw[0]], raw[0] + np.cumsum(slopes)))
    return raw.astype(np.float64)
