"""The verb `detect`: beats, their types and their waves.

Belongs here: the order of finding things and what is said when nothing is found. Not here: how they are found.
"""

import numpy as np

from cardio_dagster.errors import problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.beats.find import find_beats
from cardio_dagster.modalities.ecg.beats.pacing import follow_stimulus, paced_beats
from cardio_dagster.modalities.ecg.gates import BACKGROUND, BEAT_LIKENESS, BEATS
from cardio_dagster.modalities.ecg.long.beats import find_long_beats
from cardio_dagster.modalities.ecg.long.waves import delineate_windows
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.quality.readable import lost_stretches_s, without_unreadable
from cardio_dagster.modalities.ecg.quality.steepness import without_p_waves
from cardio_dagster.modalities.ecg.signal import Beats, Delineation, EcgStructures, WaveTimes
from cardio_dagster.modalities.ecg.trust import without_types
from cardio_dagster.modalities.ecg.waves.delineate import delineate
from cardio_dagster.outcome import Problem, Severity, Step, Verdict


def detect(prepared: PreparedEcg, options: Options) -> Step[EcgStructures]:
    """Return beats, types and waves; an ECG without beats is a result too (E_DETECT_001 as a critical problem, with data).

    In a long recording beats are found in blocks, and waves in 12 s of every 5 min alone.
    """
    is_long = prepared.record.step_mv is not None
    beats, waves = (_in_parts if is_long else _at_once)(prepared, options.threads)
    paced = _paced(prepared, beats.time_s)
    types = tuple("P" if is_paced else letter for letter, is_paced in zip(beats.types, paced.tolist(), strict=True))
    structures = EcgStructures(
        beats.time_s,
        types,
        beats.likeness,
        beats.probability,
        waves.p_probability,
        beats.background,
        waves.p,
        waves.qrs,
        waves.t,
        lost_stretches_s(prepared.quality),
    )
    problems = () if len(beats.time_s) else (_nothing_found(),)
    return Step(without_types(structures), problems, _verdicts(structures))


def _at_once(prepared: PreparedEcg, threads: int) -> tuple[Beats, Delineation]:
    """Return beats and waves of a short recording; leads that are not usable have no waves."""
    usable = prepared.quality.usable()
    signal_mv = prepared.signal_mv[:, usable].astype(np.float64)
    rate_hz = prepared.record.sampling_rate_hz
    beats = find_beats(signal_mv, sampling_rate_hz=rate_hz, threads=threads)
    beats = without_unreadable(without_p_waves(beats, signal_mv, sampling_rate_hz=rate_hz), prepared.quality)
    found = delineate(signal_mv, sampling_rate_hz=rate_hz, beat_time_s=beats.time_s, threads=threads)
    p, qrs, t = (_spread(w, usable) for w in (found.p, found.qrs, found.t))
    return beats, Delineation(p, qrs, t, found.p_probability)


def _in_parts(prepared: PreparedEcg, threads: int) -> tuple[Beats, Delineation]:
    """Return beats of a long recording, found in blocks, and the waves of those in its sample windows."""
    beats = without_unreadable(find_long_beats(prepared, threads=threads), prepared.quality)
    return beats, delineate_windows(prepared, beats.time_s, threads=threads)


def _paced(prepared: PreparedEcg, beat_time_s: np.ndarray) -> np.ndarray:
    """Return which beats follow a stimulus; in a long recording stimuli were sought while it was read."""
    record = prepared.record
    if record.step_mv is not None:
        return follow_stimulus(beat_time_s, np.empty(0) if record.stimulus_s is None else record.stimulus_s)
    raw_mv = record.signal_mv[:, prepared.quality.usable()]
    return paced_beats(raw_mv, sampling_rate_hz=record.sampling_rate_hz, beat_time_s=beat_time_s)


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


def _spread(waves: WaveTimes, usable: np.ndarray) -> WaveTimes:
    """Return the waves over all leads of the record, NaN in those that were not usable."""

    def widen(edge: np.ndarray) -> np.ndarray:
        full = np.full((len(edge), len(usable)), np.nan)
        full[:, usable] = edge
        return full

    return WaveTimes(widen(waves.onset_s), widen(waves.peak_s), widen(waves.offset_s))
