"""EDF, EDF+ and BDF recordings as BlockSource and EcgRecord.

Belongs here: samples of the ECG signals to mV at their true time. Not here: the header's syntax (edf_header.py).

Own code, because edfio and pyedflib read no EDF+D, which Holter recorders write, and hold a signal whole.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.edf_header import EdfHeader, EdfSignal, parse_edf
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, checked_step, lead_names, millivolts_per
from cardio_dagster.modalities.ecg.formats.source import MAX_LEADS, BlockSource, read_exactly, read_whole
from cardio_dagster.modalities.ecg.signal import EcgRecord

_ONSET = re.compile(rb"([+-]\d{1,9}(?:\.\d{1,9})?)(?:\x15[\d.]*)?\x14\x14")
_SCAN_BYTES = 1 << 24
_MIN_GAP_S = 3600.0  # a gap of this length is believed whatever the length of the recording


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where samples lie: the bytes of a record, the samples of each signal in it, the runs of records and when they begin."""

    path: Path
    header: EdfHeader
    n_records: int
    per_record: int
    record_bytes: int
    signal_bytes: tuple[int, ...]
    run_records: np.ndarray  # first record of each run, ascending
    run_samples: np.ndarray  # sample at which each run begins, ascending


def read_edf(path: Path) -> EcgRecord:
    """Return an EDF, EDF+ or BDF recording in mV. See open_edf; E_HARD_002 where it is too long to be read whole."""
    return read_whole(open_edf(path))


def open_edf(path: Path) -> BlockSource:
    """Open an EDF, EDF+ or BDF recording.

    ECG signals are those whose label says so or names a lead; others and annotations are left out. In EDF+D the gaps between
    records are NaN, so that time is true. Days of unknown date (1 January 1985) are dropped.

    Raises StudyError: E_CORRUPT_001 for a damaged header, fewer records than the header claims, or records out of order;
    E_FORMAT_002 where no signal is an ECG; E_VALID_001/2/3 for the sampling rate, the range of digits or volts, the unit, or
    gaps longer than the recording.
    """
    header = parse_edf(path)
    if header is None:
        raise StudyError("E_CORRUPT_001", "the EDF header does not parse", allowed="256 bytes and 256 for each signal")
    chosen = header.ecg_signals()
    if not chosen or len(chosen) > MAX_LEADS:
        raise StudyError(
            "E_FORMAT_002",
            "no signal of the EDF file is labelled as an ECG",
            seen=f"{len(header.signals)} signals",
            allowed="labels such as ECG II or V1, with a unit of voltage",
        )
    signals = [header.signals[i] for i in chosen]
    gains = [_gain(s, place=i + 1) for i, s in zip(chosen, signals, strict=True)]
    per_record = signals[0].n_samples
    rate_hz = checked_rate(per_record / header.record_s if header.record_s > 0 else None, where="the EDF header")
    layout, n_samples = _layout(path, header, per_record, rate_hz)

    def read(start: int, stop: int) -> np.ndarray:
        return _read(layout, chosen, gains, start=start, stop=stop)

    return BlockSource(
        format="edf",
        leads=lead_names([s.label for s in signals]),
        sampling_rate_hz=rate_hz,
        n_samples=n_samples,
        read=read,
        started_at=header.started.isoformat() if header.started else header.time_of_day,
        patient_sex=header.sex,
        age_years=header.age_years,
    )


def _gain(signal: EdfSignal, *, place: int) -> tuple[float, float]:
    """Return mV per digit and mV of digit zero."""
    to_mv = millivolts_per(signal.unit, where=f"signal {place} of the EDF header")
    if signal.digital is None or signal.physical is None:
        raise StudyError("E_VALID_001", f"no range of signal {place} in the EDF header", allowed="four numbers")
    (low, high), (first, last) = signal.digital, signal.physical
    if high <= low or first == last or not np.isfinite([low, high, first, last]).all():
        raise StudyError(
            "E_VALID_002",
            f"the range of signal {place} in the EDF header is empty",
            allowed="digital minimum < maximum, physical minimum and maximum not equal",
        )
    per_digit = (last - first) / (high - low)
    step_mv = checked_step(per_digit * to_mv, where=f"signal {place} of the EDF header")
    return step_mv, (first - per_digit * low) * to_mv


