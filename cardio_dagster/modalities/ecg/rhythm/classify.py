"""The rhythm of a recording: one label with its evidence, and episodes where it is longer than a minute.

Belongs here: when to refuse, and putting the parts together. Not here: the numbers (intervals.py, atrial.py), the model
(model.py), what its probabilities mean (decision.py), or statements about rates and intervals (statements).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.rhythm.decision import Decision, decide
from cardio_dagster.modalities.ecg.rhythm.episodes import (
    Episode,
    af_burden_pct,
    classified_s,
    merge,
    smooth,
)
from cardio_dagster.modalities.ecg.rhythm.intervals import MIN_BEATS, irregularity_of
from cardio_dagster.modalities.ecg.rhythm.windows import measure_windows
from cardio_dagster.modalities.ecg.signal import EcgStructures
from cardio_dagster.modalities.ecg.trust import CHAOTIC, distrust

__all__ = ["Episode", "Rhythm", "classify_rhythm"]

ONE_WINDOW_S = 60.0  # up to here a recording is classified as a whole
WINDOW_S = 30.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`label` is sinus, afib, aflutter, paced, other or not_classified; `confidence` 0 to 1, None where not classified.

    The evidence: `irregularity` of the intervals (root mean square change over the mean, without extrasystoles), `p_share` the part of beats
    with a P wave, `f_wave_hz` the dominant frequency of the atria in fibrillation or flutter, each None where not measured;
    `reason` in words. `is_chaotic`: ventricular fibrillation or tachycardia cannot be excluded. `episodes` and
    `af_burden_pct` (part of the classified time in fibrillation or flutter) only beyond a minute.
    """

    label: str
    confidence: float | None
    irregularity: float | None = None
    p_share: float | None = None
    reason: str | None = None
    is_chaotic: bool = False
    episodes: tuple[Episode, ...] = ()
    f_wave_hz: float | None = None
    af_burden_pct: float | None = None


def classify_rhythm(prepared: PreparedEcg, found: EcgStructures, *, threads: int = 1) -> Rhythm:
    """Return the rhythm.

    Refused where the beats cannot be trusted (trust.py), are fewer than four, or are silent for 3 s and a quarter of the time.
    Else paced where three beats in ten follow a stimulus and nothing speaks for fibrillation, else by a model that weighs the intervals,
    the P waves and what the atria do between the beats, and a rule for typical flutter. A recording longer than a minute is judged in windows of 30 s.

    Raises ModelLoadError or ModelHashError (models/catalogue.py) if the model is not there or not the right one.
    """
    doubt = distrust(found)
    if doubt is not None:
        return Rhythm("not_classified", None, reason=doubt, is_chaotic=doubt == CHAOTIC)
    n_beats = len(found.beat_time_s)
    if n_beats < MIN_BEATS:
        reason = f"{n_beats} beats, at least {MIN_BEATS} are needed" if n_beats else "no heart beat found"
        return Rhythm("not_classified", None, reason=reason)
    duration_s = prepared.record.duration_s
    kinds = np.array(found.beat_types)
    edges_s = _edges_s(duration_s)
    windows = measure_windows(prepared, found, kinds, edges_s=edges_s, threads=threads)
    decisions = [decide(window) for window in windows]
    irregularity, p_share = irregularity_of(found.beat_time_s, kinds), _p_share(found.p_probability)
    if len(decisions) == 1:
        return _from_one(decisions[0], irregularity, p_share)
    return _from_many(decisions, edges_s, irregularity, p_share)


def _edges_s(duration_s: float) -> np.ndarray:
    """Return the edges of the windows; the rest of less than a window joins the last."""
    if duration_s <= ONE_WINDOW_S:
        return np.array([0.0, duration_s])
    return np.append(np.arange(int(duration_s // WINDOW_S)) * WINDOW_S, duration_s)


def _p_share(p_probability: np.ndarray) -> float | None:
    known = p_probability[np.isfinite(p_probability)]
    return float((known > 0.5).mean()) if len(known) else None


def _from_one(decision: Decision, irregularity: float | None, p_share: float | None) -> Rhythm:
    return Rhythm(
        decision.label,
        decision.confidence,
        irregularity,
        p_share,
        decision.reason,
        is_chaotic=decision.is_chaotic,
        f_wave_hz=decision.f_wave_hz,
    )


def _from_many(
    decisions: list[Decision], edges_s: np.ndarray, irregularity: float | None, p_share: float | None
) -> Rhythm:
    """Return the label that most of the classified time has; its confidence is the mean over its own windows."""
    labels = smooth([decision.label for decision in decisions])
    episodes = merge(labels, edges_s)
    is_chaotic = any(decision.is_chaotic for decision in decisions)
    time_s = classified_s(episodes)
    if not time_s:
        reasons = [decision.reason for decision in decisions if decision.reason]
        reason = max(set(reasons), key=reasons.count) if reasons else None
        return Rhythm("not_classified", None, irregularity, p_share, reason, is_chaotic, episodes)
    label = max(time_s, key=lambda name: time_s[name])
    own = [d for d in decisions if d.label == label]
    sure = [d.confidence for d in own if d.confidence is not None]
    hz = [d.f_wave_hz for d in own if d.f_wave_hz is not None]
    return Rhythm(
        label,
        round(float(np.mean(sure)), 2) if sure else None,
        irregularity,
        p_share,
        _shares(time_s),
        is_chaotic,
        episodes,
        round(float(np.median(hz)), 1) if hz else None,
        af_burden_pct(time_s),
    )


def _shares(time_s: dict[str, float]) -> str:
    """Return the parts of the classified time in words ("sinus 92 %, afib 8 % of the classified time")."""
    total = sum(time_s.values())
    parts = sorted(time_s.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {100 * seconds / total:.0f} %" for name, seconds in parts) + " of the classified time"
