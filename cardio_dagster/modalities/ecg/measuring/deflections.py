"""The waves inside a QRS complex: q, r, s, r' with their sizes and lengths, and the pattern's name.

Belongs here: taking one lead's QRS apart. Not here: edges (delineation.py) or bundle branch blocks (conduction.py).
"""

import itertools
from dataclasses import dataclass

import numpy as np

MIN_MV, MIN_S = 0.03, 0.008  # smaller or shorter deflections are noise or ringing of a filter
_DEPARTS_MV = 0.02  # the first wave begins where the lead leaves its level, which may be later than in other leads
_AT_END_S = 0.006  # a last stretch that is highest at its very end is the ST segment, not a wave
_SLUR_S = 0.04
_CAPITAL_MV = 0.5  # by custom a capital letter is a wave of 0.5 mV or more


@dataclass(frozen=True, slots=True)
class Deflection:
    """A stretch of one sign: its extreme in mV (signed), length, and the time of its extreme after QRS onset, in ms."""

    size_mv: float
    length_ms: float
    peak_ms: float


@dataclass(frozen=True, slots=True)
class QrsShape:
    """The waves of one QRS; None is "no such wave". A QRS without R is a QS: its `q` is the whole of it, and `pattern` says "QS"."""

    q: Deflection | None
    r: Deflection | None
    s: Deflection | None
    r2: Deflection | None
    pattern: str
    is_notched: bool

    @property
    def highest_r(self) -> Deflection | None:
        """Return the higher of R and R'."""
        return max((r for r in (self.r, self.r2) if r), key=lambda r: r.size_mv, default=None)


def take_apart(qrs_mv: np.ndarray, *, sampling_rate_hz: float) -> tuple[QrsShape, ...]:
    """Return the waves of the QRS of each lead; `qrs_mv` is (n_leads, n_samples) in mV above each lead's level at onset.

    A wave is a stretch between two crossings of that level, at least 0.03 mV high and 8 ms long; what is smaller joins its neighbours. The first
    begins where the lead departs by 0.02 mV, and a last one that only rises into the ST segment is none.
    """
    size_mv = np.abs(qrs_mv)
    away = size_mv >= _DEPARTS_MV
    begins, n_samples = away.argmax(axis=1).tolist(), qrs_mv.shape[1]
    ends = (n_samples - away[:, ::-1].argmax(axis=1)).tolist()
    leads, places = np.nonzero(np.diff(np.signbit(qrs_mv), axis=1))
    turns: list[list[int]] = [[] for _ in qrs_mv]
    for lead, place in zip(leads.tolist(), (places + 1).tolist(), strict=True):
        if begins[lead] < place < ends[lead]:
            turns[lead].append(place)
    notched = _are_notched(qrs_mv, sampling_rate_hz).tolist()
    return tuple(
        _shape(_stretches(row, size, [begin, *inner, end], sampling_rate_hz) if any_ else [], is_notched)
        for row, size, begin, inner, end, any_, is_notched in zip(
            qrs_mv, size_mv, begins, turns, ends, away.any(axis=1).tolist(), notched, strict=True
        )
    )


def _shape(parts: list[Deflection], is_notched: bool) -> QrsShape:
    first = next((i for i, part in enumerate(parts) if part.size_mv > 0), None)
    if first is None:
        return QrsShape(parts[0] if parts else None, None, None, None, "QS" if parts else "", is_notched)
    after = parts[first + 1 :]
    return QrsShape(
        q=parts[0] if first == 1 else None,
        r=parts[first],
        s=next((part for part in after if part.size_mv < 0), None),
        r2=next((part for part in after if part.size_mv > 0), None),
        pattern=_pattern(parts, first),
        is_notched=is_notched,
    )


def _stretches(row: np.ndarray, size: np.ndarray, bounds: list[int], rate_hz: float) -> list[Deflection]:
    """Return the deflections between the bounds in the order of time, neighbours of one sign joined."""
    kept: list[tuple[int, int, int, float]] = []  # start, stop, place of the extreme and its height
    for start, stop in itertools.pairwise(bounds):
        peak = start + int(size[start:stop].argmax())
        height = float(row[peak])
        is_segment = stop == len(row) and start > bounds[0] and peak >= stop - 1 - _AT_END_S * rate_hz
        if abs(height) < MIN_MV or stop - start < MIN_S * rate_hz or is_segment:
            continue
        if kept and (kept[-1][3] > 0) == (height > 0):
            before = kept.pop()
            peak, height = max((before[2:], (peak, height)), key=lambda one: abs(one[1]))
            kept.append((before[0], stop, peak, height))
        else:
            kept.append((start, stop, peak, height))
    to_ms = 1000.0 / rate_hz
    return [Deflection(height, (stop - start) * to_ms, peak * to_ms) for start, stop, peak, height in kept]


def _pattern(parts: list[Deflection], first: int) -> str:
    """Return the name of the shape ("qRs", "rSR'")."""
    name, ups, downs = "", 0, 0
    for place, part in enumerate(parts):
        if place < first:
            letter, ticks = "q", 0
        elif part.size_mv > 0:
            letter, ticks, ups = "r", ups, ups + 1
        else:
            letter, ticks, downs = "s", downs, downs + 1
        name += (letter.upper() if abs(part.size_mv) >= _CAPITAL_MV else letter) + "'" * ticks
    return name


def _are_notched(qrs_mv: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return per lead whether the top of the R has a notch or a slur: two humps, or 40 ms or more above 60 % of its height."""
    top = qrs_mv.max(axis=1, keepdims=True)
    near = qrs_mv >= 0.6 * top
    inner = qrs_mv[:, 1:-1]
    humps = ((inner > qrs_mv[:, :-2]) & (inner >= qrs_mv[:, 2:]) & near[:, 1:-1]).sum(axis=1)
    return np.asarray((top[:, 0] >= MIN_MV) & ((humps >= 2) | (near.sum(axis=1) >= _SLUR_S * rate_hz)))
