"""The quality of a long recording, measured block by block.

Belongs here: going through the blocks. Not here: the figures and their limits (quality/).
"""

import numpy as np

from cardio_dagster.modalities.ecg.long.blocks import Block, blocks_of, over_blocks
from cardio_dagster.modalities.ecg.long.filter import bridged_block
from cardio_dagster.modalities.ecg.quality import SecondFigures, judge_seconds, measure_seconds
from cardio_dagster.modalities.ecg.signal import MISSING, EcgQuality, EcgRecord


def assess_long(record: EcgRecord, *, threads: int = 1) -> EcgQuality:
    """Return the quality per lead, per second and of the whole."""
    blocks = blocks_of(len(record.signal_mv), sampling_rate_hz=record.sampling_rate_hz, n_leads=len(record.leads))
    parts = tuple(over_blocks(lambda block: _figures(record, block), blocks, threads=threads))
    return judge_seconds(record.leads, parts)


def _figures(record: EcgRecord, block: Block) -> SecondFigures:
    missing = record.signal_mv[block.start : block.stop] == MISSING
    filled_mv = bridged_block(record, block.start, block.stop)
    rate_hz = record.sampling_rate_hz
    return measure_seconds(filled_mv, missing if missing.any() else None, sampling_rate_hz=rate_hz)


def readable_leads(quality: EcgQuality, *, start_s: float, stop_s: float) -> np.ndarray:
    """Return which usable leads can be read in half of this time or more, bool (n_leads,)."""
    first, last = (int(time_s / quality.second_s) for time_s in (start_s, stop_s))
    seconds = quality.usable_seconds()[first : max(last, first + 1)]
    share = seconds.mean(axis=0) if len(seconds) else np.zeros(len(quality.leads))
    return np.asarray(quality.usable() & (share >= 0.5))
