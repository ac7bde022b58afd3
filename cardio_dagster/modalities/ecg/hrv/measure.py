"""Heart rate variability of one recording: what can be measured, and why not the rest.

Belongs here: refusals and putting the domains together. Not here: any formula.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.hrv.frequency import frequency_domain
from cardio_dagster.modalities.ecg.hrv.measures import LONG_TERM_S, MEASURES, Measure
from cardio_dagster.modalities.ecg.hrv.nonlinear import fluctuation_exponents, poincare, sample_entropy
from cardio_dagster.modalities.ecg.hrv.normal import NormalIntervals, normal_intervals
from cardio_dagster.modalities.ecg.hrv.time import geometric, of_segments, time_domain

MAX_ECTOPY = 0.2
MIN_NN_SHARE = 0.8
_REFUSED_RHYTHMS = frozenset({"afib", "aflutter", "paced"})
_COUNTS = ("nn_count", "nn_share_pct", "ectopy_pct")


@dataclass(frozen=True, slots=True)
class Hrv:
    """Variability over `duration_s` seconds of `n_nn` NN intervals: every name of HRV_NAMES is in `values` or in `reasons`.

    SDNN and the powers grow with the length of the record: compare them only with records of equal length.
    """

    n_nn: int
    duration_s: float
    values: dict[str, float]
    reasons: dict[str, str]


def measure_hrv(
    beat_time_s: np.ndarray,
    beat_types: tuple[str, ...],
    *,
    rhythm: str,
    refusal: str | None = None,
    duration_s: float | None = None,
) -> Hrv:
    """Return the variability of the intervals between two neighbouring normal beats.

    Refused as a whole in atrial fibrillation or flutter and in a paced rhythm, where it does not speak of the sinus node, with
    more than 20 % of the beats ectopic, or for the reason given as `refusal`; else per measure, see MEASURES.
    `beat_time_s` (n_beats,) ascending; `duration_s` of the recording, without it from the first to the last beat.
    """
    intervals = normal_intervals(beat_time_s, beat_types)
    if duration_s is None:
        duration_s = float(beat_time_s[-1] - beat_time_s[0]) if len(beat_time_s) > 1 else 0.0
    whole = refusal or _refusal(intervals, rhythm)
    reasons = {m.name: r for m in MEASURES if (r := _reason(m, intervals, duration_s, whole)) is not None}
    values = _counts(intervals) | _measure(intervals, frozenset(reasons))
    kept = {m.name: values[m.name] for m in MEASURES if m.name in values and m.name not in reasons}
    missing = {m.name: "not defined for these intervals" for m in MEASURES if m.name not in kept}
    return Hrv(len(intervals.nn_s), duration_s, kept, missing | reasons)


def _refusal(intervals: NormalIntervals, rhythm: str) -> str | None:
    if rhythm in _REFUSED_RHYTHMS:
        return f"not meaningful in this rhythm ({rhythm})"
    if intervals.ectopy > MAX_ECTOPY:
        return f"{100 * intervals.ectopy:.0f} % of the beats are ectopic, at most {100 * MAX_ECTOPY:.0f} % are allowed"
    return None


def _reason(measure: Measure, intervals: NormalIntervals, duration_s: float, whole: str | None) -> str | None:
    """Return why this measure is refused, None where it is not."""
    if measure.name in _COUNTS:
        return None
    n_nn, read_s = len(intervals.nn_s), float(intervals.nn_s.sum())
    if whole or n_nn < measure.min_nn:
        return whole or f"{n_nn} normal intervals, at least {measure.min_nn} are needed"
    if duration_s < measure.min_s:
        return f"{duration_s:.0f} s recorded, at least {measure.min_s:.0f} s are needed ({measure.needs})"
    if measure.min_s >= LONG_TERM_S and read_s < measure.min_s:
        return f"{read_s / 3600:.1f} h of normal intervals, at least {measure.min_s / 3600:.0f} h are needed"
    if measure.is_dense and intervals.share < MIN_NN_SHARE:
        return (
            f"{100 * intervals.share:.0f} % of the intervals are normal, at least {100 * MIN_NN_SHARE:.0f} % are needed"
        )
    return None


def _counts(intervals: NormalIntervals) -> dict[str, float]:
    shares = {"nn_share_pct": 100.0 * intervals.share, "ectopy_pct": 100.0 * intervals.ectopy}
    return {"nn_count": float(len(intervals.nn_s))} | (shares if intervals.n_rr else {})


def _measure(intervals: NormalIntervals, refused: frozenset[str]) -> dict[str, float]:
    """Return the values of every group of measures that is not refused as a whole."""
    groups = (
        ("mean_nn_ms", time_domain),
        ("sdann_ms", of_segments),
        ("triangular_index", geometric),
        ("hf_ms2", frequency_domain),
        ("sd1_ms", poincare),
        ("dfa_alpha1", fluctuation_exponents),
    )
    values: dict[str, float] = {}
    for first, function in groups:
        values |= function(intervals) if first not in refused else {}
    entropy = None if "sample_entropy" in refused else sample_entropy(intervals.nn_s)
    return values | ({} if entropy is None else {"sample_entropy": entropy})
