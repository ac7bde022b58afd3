"""Volumes of the left ventricle and what it ejects, by two methods.

Belongs here: EF, volumes, stroke volume, cardiac output. Not here: lengths and walls (ventricle.py), discs (volumes/).
Single plane: biplane volumes need the two-chamber view too. Nothing is indexed by body surface area,
because this branch does not know the patient: that is for the fusion.
"""

from dataclasses import replace

import numpy as np

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.measuring.quantity import Reading, filled, over_time, phases, quantity, sized
from cardio_dagster.modalities.echo.volumes.area_length import area_length_volume

DISCS_METHOD = "single-plane (A4C) method of 20 discs, contours by network"
AREA_LENGTH_METHOD = "single-plane (A4C) area-length, 8 A2 / (3 pi L), contours by network"
_LOINC_LVEF_2D = "8806-2"


def measure_ejection(function: Function) -> tuple[Measurement, ...]:
    """Return EF with its spread, volumes at end-diastole and end-systole by both methods, stroke volume and output."""
    discs, area_length = function.curve, ventricle_area_length(function)
    return (
        _fraction(function, discs, quantity(
            "lvef_pct", "LV ejection fraction", "%", f"{DISCS_METHOD}; mean of beats", loinc=_LOINC_LVEF_2D)),
        _spread(function),
        *_volumes(function, discs, "", DISCS_METHOD),
        _stroke(function),
        _output(function),
        _fraction(function, area_length, quantity(
            "lvef_area_length_pct", "LV ejection fraction by area-length", "%", f"{AREA_LENGTH_METHOD}; mean of beats")),
        *_volumes(function, area_length, "_area_length", AREA_LENGTH_METHOD),
    )  # fmt: skip


def ventricle_area_length(function: Function) -> np.ndarray:
    """Return the volume of the ventricle (n,) by area-length in cubic pixels; NaN where it cannot be relied on."""
    chambers = function.ventricles
    area = over_time(function, lambda p: chamber.area if (chamber := chambers[p]) else None)
    length = over_time(function, lambda p: chamber.axis.length if (chamber := chambers[p]) else None)
    return area_length_volume(area, length)


def fractions(function: Function, volumes: np.ndarray) -> list[Reading]:
    """Return the EF in percent of each averaged beat from volumes (n,) in any unit."""
    pairs = [(beat.ed, beat.es) for beat in function.averaged]
    return [
        Reading(float(100 * (volumes[ed] - volumes[es]) / volumes[ed]), (ed, es))
        for ed, es in pairs
        if np.isfinite(volumes[[ed, es]]).all()
    ]


def _fraction(function: Function, volumes: np.ndarray, empty: Measurement) -> Measurement:
    readings = fractions(function, volumes)
    measured = filled(empty, function, readings, function.no_beat_reason or "the contours allow no length")
    if measured.value is None or function.cycles is None:
        return measured
    pairs = ", ".join(
        f"{function.frame_number(r.frames[0])} (ED) and {function.frame_number(r.frames[1])} (ES)" for r in readings
    )
    _, *others = (measured.evidence or "").split("; ")
    said = [f"frames {pairs}", *_beats_text(readings), f"beats by {function.cycles.source}", function.cycles.note]
    return replace(measured, value=round(measured.value, 1), evidence="; ".join([*(s for s in said if s), *others]))


def _beats_text(readings: list[Reading]) -> list[str]:
    if len(readings) < 2:
        return []
    values = [reading.value for reading in readings]
    listed = ", ".join(f"{value:.1f}" for value in values)
    spread = f"SD {np.std(values, ddof=1):.1f}, range {min(values):.1f} to {max(values):.1f}"
    return [f"{len(values)} beats: {listed} % ({spread})"]


def _spread(function: Function) -> Measurement:
    empty = quantity("lvef_sd_pct", "Spread of the ejection fraction over the beats", "%", "standard deviation")
    readings = fractions(function, function.curve)
    if len(readings) < 2:
        return replace(empty, reason=function.no_beat_reason or "one beat has no spread")
    spread = round(float(np.std([reading.value for reading in readings], ddof=1)), 1)
    return replace(filled(empty, function, readings, ""), value=spread)


def _volumes(function: Function, volumes: np.ndarray, suffix: str, method: str) -> tuple[Measurement, ...]:
    by = " by area-length" if suffix else ""
    empty = (
        quantity(f"lv_edv{suffix}_ml", f"LV end-diastolic volume{by}", "mL", method),
        quantity(f"lv_esv{suffix}_ml", f"LV end-systolic volume{by}", "mL", method),
    )
    if not function.beat:
        reason = function.no_beat_reason or "no beat"
        return tuple(replace(measurement, reason=reason) for measurement in empty)
    lack = "the contours allow no length"
    return tuple(
        sized(measurement, function, volumes, [pair[index] for pair in phases(function)], lack)
        for index, measurement in enumerate(empty)
    )


def _stroke(function: Function) -> Measurement:
    empty = quantity("lv_stroke_volume_ml", "Stroke volume", "mL", f"{DISCS_METHOD}, EDV less ESV; mean of beats")
    lack = function.no_beat_reason or function.no_size_reason or "no beat"
    millilitres = function.volume_ml(1.0)
    if millilitres is None:
        return replace(empty, reason=lack)
    readings = [Reading((b.edv - b.esv) * millilitres, (b.ed, b.es)) for b in function.averaged]
    return filled(empty, function, readings, lack)


def _output(function: Function) -> Measurement:
    stroke, cycles = _stroke(function), function.cycles
    rate = cycles and (cycles.r_wave_rate_bpm or cycles.image_rate_bpm)
    source = "R waves" if cycles and cycles.r_wave_rate_bpm else "the images"
    empty = quantity(
        "cardiac_output_l_min", "Cardiac output", "L/min", f"stroke volume by discs times the heart rate from {source}"
    )
    if stroke.value is None or not rate:
        return replace(empty, reason=stroke.reason or "the heart rate is not known")
    value = round(stroke.value * rate / 1000, 2)
    evidence = f"{stroke.evidence}; {rate:.0f}/min"
    return replace(empty, value=value, reason=None, evidence=evidence, confidence=stroke.confidence)
