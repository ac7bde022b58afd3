"""Undoing the lossy compression of SCP-ECG: samples thinned out between QRS, and the reference beat taken off.

Belongs here: section 4 and what it says of the samples. Not here: the samples' coding (scp_signal.py). EN 1064, clauses 5.7 to 5.9.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cardio_dagster.errors import StudyError

_MAX_QRS = 4096


@dataclass(frozen=True, slots=True)
class QrsZones:
    """Section 4; samples count from 1 and both ends belong to a zone.

    `beat_ms` is the length of the reference beat, `fiducial` the place of its R wave. `subtracted` has (first, fiducial, last) of
    each QRS from which it was taken off; `protected` has (first, last) of the zones that keep every sample.
    """

    beat_ms: int
    fiducial: int
    subtracted: tuple[tuple[int, int, int], ...]
    protected: tuple[tuple[int, int], ...]


def read_zones(section: bytes) -> QrsZones:
    """Return the zones of section 4.

    Raises StudyError E_CORRUPT_001 where it ends early or zones are out of order.
    """
    beat_ms, fiducial, n = struct.unpack_from("<HHH", section) if len(section) >= 6 else (0, 0, 0)
    if not 1 <= n <= _MAX_QRS or len(section) < 6 + 22 * n:
        raise StudyError("E_CORRUPT_001", "the QRS section of SCP-ECG is damaged or absent where it is needed")
    beats = [struct.unpack_from("<HIII", section, 6 + 14 * i) for i in range(n)]
    protected = [struct.unpack_from("<II", section, 6 + 14 * n + 8 * i) for i in range(n)]
    used = [(first, last) for first, last in protected if last >= first > 0]
    if any(later[0] <= earlier[1] for earlier, later in pairwise(used)):
        raise StudyError("E_CORRUPT_001", "the QRS zones of SCP-ECG overlap or are out of order")
    subtracted = tuple((first, at, last) for kind, first, at, last in beats if kind == 0)
    return QrsZones(beat_ms, fiducial, subtracted, tuple(used))


def _pieces(first: int, last: int, zones: QrsZones) -> list[tuple[bool, int]]:
    """Return whether each piece of a lead is protected, and its samples, from the lead's first sample to its last."""
    pieces, at = [], first
    for zone_first, zone_last in zones.protected:
        begin, end = max(zone_first, at), min(zone_last, last)
        if end < begin:
            continue
        pieces += [(False, begin - at), (True, end - begin + 1)]
        at = end + 1
    return [(kept, n) for kept, n in [*pieces, (False, last - at + 1)] if n > 0]


def n_stored(first: int, last: int, zones: QrsZones, factor: int) -> int:
    """Return how many samples a lead has in the file; of an unprotected piece the rest of the division is stored as it is."""
    return sum(n if kept else n // factor + n % factor for kept, n in _pieces(first, last, zones))


def expand(stored: np.ndarray, first: int, last: int, zones: QrsZones, factor: int) -> np.ndarray:
    """Return all samples of a lead: each stored one stands for the middle of `factor`, and lines are drawn between."""
    out, at = [], 0
    for kept, n in _pieces(first, last, zones):
        n_thin, n_rest = (0, n) if kept else divmod(n, factor)
        if n_thin:
            places = factor // 2 + factor * np.arange(n_thin)
            out.append(np.interp(np.arange(factor * n_thin), places, stored[at : at + n_thin]))
        out.append(stored[at + n_thin : at + n_thin + n_rest])
        at += n_thin + n_rest
    return np.concatenate(out)


def add_beat(signal_mv: np.ndarray, beat_mv: np.ndarray, zones: QrsZones, *, first: int) -> None:
    """Add the reference beat to each zone from which it was taken off; `first` is the lead's first sample."""
    for begin, fiducial, end in zones.subtracted:
        shift = zones.fiducial - fiducial  # from a sample of the rhythm to one of the beat, both from 1
        low = max(begin, first, 1 - shift)
        high = min(end, first + len(signal_mv) - 1, len(beat_mv) - shift)
        if low <= high:
            signal_mv[low - first : high - first + 1] += beat_mv[low + shift - 1 : high + shift]
