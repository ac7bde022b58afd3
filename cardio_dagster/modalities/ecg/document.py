"""The document that `cardio ecg FILE --json` prints: everything found in one ECG, for machines.

Belongs here: the shape of the document. Not here: printing it (cli.py) or measuring.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.analyse import measure
from cardio_dagster.modalities.ecg.detect import detect
from cardio_dagster.modalities.ecg.preprocess import preprocess
from cardio_dagster.modalities.ecg.rhythm import Rhythm, classify_rhythm
from cardio_dagster.modalities.ecg.signal import EcgStructures, LeadQuality, PreparedEcg, WaveTimes
from cardio_dagster.modalities.ecg.statements import state
from cardio_dagster.modalities.ecg.trust import longest_silence_s
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster.outcome import Problem, Step

T = TypeVar("T")
_HRV = ("mean_nn_ms", "sdnn_ms", "rmssd_ms", "pnn50_pct", "lf_ms2", "hf_ms2", "lf_hf")


@dataclass(frozen=True, slots=True)
class Beat:
    """A beat: when, and its letter (N, V, S, P, U)."""

    time_s: float
    type: str


@dataclass(frozen=True, slots=True)
class Wave:
    """A wave in one lead: P, QRS or T."""

    wave: str
    onset_s: float
    peak_s: float
    offset_s: float


@dataclass(frozen=True, slots=True)
class QualityDocument:
    """Quality of the recording and of each lead by name."""

    verdict: str
    leads: dict[str, LeadQuality]


@dataclass(frozen=True, slots=True)
class RhythmDocument:
    """The rhythm and how sure it is."""

    label: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its code, grade and rule."""

    code: str
    text: str
    grade: str
    rule: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class EcgDocument:
    """One ECG; every None has its reason in `reasons` under the same name."""

    format: str
    sampling_rate_hz: float
    duration_s: float
    leads: tuple[str, ...]
    quality: QualityDocument
    beats: tuple[Beat, ...]
    waves: dict[str, tuple[Wave, ...]]
    heart_rate_bpm: float | None
    intervals: dict[str, float | None]
    rhythm: RhythmDocument
    statements: tuple[Statement, ...]
    hrv: dict[str, float | None]
    reasons: dict[str, str]
    problems: tuple[Problem, ...]
    device_statements: tuple[str, ...] = ()


def describe(path: Path, options: Options) -> EcgDocument:
    """Return the document of one ECG file (for WFDB: the header).

    Raises StudyError where the file is refused or no lead of it is usable (E_QUALITY_001).
    """
    valid = validate(path, options)
    prepared = preprocess(_data(valid), options)
    found = detect(_data(prepared), options)
    return _assemble(_data(prepared), _data(found), (*valid.problems, *prepared.problems, *found.problems))


def _data(step: Step[T]) -> T:
    """Return a step's data; a step without any becomes the StudyError that its last problem stands for."""
    if step.data is None:
        last = step.problems[-1]
        raise StudyError(last.code, last.message, seen=last.seen, allowed=last.allowed, cure=last.cure)
    return step.data


def _assemble(prepared: PreparedEcg, found: EcgStructures, problems: tuple[Problem, ...]) -> EcgDocument:
    record, rhythm = prepared.record, classify_rhythm(found)
    measurements = measure(prepared, found, rhythm, recording_id="")
    findings = state(
        measurements,
        rhythm,
        found.beat_types,
        sex=record.patient_sex,
        recording_id="",
        silence_s=longest_silence_s(found, duration_s=record.duration_s),
    )
    return EcgDocument(
        format=record.format,
        sampling_rate_hz=record.sampling_rate_hz,
        duration_s=round(record.duration_s, 4),
        leads=record.leads,
        quality=QualityDocument(prepared.quality.verdict, {lead.lead: lead for lead in prepared.quality.leads}),
        beats=tuple(
            Beat(round(t, 4), kind) for t, kind in zip(found.beat_time_s.tolist(), found.beat_types, strict=True)
        ),
        waves=_waves(found, record.leads),
        heart_rate_bpm=_value(measurements, "heart_rate_bpm"),
        intervals={m.name: m.value for m in measurements if m.name not in (*_HRV, "heart_rate_bpm")},
        rhythm=RhythmDocument(rhythm.label, rhythm.confidence),
        statements=tuple(Statement(f.code, f.text, f.grade.value, f.rule, f.confidence) for f in findings),
        hrv={m.name: m.value for m in measurements if m.name in _HRV},
        reasons=_reasons(measurements, rhythm),
        problems=problems,
        device_statements=record.device_statements,
    )


def _reasons(measurements: tuple[Measurement, ...], rhythm: Rhythm) -> dict[str, str]:
    """Return why there is no value, by name."""
    reasons = {m.name: m.reason for m in measurements if m.reason is not None}
    return reasons | ({"rhythm": rhythm.reason} if rhythm.reason else {})


def _value(measurements: tuple[Measurement, ...], name: str) -> float | None:
    return next(m.value for m in measurements if m.name == name)


def _waves(found: EcgStructures, leads: tuple[str, ...]) -> dict[str, tuple[Wave, ...]]:
    """Return the waves of each lead in the order of time; absent ones are not listed."""
    kinds = (("P", found.p), ("QRS", found.qrs), ("T", found.t))
    return {
        lead: tuple(sorted((w for name, times in kinds for w in _lead_waves(name, times, i)), key=lambda w: w.onset_s))
        for i, lead in enumerate(leads)
    }


def _lead_waves(name: str, times: WaveTimes, lead: int) -> list[Wave]:
    edges = np.column_stack((times.onset_s[:, lead], times.peak_s[:, lead], times.offset_s[:, lead]))
    there = edges[np.isfinite(edges).all(axis=1)].round(4)
    return [Wave(name, *row) for row in there.tolist()]
