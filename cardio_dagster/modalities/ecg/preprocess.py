"""The verb `preprocess`: gaps bridged, baseline and noise removed, quality judged.

Belongs here: making a record measurable, and saying when it is not. Not here: the filters (filters.py) or the judgement (quality.py).
"""

from dataclasses import replace

import numpy as np

from cardio_dagster.errors import problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.filters import for_display
from cardio_dagster.modalities.ecg.gates import GOOD_LEADS, USABLE_LEADS
from cardio_dagster.modalities.ecg.quality import assess
from cardio_dagster.modalities.ecg.signal import EcgQuality, EcgRecord, PreparedEcg
from cardio_dagster.outcome import Problem, Step, Verdict

_IMPOSSIBLE_MV = 20.0  # four times the highest QRS
_ARTEFACT_SHARE = 0.01


def preprocess(record: EcgRecord, options: Options) -> Step[PreparedEcg]:
    """Return the signal from 0.5 to 150 Hz with its quality per lead.

    No data and E_QUALITY_001 where no lead is usable; E_QUALITY_002 where some are limited.
    """
    record, n_impossible = without_impossible(record)
    filled_mv = bridge_gaps(record.signal_mv)
    quality = assess(record, filled_mv)
    verdicts = _verdicts(quality)
    if quality.verdict == "unusable":
        return Step(None, (_unusable(quality),), verdicts)
    clean_mv = for_display(filled_mv, sampling_rate_hz=record.sampling_rate_hz).astype(np.float32)
    problems: tuple[Problem, ...] = () if quality.verdict == "acceptable" else (_limited(quality),)
    problems += (_impossible(n_impossible),) if n_impossible else ()
    return Step(PreparedEcg(record, clean_mv, quality), problems, verdicts)


def without_impossible(record: EcgRecord) -> tuple[EcgRecord, int]:
    """Return the record with samples beyond 20 mV marked as missing, and how many there were.

    A lead with more than 1 % of them has an offset (electrodes drift) or is damaged; it is left to the other checks.
    """
    beyond = np.abs(record.signal_mv) > _IMPOSSIBLE_MV
    beyond &= beyond.mean(axis=0) <= _ARTEFACT_SHARE
    if not beyond.any():
        return record, 0
    return replace(record, signal_mv=np.where(beyond, np.float32(np.nan), record.signal_mv)), int(beyond.sum())


def bridge_gaps(signal_mv: np.ndarray) -> np.ndarray:
    """Return float64 samples with missing ones replaced by a straight line between their neighbours; 0 where a lead has none."""
    filled = signal_mv.astype(np.float64)
    positions = np.arange(len(filled))
    for lead in filled.T:
        there = np.isfinite(lead)
        if there.all():
            continue
        lead[:] = np.interp(positions, positions[there], lead[there]) if there.any() else 0.0
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


def _impossible(count: int) -> Problem:
    return problem(
        "E_QUALITY_002",
        "samples that no heart can make were left out as missing",
        seen=f"{count} samples",
        allowed=f"{_IMPOSSIBLE_MV:g} mV either way",
        modality="ecg",
    )


def _limited(quality: EcgQuality) -> Problem:
    return problem("E_QUALITY_002", "some leads are of limited quality", seen=_spelled_out(quality), modality="ecg")
