"""ANALYSIS of an echo clip: measurements, findings and figures.

Belongs here: names, units, methods, reference ranges, evidence and reasons. Not here: how
volumes and beats are found (discs.py, beats.py, function.py) or drawn (frame_figure.py, curve_figure.py).
Regional wall motion, view and biplane volumes are not measured yet.
"""

from dataclasses import replace

import numpy as np

from cardio_dagster.errors import problem
from cardio_dagster.finding import Analysis, Figure, Finding, Grade, Measurement
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo import references
from cardio_dagster.modalities.echo.cycles.beats import heart_rate_bpm
from cardio_dagster.modalities.echo.clip import PreparedClip, Segmentation
from cardio_dagster.modalities.echo.drawing.curve import draw_curve
from cardio_dagster.modalities.echo.drawing.frames import draw_frames
from cardio_dagster.modalities.echo.function import LENGTH_GATE, VOLUME_GATE, Function, assess, measure_atrium
from cardio_dagster.outcome import Problem, Step

DISCS_METHOD = "single-plane (A4C) method of 20 discs, contours by network"
_LOINC_LVEF_2D, _LOINC_HEART_RATE = "8806-2", "8867-4"


def analyse(prepared: PreparedClip, found: Segmentation, recording_id: str, options: Options) -> Step[Analysis]:
    """Measure function and size of the left heart and draw what was measured.

    What cannot be measured is null with its reason; with uncertain contours that is everything.
    A clip without a beat and an implausible size of the ventricle fail a gate.
    """
    function = assess(prepared, found)
    measurements = tuple(replace(m, recording_id=recording_id) for m in measure(function))
    findings = tuple(replace(f, modality="echo", recording_id=recording_id) for f in _findings(measurements))
    drawn = tuple(replace(f, recording_id=recording_id) for f in _draw(function))
    analysis = Analysis("echo", recording_id, measurements, findings, (), drawn)
    return Step(analysis, problems_of(function), function.verdicts)


def problems_of(function: Function) -> tuple[Problem, ...]:
    """Return E_VALID_005 where the size of the ventricle speaks against the pixel spacing."""
    if all(v.passed for v in function.verdicts if v.gate in (LENGTH_GATE.name, VOLUME_GATE.name)):
        return ()
    allowed = "a ventricle of 4 to 14 cm and 15 to 600 mL"
    return (problem("E_VALID_005", function.no_size_reason or "", allowed=allowed),)


def measure(function: Function) -> tuple[Measurement, ...]:
    """Return every measurement of the branch, each with a value or a reason."""
    return (
        _ejection_fraction(function),
        _lv_volume(function, "lv_edv_ml", "LV end-diastolic volume", references.LV_EDV_ML),
        _lv_volume(function, "lv_esv_ml", "LV end-systolic volume", references.LV_ESV_ML),
        *_sizes(function),
        _heart_rate(function),
    )


def _ejection_fraction(function: Function) -> Measurement:
    limits, beat = references.LVEF_PCT, function.beat
    empty = Measurement(
        "lvef_pct", "LV ejection fraction", None, "%", f"{DISCS_METHOD}; beat of median EF",
        limits.low, limits.high, limits.source, function.no_beat_reason or "unknown", _LOINC_LVEF_2D,
    )  # fmt: skip
    if beat is None:
        return empty
    evidence = f"frames {function.frame_number(beat.ed)} (ED) and {function.frame_number(beat.es)} (ES)"
    if len(function.beats) > 1:
        evidence += f"; {len(function.beats)} beats: {', '.join(f'{b.ef_pct:.0f}' for b in function.beats)} %"
    confidence = round(float(np.mean(function.found.confidence[[beat.ed, beat.es]])), 3)
    return replace(empty, value=round(beat.ef_pct, 1), reason=None, evidence=evidence, confidence=confidence)


def _lv_volume(function: Function, name: str, label: str, limits: references.Range) -> Measurement:
    empty = Measurement(
        name, label, None, "mL", DISCS_METHOD, limits.low, limits.high, limits.source,
        function.no_beat_reason or function.no_size_reason or "unknown",
    )  # fmt: skip
    if function.beat is None:
        return empty
    volume, frame = (function.beat.edv, function.ed) if name == "lv_edv_ml" else (function.beat.esv, function.es)
    millilitres = function.volume_ml(volume)
    return empty if millilitres is None else _filled(empty, millilitres, function, frame)


