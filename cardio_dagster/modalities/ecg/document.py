"""The document that `cardio ecg FILE --json` prints: everything found in one ECG, for machines.

Belongs here: the shape of the document. Not here: printing it (cli.py) or measuring.
"""

from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TypeVar

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.beats.pacing import MIN_SAMPLING_RATE_HZ as STIMULUS_RATE_HZ
from cardio_dagster.modalities.ecg.detect import detect
from cardio_dagster.modalities.ecg.device.comparison import DeviceComparison
from cardio_dagster.modalities.ecg.hrv import HRV_NAMES
from cardio_dagster.modalities.ecg.interpret import interpret
from cardio_dagster.modalities.ecg.lead_checks import LeadChecks, LeadProblem
from cardio_dagster.modalities.ecg.long.waves import EVERY_S, WINDOW_S
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.preprocess import preprocess
from cardio_dagster.modalities.ecg.quality.stretches import FlawStretch, flaw_stretches
from cardio_dagster.modalities.ecg.rhythm.classify import Episode, Rhythm
from cardio_dagster.modalities.ecg.signal import EcgQuality, EcgRecord, EcgStructures, LeadQuality
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster.outcome import Problem, Step

T = TypeVar("T")
_KINDS = ("P", "QRS", "T")


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
    """Quality of the recording and of each lead by name, and when in each lead something is wrong.

    A second may have several flaws. Joined from whole seconds: a rest of less than a second at the end is not judged.
    """

    verdict: str
    leads: dict[str, LeadQuality]
    stretches: dict[str, tuple[FlawStretch, ...]]


@dataclass(frozen=True, slots=True)
class RhythmDocument:
    """The rhythm and how sure it is."""

    label: str
    confidence: float | None
    reason: str | None = None
    irregularity: float | None = None
    p_share: float | None = None
    f_wave_hz: float | None = None
    af_burden_pct: float | None = None
    episodes: tuple[Episode, ...] = ()


@dataclass(frozen=True, slots=True)
class LeadChecksDocument:
    """Whether the leads fit each other (Einthoven, Goldberger; 0 fits exactly), and what was found to be wrong with them.

    `limb_residual_by_second` is that of every second looked at, a minute at most, the first of which begins at `from_s`; None where a limb
    lead was not usable in it. It is empty, and `limb_residual` None, where fewer than three limb leads are usable, or never at the same time.
    """

    limb_residual: float | None
    problems: tuple[LeadProblem, ...]
    limb_residual_by_second: tuple[float | None, ...]
    from_s: float


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its code, grade, rule and where to look."""

    code: str
    text: str
    grade: str
    rule: str
    confidence: float | None
    evidence: str | None


@dataclass(frozen=True, slots=True)
class EcgDocument:
    """One ECG; every None has its reason in `reasons` under the same name.

    `intervals` hold every global measurement but rate and variability, axes and voltages too, each name ending in its unit. `sampling_rate_hz`
    is that of the file, `measured_at_hz` that of the signal, lower where a long recording was thinned. `reasons["waves"]` says where waves
    were sought in sample windows alone.
    """

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
    lead_values: dict[str, LeadValues]
    lead_checks: LeadChecksDocument
    device: DeviceComparison
    measured_at_hz: float
    device_statements: tuple[str, ...] = ()
    started_at: str | None = None
    notes: tuple[str, ...] = ()


def describe(path: Path, options: Options) -> EcgDocument:
    """Return the document of one ECG file (for WFDB: the header).

    Raises StudyError where the file is refused or no lead of it is usable (E_QUALITY_001).
    """
    valid = validate(path, options)
    prepared = preprocess(_data(valid), options)
    found = detect(_data(prepared), options)
    problems = (*valid.problems, *prepared.problems, *found.problems)
    return _assemble(_data(prepared), _data(found), problems, threads=options.threads)


def _data(step: Step[T]) -> T:
    """Return a step's data; a step without any becomes the StudyError that its last problem stands for."""
    if step.data is None:
        last = step.problems[-1]
        raise StudyError(last.code, last.message, seen=last.seen, allowed=last.allowed, cure=last.cure)
    return step.data


