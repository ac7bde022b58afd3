"""Which beats are measured, and quantiles of their edges that leave out what is absent.

Belongs here: choosing beats and summing edges up over beats or leads. Not here: finding edges (delineation.py) or intervals (intervals.py).
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.signal import EcgStructures

ECTOPIC = ("V", "S")
MAX_BEATS = 200  # more beats make no interval surer
# "earliest" and "latest" over leads are quartiles, not extremes: one noisy lead must not stretch a wave
EARLIEST, LATEST = 0.25, 0.75
P_ON, P_OFF, QRS_ON, QRS_OFF, T_ON, T_OFF = range(6)
ONSETS, OFFSETS = slice(0, 6, 2), slice(1, 6, 2)
P_SHARE, QRS_SHARE, T_SHARE = 0.5, 0.0, 0.3  # of the chosen beats must have the wave


@dataclass(frozen=True, slots=True)
class ChosenBeats:
    """The beats of the dominant type that have edges: their places in `found`, letter and times in seconds."""

    index: np.ndarray
    letter: str
    time_s: np.ndarray


def choose_beats(found: EcgStructures) -> ChosenBeats:
    """Return beats of the commonest type other than V and S that have a QRS edge in some lead, thinned evenly to 200.

    Where every beat is ectopic, the commonest type of all: a ventricular tachycardia has a QRS duration too.
    """
    counts = Counter(found.beat_types)
    plain = {letter: n for letter, n in counts.items() if letter not in ECTOPIC}
    letter = max(plain or counts, key=lambda one: counts[one], default="")
    of_type = np.array([one == letter for one in found.beat_types], dtype=bool)
    index = np.flatnonzero(of_type & np.isfinite(found.qrs.onset_s).any(axis=1))
    index = thin(index, MAX_BEATS)
    return ChosenBeats(index, letter, found.beat_time_s[index])


def thin(items: np.ndarray, at_most: int) -> np.ndarray:
    """Return at most so many of the items, evenly spread."""
    return items if len(items) <= at_most else items[np.linspace(0, len(items) - 1, at_most).round().astype(int)]


def quantile(values: np.ndarray, share: float, *, axis: int) -> np.ndarray:
    """Return a quantile along an axis by linear interpolation, NaN left out; NaN where nothing is there.

    One sort over all, where np.nanquantile works row by row.
    """
    if values.shape[axis] == 0:
        return np.full(tuple(np.delete(values.shape, axis)), np.nan)
    ordered = np.sort(values, axis=axis)  # NaN goes last
    last = np.maximum(np.isfinite(values).sum(axis=axis) - 1, 0)
    place = share * last
    low = place.astype(np.intp)

    def take(at: np.ndarray) -> np.ndarray:
        return np.take_along_axis(ordered, np.expand_dims(at, axis), axis).squeeze(axis)

    below = take(low)
    return np.asarray(below + (place - low) * (take(np.minimum(low + 1, last)) - below))


def middle(values: np.ndarray, *, share: np.ndarray | float, at_least: int = 2) -> np.ndarray:
    """Return the median over beats (axis 1) of each kind (axis 0); NaN where fewer than `at_least` beats, or than the kind's share, have it."""
    n_there = np.isfinite(values).sum(axis=1)
    shares = np.reshape(share, (-1, *[1] * (n_there.ndim - 1)))
    enough = (n_there >= at_least) & (n_there >= shares * values.shape[1])
    return np.where(enough, quantile(values, 0.5, axis=1), np.nan)


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges of the chosen beats in seconds from each beat's own time, in the order P_ON ... T_OFF; NaN where absent.

    `lead_s` is (6, n_beats, n_leads); `whole_s` (6, n_beats) has the earliest onset and the latest offset over leads (the quartiles).
    """

    chosen: ChosenBeats
    lead_s: np.ndarray
    whole_s: np.ndarray


def edges_of(found: EcgStructures) -> Edges:
    """Return the edges of the chosen beats."""
    chosen = choose_beats(found)
    lead_s = np.stack(
        [edge_s[chosen.index] for w in (found.p, found.qrs, found.t) for edge_s in (w.onset_s, w.offset_s)]
    )
    lead_s -= chosen.time_s[:, None]
    whole_s = np.empty(lead_s.shape[:2])
    whole_s[ONSETS] = quantile(lead_s[ONSETS], EARLIEST, axis=2)
    whole_s[OFFSETS] = quantile(lead_s[OFFSETS], LATEST, axis=2)
    return Edges(chosen, lead_s, whole_s)