def _sizes(function: Function) -> tuple[Measurement, ...]:
    """Measure LV length at end-diastole and the atrium at end-systole; without a beat, on the largest ventricle."""
    empty = (
        Measurement("lv_length_cm", "LV length at end-diastole", None, "cm", "mid-annulus to apex, A4C", reason="-"),
        Measurement("la_area_cm2", "LA area at end-systole", None, "cm2", "area inside the contour, A4C", reason="-"),
        Measurement("la_volume_ml", "LA volume at end-systole", None, "mL", DISCS_METHOD, reason="-"),
        Measurement("lv_volume_ml", "LV volume on this frame", None, "mL", DISCS_METHOD, reason="-"),
    )
    still = len(function.prepared.frame_indices) == 1
    return tuple(_size(function, measurement) for measurement in (empty if still else empty[:3]))


def _size(function: Function, empty: Measurement) -> Measurement:
    mm = function.mm_per_pixel
    if not function.ventricles:
        return replace(empty, reason=function.no_beat_reason)
    if mm is None:
        return replace(empty, reason=function.no_size_reason)
    frame = function.es if empty.name.startswith("la_") else function.ed
    chamber = measure_atrium(function, frame) if empty.name.startswith("la_") else function.ventricles[frame]
    if chamber is None:
        return replace(empty, reason=f"the chamber was not found on frame {function.frame_number(frame)}")
    if function.beat is None:
        empty = replace(empty, method=f"{empty.method}; no beat seen, frame of the largest ventricle, phase unknown")
    factor = {"cm": mm / 10, "cm2": mm**2 / 100, "mL": mm**3 / 1000}[empty.unit]
    pixels = {"cm": chamber.axis.length, "cm2": chamber.area, "mL": chamber.volume}[empty.unit]
    return _filled(empty, pixels * factor, function, frame)


def _filled(empty: Measurement, value: float, function: Function, frame: int) -> Measurement:
    evidence = f"frame {function.frame_number(frame)}"
    confidence = round(float(function.found.confidence[frame]), 3)
    return replace(empty, value=round(value, 2), reason=None, evidence=evidence, confidence=confidence)


def _heart_rate(function: Function) -> Measurement:
    limits, timing = references.HEART_RATE_BPM, function.prepared.timing
    rate = heart_rate_bpm(function.beats, timing.frame_rate_hz)
    reason = function.no_beat_reason or timing.reason or "fewer than two beats in the clip"
    return Measurement(
        "echo_heart_rate_bpm", "Heart rate in the clip", rate and round(rate, 1), "/min", "median interval of end-systoles",
        limits.low, limits.high, limits.source, None if rate else reason, _LOINC_HEART_RATE,
        f"{len(function.beats)} beats" if rate else None,
    )  # fmt: skip


def _findings(measurements: tuple[Measurement, ...]) -> tuple[Finding, ...]:
    by_name = {m.name: m for m in measurements}
    lvef = by_name["lvef_pct"]
    found = [] if lvef.value is None else [_grade(lvef, lvef.value)]
    for name, limits in (("lv_edv_ml", references.LV_EDV_ML), ("lv_esv_ml", references.LV_ESV_ML)):
        found += _size_finding(by_name[name], limits)
    rate = by_name["echo_heart_rate_bpm"]
    if rate.within_reference is False:
        text = f"Heart rate {rate.value:.0f}/min in the echo clip, outside 60 to 100"
        found.append(_finding("ECHO_HEART_RATE_OUTSIDE", text, Grade.NOTE, references.HEART_RATE_BPM.source, rate))
    return tuple(found)


def _grade(lvef: Measurement, lvef_pct: float) -> Finding:
    grade = references.grade_ef(lvef_pct)
    return _finding(grade.code, f"{grade.text} ({lvef_pct:.0f} %)", grade.grade, f"{references.VERSION}, Table 4", lvef)


def _size_finding(measured: Measurement, limits: references.Range) -> list[Finding]:
    if measured.value is None:
        return []
    man, woman = limits.normal_for(measured.value)
    if man and woman:
        return []
    side = "above" if measured.value > min(limits.men[1], limits.women[1]) else "below"
    whom = "either sex" if man == woman else "a woman" if man else "a man"
    text = f"{measured.label} {_volume_text(measured.value)} mL, {side} the normal range of {whom}"
    code = f"{measured.name.removesuffix('_ml').upper()}_{side.upper()}_NORMAL"
    return [_finding(code, text, Grade.ABNORMAL if man == woman else Grade.NOTE, limits.source, measured)]


def _volume_text(millilitres: float) -> str:
    """Return whole millilitres, and two digits of a value below 10, which must not read as 0."""
    return f"{millilitres:.0f}" if millilitres >= 10 else f"{millilitres:.2g}"


def _finding(code: str, text: str, grade: Grade, rule: str, measured: Measurement) -> Finding:
    return Finding(
        code, text, grade, rule, (measured.name,), confidence=measured.confidence, evidence=measured.evidence
    )


def _draw(function: Function) -> tuple[Figure, ...]:
    frames = draw_frames(function)
    return (frames, draw_curve(function)) if function.beat else (frames,)