def _layout(path: Path, header: EdfHeader, per_record: int, rate_hz: float) -> tuple[_Layout, int]:
    """Return where the samples lie, and how many there are with the gaps; refuse a file shorter than it claims."""
    sizes = tuple(s.n_samples * header.sample_bytes for s in header.signals)
    record_bytes = sum(sizes)
    n_records = (path.stat().st_size - header.header_bytes) // record_bytes
    if n_records < max(1, header.n_records):
        raise StudyError(
            "E_CORRUPT_001",
            "the EDF file ends early",
            seen=f"{max(0, n_records)} data records",
            allowed=f"{max(1, header.n_records)} data records",
        )
    n_records = n_records if header.n_records < 0 else max(1, header.n_records)
    layout = _Layout(path, header, n_records, per_record, record_bytes, sizes, np.zeros(1, int), np.zeros(1, int))
    if not header.is_discontinuous():
        return layout, n_records * per_record
    starts = _record_starts(layout, rate_hz)
    breaks = np.flatnonzero(np.abs(np.diff(starts) - per_record) > 1) + 1
    records = np.concatenate(([0], breaks))
    lengths = np.diff(np.concatenate((records, [n_records]))) * per_record
    samples = np.maximum(starts[records], np.concatenate(([0], starts[records][:-1] + lengths[:-1])))
    runs = _Layout(path, header, n_records, per_record, record_bytes, sizes, records, samples)
    return runs, _checked_span(int(samples[-1] + lengths[-1]), n_records * per_record, rate_hz)


def _record_starts(layout: _Layout, rate_hz: float) -> np.ndarray:
    """Return the sample at which each record begins, from the time-keeping annotation that EDF+ demands in each record."""
    labels = [s.label.upper() for s in layout.header.signals]
    place = next((i for i, label in enumerate(labels) if label in {"EDF ANNOTATIONS", "BDF ANNOTATIONS"}), None)
    if place is None:
        raise StudyError("E_CORRUPT_001", "an EDF+D file without annotations, which hold the times of its records")
    at, size = sum(layout.signal_bytes[:place]), layout.signal_bytes[place]
    onsets: list[float] = []
    step = max(1, _SCAN_BYTES // layout.record_bytes)
    for first in range(0, layout.n_records, step):
        raw = _records(layout, first, min(first + step, layout.n_records))
        matches = [_ONSET.match(record.tobytes()) for record in raw[:, at : at + size]]
        if not all(matches):
            raise StudyError("E_CORRUPT_001", "a record of the EDF+D file does not say when it begins")
        onsets += [float(m[1]) for m in matches if m]
    starts = np.round((np.array(onsets) - onsets[0]) * rate_hz).astype(np.int64)
    if (np.diff(starts) < layout.per_record - 1).any():
        raise StudyError("E_CORRUPT_001", "records of the EDF+D file overlap or are out of order")
    return starts


def _checked_span(n_samples: int, n_stored: int, rate_hz: float) -> int:
    """Return the number of samples with gaps; a span that a damaged time makes would fill the memory with nothing."""
    allowed = 2 * n_stored + round(_MIN_GAP_S * rate_hz)
    if n_samples > allowed:
        raise StudyError(
            "E_VALID_002",
            "the gaps in the EDF+D file are longer than the recording",
            seen=f"{n_samples / rate_hz:.0f} s in all",
            allowed=f"{allowed / rate_hz:.0f} s",
        )
    return n_samples


def _records(layout: _Layout, first: int, last: int) -> np.ndarray:
    """Return the bytes of records, uint8 (n_records, record_bytes)."""
    size = layout.record_bytes
    raw = read_exactly(layout.path, layout.header.header_bytes + first * size, (last - first) * size)
    return np.frombuffer(raw, np.uint8).reshape(last - first, size)


def _read(
    layout: _Layout, chosen: tuple[int, ...], gains: list[tuple[float, float]], *, start: int, stop: int
) -> np.ndarray:
    """Return samples of the chosen signals in mV, run of records by run of records."""
    out = np.full((stop - start, len(chosen)), np.nan, np.float32)
    ends = np.append(layout.run_records[1:], layout.n_records)
    per = layout.per_record
    for first, end, sample in zip(layout.run_records, ends, layout.run_samples, strict=True):
        low, high = max(start, sample), min(stop, sample + (end - first) * per)
        if low >= high:
            continue
        r0, r1 = first + (low - sample) // per, first - (-(high - sample) // per)
        raw = _records(layout, int(r0), int(r1))
        skip = low - sample - (r0 - first) * per
        for column, (i, (gain, zero)) in enumerate(zip(chosen, gains, strict=True)):
            at = sum(layout.signal_bytes[:i])
            digits = _digits(raw[:, at : at + layout.signal_bytes[i]], layout.header.sample_bytes)
            out[low - start : high - start, column] = digits[skip : skip + high - low] * gain + zero
    return out


def _digits(raw: np.ndarray, sample_bytes: int) -> np.ndarray:
    """Return one signal's samples, flat, from its bytes in each record."""
    if sample_bytes == 2:
        return np.ascontiguousarray(raw).view("<i2").reshape(-1).astype(np.float64)
    wide = np.zeros((raw.size // 3, 4), np.uint8)  # 24 bits go to the upper three bytes, so that the sign comes along
    wide[:, 1:] = np.ascontiguousarray(raw).reshape(-1, 3)
    return (wide.view("<i4")[:, 0] >> 8).astype(np.float64)
