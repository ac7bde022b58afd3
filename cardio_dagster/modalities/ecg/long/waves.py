"""Waves of a long recording, in samples of its time.

Belongs here: which seconds are delineated, and their waves among all beats. Not here: delineation (delineation.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.long.blocks import over_blocks
from cardio_dagster.modalities.ecg.long.quality import readable_leads
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.signal import Delineation, WaveTimes
from cardio_dagster.modalities.ecg.waves.delineate import delineate

WINDOW_S, EVERY_S = 12.0, 300.0  # 4 % of the time: 288 windows, some 4,000 beats a day
_MARGIN_S = 3.0


@dataclass(frozen=True, slots=True)
class _Window:
    """Which beats and leads a window has, and their nine edges, each (n_beats, n_leads)."""

    beats: slice
    leads: np.ndarray
    edges: tuple[np.ndarray, ...]
    p_probability: np.ndarray


def delineate_windows(prepared: PreparedEcg, beat_time_s: np.ndarray, *, threads: int) -> Delineation:
    """Return the waves of the beats in 12 s of every 5 min; NaN for all other beats, `p_probability` too.

    The arrays are (n_beats, n_leads) over all leads of the record. A lead that cannot be read in a window has no waves there.
    """
    edges = np.full((9, len(beat_time_s), len(prepared.record.leads)), np.nan)
    p_probability = np.full(len(beat_time_s), np.nan)
    starts_s = window_starts_s(prepared)
    windows = over_blocks(lambda start_s: _in_window(prepared, beat_time_s, start_s), starts_s, threads=threads)
    for window in windows:
        if window is None:
            continue
        for i, edge in enumerate(window.edges):
            edges[i, window.beats, window.leads] = edge.T
        p_probability[window.beats] = window.p_probability
    p, qrs, t = (WaveTimes(*edges[i : i + 3]) for i in (0, 3, 6))
    return Delineation(p, qrs, t, p_probability)


def window_starts_s(prepared: PreparedEcg) -> list[float]:
    """Return where the windows begin: in every 5 min the 12 s in which most leads can be read, the middle if it is one of them."""
    second_s = prepared.quality.second_s
    readable = prepared.quality.usable_seconds()[:, prepared.quality.usable()].sum(axis=1)
    width, every = round(WINDOW_S / second_s), round(EVERY_S / second_s)
    sums = np.convolve(readable, np.ones(width, int), "valid") if len(readable) >= width else np.empty(0, int)
    starts = []
    for first in range(0, len(sums), every):
        part = sums[first : first + every]
        best = np.flatnonzero(part == part.max())
        starts.append(first + best[np.argmin(np.abs(best - (every - width) // 2))])
    return [float(start * second_s) for start in starts]


def _in_window(prepared: PreparedEcg, beat_time_s: np.ndarray, start_s: float) -> _Window | None:
    """Return the waves of one window, in seconds of the recording; None with fewer than two beats or no lead to read."""
    rate_hz, stop_s = prepared.record.sampling_rate_hz, start_s + WINDOW_S
    leads = readable_leads(prepared.quality, start_s=start_s, stop_s=stop_s)
    low, first, last, high = np.searchsorted(
        beat_time_s, (start_s - _MARGIN_S, start_s, stop_s, stop_s + _MARGIN_S)
    ).tolist()
    if last - first < 2 or not leads.any():
        return None
    before = max(0, round((start_s - _MARGIN_S - 0.5) * rate_hz))
    signal_mv = prepared.block_mv(before, round((stop_s + _MARGIN_S + 0.5) * rate_hz))[:, leads].astype(np.float64)
    shift_s, rows = before / rate_hz, slice(first - low, last - low)
    found = delineate(signal_mv, sampling_rate_hz=rate_hz, beat_time_s=beat_time_s[low:high] - shift_s, threads=1)
    edges = tuple(
        edge[rows] + shift_s
        for waves in (found.p, found.qrs, found.t)
        for edge in (waves.onset_s, waves.peak_s, waves.offset_s)
    )
    return _Window(slice(first, last), leads, edges, found.p_probability[rows])
