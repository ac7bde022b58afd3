"""A long recording from its blocks: thinned to a rate that is enough, packed as int16.

Belongs here: reading through once, and the memory that it takes. Not here: formats (formats/), packing (long_pack.py).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.beats.pacing import MIN_SAMPLING_RATE_HZ as PACING_RATE_HZ
from cardio_dagster.modalities.ecg.beats.pacing import stimulus_times
from cardio_dagster.modalities.ecg.formats.source import BlockSource
from cardio_dagster.modalities.ecg.long.blocks import blocks_of
from cardio_dagster.modalities.ecg.long.pack import Packer
from cardio_dagster.modalities.ecg.signal import EcgRecord

ENOUGH_HZ = 250.0  # AHA 1999 on ambulatory ECG (10.1161/01.CIR.100.8.886) asks for no more
_LOBES = 12  # of the filter on each side, in samples of the thinned signal
_EDGE = 0.87  # of the new Nyquist frequency: flat to 0.74 of it, 50 dB down at it
_WORKING_MB = 400.0  # the interpreter, models and blocks
_COPIES = 6.0  # of the packed signal while it is written to a checkpoint (measured)


@dataclass(frozen=True, slots=True)
class LongRead:
    """A packed record and how many samples were left out as impossible."""

    record: EcgRecord
    n_impossible: int


def read_long(source: BlockSource, options: Options) -> LongRead:
    """Return a recording as int16 at the lowest rate of 250 Hz or more that is a whole fraction of its own.

    A whole fraction keeps every kept sample at the time of one that was recorded; 250 to 499 Hz stay as they are.
    Raises StudyError: E_HARD_002 where six times the packed signal and 400 MB exceed the memory limit, and what the source raises.
    """
    factor = thinning(source.sampling_rate_hz)
    n_samples = -(-source.n_samples // factor)
    check_memory(n_samples, len(source.leads), options)
    packer = Packer(n_samples, len(source.leads))
    reader = _Reader(source, factor)
    for block_mv in reader.blocks():
        packer.add(block_mv)
    return LongRead(_record(source, packer, factor, reader.stimulus_s()), packer.n_impossible)


def pack_whole(record: EcgRecord, options: Options) -> LongRead:
    """Return a record that its reader could only read whole, packed like any long one."""
    source = BlockSource(
        record.format,
        record.leads,
        record.sampling_rate_hz,
        len(record.signal_mv),
        lambda start, stop: record.signal_mv[start:stop],
    )
    packed = read_long(source, options)
    changes = {name: getattr(packed.record, name) for name in _CHANGED}
    return LongRead(replace(record, **changes), packed.n_impossible)


_CHANGED = ("signal_mv", "sampling_rate_hz", "step_mv", "original_rate_hz", "stimulus_s")


def _record(source: BlockSource, packer: Packer, factor: int, stimulus_s: np.ndarray | None) -> EcgRecord:
    return EcgRecord(
        format=source.format,
        leads=source.leads,
        signal_mv=packer.packed,
        sampling_rate_hz=source.sampling_rate_hz / factor,
        started_at=source.started_at,
        device_statements=source.device_statements,
        device_values=source.device_values,
        patient_sex=source.patient_sex,
        age_years=source.age_years,
        step_mv=packer.step_mv,
        original_rate_hz=source.sampling_rate_hz if factor > 1 else None,
        stimulus_s=stimulus_s,
    )


def thinning(sampling_rate_hz: float) -> int:
    """Return the whole factor by which a rate is reduced."""
    return max(1, int(sampling_rate_hz // ENOUGH_HZ))


def check_memory(n_samples: int, n_leads: int, options: Options) -> None:
    """Raise StudyError E_HARD_002 where the packed signal and the work on it exceed the memory limit.

    Without a limit in the options it is half of the machine's memory.
    """
    needed_mb = _COPIES * 2e-6 * n_samples * n_leads + _WORKING_MB
    allowed_mb = options.memory_limit_mb
    if allowed_mb is None:
        allowed_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2e6
    if needed_mb > allowed_mb:
        raise StudyError(
            "E_HARD_002",
            "the recording is too long for the memory",
            seen=f"{n_samples} samples of {n_leads} leads, {needed_mb:.0f} MB",
            allowed=f"{allowed_mb:.0f} MB",
        )


class _Reader:
    """Reads a source once, from its beginning to its end; `stimuli_s` collects the pacemaker spikes met on the way."""

    def __init__(self, source: BlockSource, factor: int) -> None:
        self._source, self._factor = source, factor
        self.stimuli_s: list[np.ndarray] = []

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield every `factor`-th sample of the low-passed signal, block after block, as if it had been filtered whole."""
        source, factor = self._source, self._factor
        half = _LOBES * factor if factor > 1 else 0
        spans = blocks_of(
            -(-source.n_samples // factor),
            sampling_rate_hz=source.sampling_rate_hz / factor,
            n_leads=len(source.leads) * factor,
        )
        for block in spans:
            first, last = block.start * factor - half, (block.stop - 1) * factor + half + 1
            read_mv = source.read(max(0, first), min(source.n_samples, last))
            self._look_for_stimuli(read_mv, max(0, first), from_s=block.start * factor / source.sampling_rate_hz)
            edges = (max(0, -first), max(0, last - source.n_samples))
            yield thin(np.pad(read_mv, (edges, (0, 0)), mode="edge"), factor=factor) if factor > 1 else read_mv

    def _look_for_stimuli(self, read_mv: np.ndarray, first: int, *, from_s: float) -> None:
        """Keep the spikes from the block's own beginning on; those in the margin before it are known."""
        rate_hz = self._source.sampling_rate_hz
        found_s = stimulus_times(read_mv, sampling_rate_hz=rate_hz) + first / rate_hz
        last_s = self.stimuli_s[-1][-1] if self.stimuli_s else -1.0
        fresh_s = found_s[found_s > max(last_s + 0.5 / rate_hz, from_s - 0.005)]
        if len(fresh_s):
            self.stimuli_s.append(fresh_s)

    def stimulus_s(self) -> np.ndarray | None:
        """Return all spikes, ascending; None where the rate does not show them."""
        if self._source.sampling_rate_hz < PACING_RATE_HZ:
            return None
        return np.concatenate([np.empty(0), *self.stimuli_s])


def thin(signal_mv: np.ndarray, *, factor: int) -> np.ndarray:
    """Return every `factor`-th sample of the low-passed signal, less 12 of them on each side; NaN where half of it is missing.

    Missing samples take no part in the weighted mean that the filter is, so a gap neither spreads nor needs to be bridged.
    """
    from scipy.signal import upfirdn

    there = np.isfinite(signal_mv)
    count = (len(signal_mv) - 2 * _LOBES * factor - 1) // factor + 1
    kept = slice(2 * _LOBES, 2 * _LOBES + count)
    taps = _taps(factor)
    if there.all():
        return np.asarray(upfirdn(taps, signal_mv, down=factor, axis=0)[kept])
    weight = upfirdn(taps, there.astype(np.float32), down=factor, axis=0)[kept]
    total = upfirdn(taps, np.where(there, signal_mv, np.float32(0.0)), down=factor, axis=0)[kept]
    return np.where(weight > 0.5, total / np.maximum(weight, 0.5), np.float32(np.nan))


@lru_cache(maxsize=8)
def _taps(factor: int) -> np.ndarray:
    from scipy.signal import firwin

    return np.asarray(firwin(2 * _LOBES * factor + 1, _EDGE / factor, window=("kaiser", 5.0)), dtype=np.float32)
