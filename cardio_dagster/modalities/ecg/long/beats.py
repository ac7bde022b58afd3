"""Beats of a long recording: found block by block, joined without a beat lost or counted twice.

Belongs here: blocks and their seams. Not here: finding beats in a block (beats/).
"""

import numpy as np

from cardio_dagster.modalities.ecg.beats.find import find_beats
from cardio_dagster.modalities.ecg.long.blocks import Block, blocks_of, over_blocks
from cardio_dagster.modalities.ecg.long.quality import readable_leads
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.quality.steepness import without_p_waves
from cardio_dagster.modalities.ecg.signal import Beats

_MARGIN_S = 20.0
_SEAM_S = 5.0  # either way: where the quietest place to change from one block to the next is sought


def find_long_beats(prepared: PreparedEcg, *, threads: int) -> Beats:
    """Return the beats of the usable leads over the whole recording; `background` is the mean of the blocks', by their beats."""
    record, rate_hz = prepared.record, prepared.record.sampling_rate_hz
    blocks = list(
        blocks_of(len(record.signal_mv), sampling_rate_hz=rate_hz, n_leads=len(record.leads), margin_s=_MARGIN_S)
    )
    parts: list[Beats] = []
    seam_s = 0.0
    for block, found in zip(
        blocks, over_blocks(lambda b: _in_block(prepared, b), blocks, threads=threads), strict=True
    ):
        if parts:
            seam_s = _seam_s(parts[-1].time_s, found.time_s, near_s=block.start / rate_hz)
            parts[-1] = _cut(parts[-1], parts[-1].time_s < seam_s)
        parts.append(_cut(found, found.time_s >= seam_s))
    return _joined(parts)


def _in_block(prepared: PreparedEcg, block: Block) -> Beats:
    """Return the beats of a block and its margins, in the leads that can be read in half of it (all usable ones if none can)."""
    rate_hz = prepared.record.sampling_rate_hz
    leads = readable_leads(prepared.quality, start_s=block.start / rate_hz, stop_s=block.stop / rate_hz)
    if not leads.any():
        leads = prepared.quality.usable()
    signal_mv = prepared.block_mv(block.before, block.after)[:, leads].astype(np.float64)
    found = find_beats(signal_mv, sampling_rate_hz=rate_hz, threads=1)
    found = without_p_waves(found, signal_mv, sampling_rate_hz=rate_hz)
    return Beats(
        found.time_s + block.before / rate_hz, found.types, found.likeness, found.probability, found.background
    )


def _seam_s(earlier_s: np.ndarray, later_s: np.ndarray, *, near_s: float) -> float:
    """Return the middle of the longest time without a beat of either block, within 5 s of where they meet."""
    low_s, high_s = near_s - _SEAM_S, near_s + _SEAM_S
    both_s = np.sort(np.concatenate((earlier_s, later_s)))
    ends_s = np.concatenate(([low_s], both_s[(both_s > low_s) & (both_s < high_s)], [high_s]))
    widest = int(np.argmax(np.diff(ends_s)))
    return float(ends_s[widest : widest + 2].mean())


def _cut(beats: Beats, kept: np.ndarray) -> Beats:
    types = tuple(letter for letter, keep in zip(beats.types, kept.tolist(), strict=True) if keep)
    return Beats(beats.time_s[kept], types, beats.likeness[kept], beats.probability[kept], beats.background)


def _joined(parts: list[Beats]) -> Beats:
    known = [(part.background, len(part.time_s)) for part in parts if part.background is not None and len(part.time_s)]
    return Beats(
        np.concatenate([part.time_s for part in parts]),
        tuple(letter for part in parts for letter in part.types),
        np.concatenate([part.likeness for part in parts]),
        np.concatenate([part.probability for part in parts]),
        float(np.average([b for b, _ in known], weights=[n for _, n in known])) if known else None,
    )