def _assemble(
    prepared: PreparedEcg, found: EcgStructures, problems: tuple[Problem, ...], *, threads: int
) -> EcgDocument:
    record = prepared.record
    got = interpret(prepared, found, recording_id="", threads=threads, every_hrv=True)
    other = (*HRV_NAMES, "heart_rate_bpm")
    return EcgDocument(
        format=record.format,
        sampling_rate_hz=record.original_rate_hz or record.sampling_rate_hz,
        duration_s=round(record.duration_s, 4),
        leads=record.leads,
        quality=_quality(prepared.quality),
        beats=_beats(found),
        waves=_waves(found, record.leads),
        heart_rate_bpm=next(m.value for m in got.measurements if m.name == "heart_rate_bpm"),
        intervals={m.name: m.value for m in got.measurements if m.name not in other},
        rhythm=_rhythm(got.rhythm),
        statements=tuple(
            Statement(f.code, f.text, f.grade.value, f.rule, f.confidence, f.evidence) for f in got.findings
        ),
        hrv={m.name: m.value for m in got.measurements if m.name in HRV_NAMES},
        reasons=_reasons(got.measurements, got.rhythm) | _sampled(record),
        problems=problems,
        lead_values=got.leads,
        lead_checks=_lead_checks(got.lead_checks),
        device=got.device,
        device_statements=record.device_statements,
        started_at=record.started_at,
        measured_at_hz=record.sampling_rate_hz,
        notes=_notes(record),
    )


def _quality(quality: EcgQuality) -> QualityDocument:
    return QualityDocument(quality.verdict, {lead.lead: lead for lead in quality.leads}, flaw_stretches(quality))


def _notes(record: EcgRecord) -> tuple[str, ...]:
    """Return what the reader did, and what cannot be known from this file."""
    n_left_out, rate_hz = record.n_device_texts_left_out, record.original_rate_hz or record.sampling_rate_hz
    return (
        *record.notes,
        *((f"texts of the device left out, they may name a person: {n_left_out}",) if n_left_out else ()),
        *(("pacemaker spikes cannot be seen below 400 Hz",) if rate_hz < STIMULUS_RATE_HZ else ()),
    )


def _sampled(record: EcgRecord) -> dict[str, str]:
    """Return why there is no start, and why a long recording has waves in a part of its time alone."""
    started = {} if record.started_at else {"started_at": "not in the file"}
    if record.step_mv is None:
        return started
    return started | {
        "waves": f"a long recording: waves are sought in {WINDOW_S:.0f} s of every {EVERY_S / 60:.0f} min"
    }


def _lead_checks(checks: LeadChecks) -> LeadChecksDocument:
    residuals = [] if checks.limb_residual is None else checks.residual_by_second.tolist()
    by_second = tuple(None if isnan(residual) else round(residual, 4) for residual in residuals)
    return LeadChecksDocument(checks.limb_residual, checks.problems, by_second, round(checks.start_s, 4))


def _beats(found: EcgStructures) -> tuple[Beat, ...]:
    times = np.round(found.beat_time_s, 4).tolist()
    return tuple(Beat(time_s, kind) for time_s, kind in zip(times, found.beat_types, strict=True))


def _rhythm(rhythm: Rhythm) -> RhythmDocument:
    return RhythmDocument(
        label=rhythm.label,
        confidence=rhythm.confidence,
        reason=rhythm.reason,
        irregularity=rhythm.irregularity,
        p_share=rhythm.p_share,
        f_wave_hz=rhythm.f_wave_hz,
        af_burden_pct=rhythm.af_burden_pct,
        episodes=rhythm.episodes,
    )


def _reasons(measurements: tuple[Measurement, ...], rhythm: Rhythm) -> dict[str, str]:
    """Return why there is no value, by name."""
    reasons = {m.name: m.reason for m in measurements if m.reason is not None}
    return reasons | ({"rhythm": rhythm.reason} if rhythm.reason else {})


def _waves(found: EcgStructures, leads: tuple[str, ...]) -> dict[str, tuple[Wave, ...]]:
    """Return the waves of each lead in the order of time; absent ones are not listed."""
    return {lead: _lead_waves(found, i) for i, lead in enumerate(leads)}


def _lead_waves(found: EcgStructures, lead: int) -> tuple[Wave, ...]:
    """Return one lead's waves, sorted as an array: a tenth of the time of sorting objects."""
    waves = (found.p, found.qrs, found.t)
    edges = np.concatenate([np.stack((w.onset_s[:, lead], w.peak_s[:, lead], w.offset_s[:, lead]), 1) for w in waves])
    there = np.flatnonzero(np.isfinite(edges).all(axis=1))
    rows = edges[there].round(4)
    order = np.argsort(rows[:, 0], kind="stable")
    kinds = (there[order] // max(len(found.beat_time_s), 1)).tolist()
    return tuple(Wave(_KINDS[kind], *row) for kind, row in zip(kinds, rows[order].tolist(), strict=True))
