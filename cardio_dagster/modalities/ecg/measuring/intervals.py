"""Heart rate, P, PR, QRS and QT from beats and edges: globally and in each lead.

Belongs here: numbers from edges. Not here: finding the edges (delineation.py), or names, units and ranges (measurements.py).
"""

from dataclasses import dataclass, field

import numpy as np

from cardio_dagster.modalities.ecg.measuring.edges import (
    P_OFF,
    P_ON,
    P_SHARE,
    QRS_OFF,
    QRS_ON,
    QRS_SHARE,
    T_OFF,
    T_SHARE,
    Edges,
    middle,
)
from cardio_dagster.modalities.ecg.signal import EcgStructures
from cardio_dagster.modalities.ecg.trust import distrust, intact_rr_s

MIN_RATE_BEATS = 3  # one interval alone is no rate
_MIN_SPREAD_BEATS = 5
_SHARES = np.array([P_SHARE, P_SHARE, QRS_SHARE, T_SHARE])  # of P, PR, QRS, QT


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of the dominant beats in ms; None where they cannot be measured.

    `n_beats` counts all beats, `n_chosen` those measured, of type `letter`, the first at `first_s`. `beat_pr_ms`, `beat_qt_ms`
    and `beat_rr_ms` are each chosen beat's own PR and QT and the RR before it (n_chosen,), NaN where absent or where the signal was
    lost in it. `pr_spread_ms` is the distance of the lowest and highest PR of the beats, a tenth of them, at least one, left out
    on each side; None below five. `refusal` is why nothing was measured although beats were found.
    """

    heart_rate_bpm: float | None
    rr_ms: float | None
    p_ms: float | None
    pr_ms: float | None
    qrs_ms: float | None
    qt_ms: float | None
    n_beats: int
    n_chosen: int = 0
    letter: str = ""
    first_s: float | None = None
    pr_spread_ms: float | None = None
    beat_pr_ms: np.ndarray = field(default_factory=lambda: np.empty(0))
    beat_qt_ms: np.ndarray = field(default_factory=lambda: np.empty(0))
    beat_rr_ms: np.ndarray = field(default_factory=lambda: np.empty(0))
    refusal: str | None = None


def measure_intervals(found: EcgStructures, edges: Edges) -> Intervals:
    """Return the median over beats of the intervals, from the earliest onset to the latest offset among the leads.

    All beats count for the heart rate, but no interval in which the signal was lost; P, PR, QRS and QT are those of the dominant
    beats (edges.choose_beats).
    """
    refusal = distrust(found)
    if refusal is not None:
        return Intervals(None, None, None, None, None, None, len(found.beat_types), refusal=refusal)
    chosen = edges.chosen
    between_s = intact_rr_s(found.beat_time_s, found.lost_s)
    rr_s = between_s[np.isfinite(between_s)]
    has_rate = len(rr_s) >= MIN_RATE_BEATS - 1
    each_ms = _between(edges.whole_s)
    p_ms, pr_ms, qrs_ms, qt_ms = (float(v) if v == v else None for v in middle(each_ms, share=_SHARES))  # noqa: PLR0124
    return Intervals(
        heart_rate_bpm=float(60.0 / rr_s.mean()) if has_rate else None,
        rr_ms=float(1000.0 * np.median(rr_s)) if has_rate else None,
        p_ms=p_ms,
        pr_ms=pr_ms,
        qrs_ms=qrs_ms,
        qt_ms=qt_ms,
        n_beats=len(found.beat_types),
        n_chosen=len(chosen.index),
        letter=chosen.letter,
        first_s=float(chosen.time_s[0]) if len(chosen.time_s) else None,
        pr_spread_ms=_spread_ms(each_ms[1]),
        beat_pr_ms=each_ms[1],
        beat_qt_ms=each_ms[3],
        beat_rr_ms=1000.0 * np.concatenate(([np.nan], between_s))[chosen.index],
    )


def _between(edges_s: np.ndarray) -> np.ndarray:
    """Return P, PR, QRS and QT in ms from the six edges along the first axis."""
    starts, stops = edges_s[[P_ON, P_ON, QRS_ON, QRS_ON]], edges_s[[P_OFF, QRS_ON, QRS_OFF, T_OFF]]
    return np.asarray(1000.0 * (stops - starts))


def _spread_ms(values_ms: np.ndarray) -> float | None:
    there = values_ms[np.isfinite(values_ms)]
    if len(there) < _MIN_SPREAD_BEATS:
        return None
    ordered = np.sort(there)
    tenth = max(1, len(ordered) // 10)  # one P taken for another must not make a block
    return float(ordered[-1 - tenth] - ordered[tenth])


@dataclass(frozen=True, slots=True)
class LeadIntervals:
    """Median intervals in each lead from that lead's own edges, in ms, (n_leads,); NaN where absent."""

    p_ms: np.ndarray
    pr_ms: np.ndarray
    qrs_ms: np.ndarray
    qt_ms: np.ndarray


def lead_intervals(edges: Edges) -> LeadIntervals:
    """Return the intervals of each lead; the shares of beats that must have them are those of the global ones."""
    return LeadIntervals(*middle(_between(edges.lead_s), share=_SHARES))
