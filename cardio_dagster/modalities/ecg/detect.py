"""The verb `detect`: beats, their types and their waves.

Belongs here: the order of finding things and what is said when nothing is found. Not here: how they are found.
"""

import numpy as np

from cardio_dagster.errors import problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.beat_types import likeness_to_dominant, type_beats
from cardio_dagster.modalities.ecg.beats import background_share, find_beats
from cardio_dagster.modalities.ecg.delineation import delineate
from cardio_dagster.modalities.ecg.gates import BACKGROUND, BEAT_LIKENESS, BEATS
from cardio_dagster.modalities.ecg.pacing import paced_beats
from cardio_dagster.modalities.ecg.signal import EcgStructures, PreparedEcg, WaveTimes
from cardio_dagster.modalities.ecg.trust import without_types
from cardio_dagster.outcome import Problem, Severity, Step, Verdict


def detect(prepared: PreparedEcg, options: Options) -> Step[EcgStructures]:
    """Return beats, types and waves; an ECG without beats is a result too (E_DETECT_001 as a critical problem, with data)."""
    usable = prepared.quality.usable()
    signal_mv = prepared.signal_mv[:, usable].astype(np.float64)
    rate_hz = prepared.record.sampling_rate_hz
    beat_time_s = find_beats(signal_mv, sampling_rate_hz=rate_hz)
    found = delineate(signal_mv, sampling_rate_hz=rate_hz, beat_time_s=beat_time_s)
    qrs_s = _median_over_leads(found.qrs.offset_s - found.qrs.onset_s)
    likeness = likeness_to_dominant(signal_mv, sampling_rate_hz=rate_hz, beat_time_s=beat_time_s)
    types = type_beats(beat_time_s=beat_time_s, likeness=likeness, qrs_s=qrs_s)
    paced = paced_beats(prepared.record.signal_mv[:, usable], sampling_rate_hz=rate_hz, beat_time_s=beat_time_s)
    types = tuple("P" if is_paced else letter for letter, is_paced in zip(types, paced, strict=True))
    background = background_share(signal_mv, sampling_rate_hz=rate_hz, beat_time_s=beat_time_s)
    structures = EcgStructures(
        beat_time_s, types, likeness, background, *(_spread(w, usable) for w in (found.p, found.qrs, found.t))
    )
    problems = () if len(beat_time_s) else (_nothing_found(),)
    return Step(without_types(structures), problems, _verdicts(structures))


def _verdicts(found: EcgStructures) -> tuple[Verdict, ...]:
    likeness = float(np.median(found.likeness)) if len(found.likeness) else None
    return (
        BEATS.judge(float(len(found.beat_time_s)), modality="ecg"),
        BEAT_LIKENESS.judge(likeness, modality="ecg"),
        BACKGROUND.judge(found.background, modality="ecg"),
    )


def _nothing_found() -> Problem:
    return problem(
        "E_DETECT_001",
        "no heart beat found: asystole, ventricular fibrillation, or a signal that is no ECG",
        seen="0 beats",
        allowed="at least 3",
        cure="Look at the patient and at the recording.",
        severity=Severity.CRITICAL,
        modality="ecg",
    )


def _median_over_leads(values: np.ndarray) -> np.ndarray:
    """Return the median over leads per beat, NaN where no lead has the wave."""
    result = np.full(len(values), np.nan)
    there = np.isfinite(values).any(axis=1)
    result[there] = np.nanmedian(values[there], axis=1)
    return result


def _spread(waves: WaveTimes, usable: np.ndarray) -> WaveTimes:
    """Return the waves over all leads of the record, NaN in those that were not usable."""

    def widen(edge: np.ndarray) -> np.ndarray:
        full = np.full((len(edge), len(usable)), np.nan)
        full[:, usable] = edge
        return full

    return WaveTimes(widen(waves.onset_s), widen(waves.peak_s), widen(waves.offset_s))
