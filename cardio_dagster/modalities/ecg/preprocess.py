"""The verb `preprocess`: gaps bridged, baseline and noise removed, quality judged.

Belongs here: making a record measurable, and saying when it is not. Not here: the filter (display_band.py) or the judgement (quality/).
"""

from dataclasses import replace

import numpy as np

from cardio_dagster.errors import problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.display_band import display_band
from cardio_dagster.modalities.ecg.gates import GOOD_LEADS, USABLE_LEADS
from cardio_dagster.modalities.ecg.long.quality import assess_long
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.quality import assess
from cardio_dagster.modalities.ecg.quality.impossible import impossible, without_impossible, wrong_unit
from cardio_dagster.modalities.ecg.signal import EcgQuality, EcgRecord
from cardio_dagster.outcome import Problem, Step, Verdict


def preprocess(record: EcgRecord, options: Options) -> Step[PreparedEcg]:
    """Return the signal from 0.5 to 150 Hz with its quality per lead; a long recording is judged in blocks and filtered when read.

    No data and E_QUALITY_001 where no lead is usable, or E_VALID_002 where the voltages are those of another unit; E_QUALITY_002
    where some leads are limited.
    """
    if record.step_mv is not None:
        return _step(
            record, np.empty((0, len(record.leads)), np.float32), assess_long(record, threads=options.threads), 0
        )
    possible_mv, n_impossible = without_impossible(record.signal_mv)
    if n_impossible:
        record = replace(record, signal_mv=possible_mv)
    filled_mv = bridge_gaps(possible_mv)
    quality = assess(record, filled_mv)
    clean_mv = display_band(filled_mv, sampling_rate_hz=record.sampling_rate_hz)
    return _step(record, clean_mv, quality, n_impossible)


def _step(record: EcgRecord, clean_mv: np.ndarray, quality: EcgQuality, n_impossible: int) -> Step[PreparedEcg]:
    if quality.verdict == "unusable":
        return Step(None, (_unusable(quality),), _verdicts(quality))
    problems: tuple[Problem, ...] = () if quality.verdict == "acceptable" else (_limited(quality),)
    prepared = PreparedEcg(record, clean_mv, quality)
    refused = wrong_unit(prepared)
    if refused is not None:
        return Step(None, (refused,), _verdicts(quality))
    return Step(prepared, problems + impossible(n_impossible), _verdicts(quality))


def bridge_gaps(signal_mv: np.ndarray) -> np.ndarray:
    """Return the samples with missing ones replaced by a straight line between their neighbours; 0 where a lead has none.

    A signal without missing samples is returned itself, not a copy.
    """
    missing = ~np.isfinite(signal_mv)
    if not missing.any():
        return signal_mv
    filled = signal_mv.copy()
    positions = np.arange(len(filled))
    for i in np.flatnonzero(missing.any(axis=0)):
        gap = missing[:, i]
        there = positions[~gap]
        filled[gap, i] = np.interp(positions[gap], there, signal_mv[there, i]) if len(there) else 0.0
    return filled


def _verdicts(quality: EcgQuality) -> tuple[Verdict, ...]:
    good = sum(lead.verdict == "acceptable" for lead in quality.leads)
    return (
        USABLE_LEADS.judge(float(quality.usable().sum()), modality="ecg"),
        GOOD_LEADS.judge(100.0 * good / len(quality.leads), modality="ecg"),
    )


def _spelled_out(quality: EcgQuality) -> str:
    """Return the leads with reservations and why ("V1: noise; V2: flat line")."""
    return "; ".join(f"{lead.lead}: {', '.join(lead.reasons)}" for lead in quality.leads if lead.reasons)[:400]


def _unusable(quality: EcgQuality) -> Problem:
    return problem(
        "E_QUALITY_001",
        "no lead of the ECG can be measured; check the electrodes, and the patient: a flat line may be asystole",
        seen=_spelled_out(quality),
        allowed="at least one usable lead",
        modality="ecg",
    )


def _limited(quality: EcgQuality) -> Problem:
    return problem("E_QUALITY_002", "some leads are of limited quality", seen=_spelled_out(quality), modality="ecg")
