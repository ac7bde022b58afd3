"""Measurements of painted hearts whose sizes are known: values, units, evidence, reasons."""

import math
from dataclasses import replace

import numpy as np
import pytest

from cardio_dagster.finding import Grade
from cardio_dagster.modalities.echo.analyse import interpret
from cardio_dagster.modalities.echo.findings import NOT_RELIED_ON, find_statements
from cardio_dagster.modalities.echo.function import OTHER_VIEW, UNCERTAIN, assess
from cardio_dagster.modalities.echo.measuring.beats import beat_results
from cardio_dagster.modalities.echo.measuring.measure import measure
from cardio_dagster.modalities.echo.measuring.quantity import UNKNOWN_VIEW
from cardio_dagster_tests.modalities.echo.hearts import (
    EXCURSION_MM,
    LENGTH_MM,
    heart,
    reversed_in_time,
    thinned,
    with_spacing,
)

EF_PCT, EDV_ML, CYCLE_S = 60.0, 110.0, 0.85


@pytest.fixture(scope="module")
def usual():
    return heart(cycles_s=(CYCLE_S,) * 2, efs_pct=(EF_PCT,) * 2, edv_ml=EDV_ML)


def measured(made):
    function = assess(made.prepared, made.found)
    return {m.name: m for m in measure(function)}


def value(made, name):
    return measured(made)[name].value


@pytest.fixture(scope="module")
def of_usual(usual):
    return measured(usual)


def test_ejection(of_usual):
    assert of_usual["lvef_pct"].value == pytest.approx(EF_PCT, abs=1.5)
    assert of_usual["lvef_area_length_pct"].value == pytest.approx(EF_PCT, abs=2.5)
    for suffix in ("", "_area_length"):
        assert of_usual[f"lv_edv{suffix}_ml"].value == pytest.approx(EDV_ML, rel=0.04)
        assert of_usual[f"lv_esv{suffix}_ml"].value == pytest.approx(EDV_ML * (1 - EF_PCT / 100), rel=0.06)
    assert of_usual["lv_stroke_volume_ml"].value == pytest.approx(EDV_ML * EF_PCT / 100, rel=0.04)
    assert of_usual["echo_heart_rate_bpm"].value == pytest.approx(60 / CYCLE_S, rel=0.02)
    assert of_usual["cardiac_output_l_min"].value == pytest.approx(EDV_ML * 0.6 * 60 / CYCLE_S / 1000, rel=0.05)


def test_sizes(of_usual):
    radius_cm = math.sqrt(3000 * EDV_ML / (2 * math.pi * LENGTH_MM)) / 10
    assert of_usual["lv_length_cm"].value == pytest.approx(LENGTH_MM / 10, abs=0.12)
    assert of_usual["lv_length_es_cm"].value == pytest.approx((LENGTH_MM - EXCURSION_MM) / 10, abs=0.15)
    assert of_usual["lv_basal_diameter_a4c_cm"].value == pytest.approx(2 * radius_cm, rel=0.04)
    assert of_usual["lv_mid_diameter_a4c_cm"].value == pytest.approx(2 * radius_cm * math.sqrt(0.75), rel=0.04)
    for side in ("septal", "lateral"):
        assert of_usual[f"{side}_thickness_a4c_mm"].value == pytest.approx(8.6, abs=0.6)
        assert of_usual[f"mitral_annulus_excursion_{side}_mm"].value == pytest.approx(EXCURSION_MM, abs=1)
    assert of_usual["mitral_annulus_excursion_mm"].value == pytest.approx(EXCURSION_MM, abs=0.8)


def test_atrium_at_its_largest(of_usual):
    """At end-systole a circle-like ellipse of half axes 24 (along) and 19 mm, cut at 60 % of its height."""
    tall, wide, cut = 24.0, 19.0, 0.6
    area = tall * wide * (math.pi / 2 + cut * math.sqrt(1 - cut**2) + math.asin(cut)) / 100
    volume = math.pi * wide**2 * tall * (2 / 3 + cut - cut**3 / 3) / 1000
    assert of_usual["la_area_cm2"].value == pytest.approx(area, rel=0.03)
    assert of_usual["la_length_cm"].value == pytest.approx(tall * (1 + cut) / 10, abs=0.12)
    assert of_usual["la_volume_ml"].value == pytest.approx(volume, rel=0.05)
    assert of_usual["la_volume_area_length_ml"].value == pytest.approx(volume, rel=0.07)
    assert of_usual["la_transverse_diameter_a4c_cm"].value == pytest.approx(2 * wide / 10, abs=0.1)


def test_every_number_has_unit_method_frames_and_confidence(of_usual):
    for m in of_usual.values():
        assert m.unit
        assert m.method
        assert (m.value is None) == bool(m.reason)
        if m.value is not None and not m.name.startswith("echo_heart_rate"):
            assert m.evidence.startswith("frame"), m
            assert m.confidence == pytest.approx(0.95)
    assert of_usual["lvef_pct"].reference_low == 52
    assert of_usual["echo_heart_rate_r_waves_bpm"].reason == "the file has no ECG"
    assert {m.unit for m in of_usual.values()} == {"%", "mL", "L/min", "cm", "mm", "cm2", "/min"}


def test_evidence_names_the_frames_of_every_beat_its_values_and_its_spread(of_usual, usual):
    text = of_usual["lvef_pct"].evidence
    assert text.startswith(f"frames {beat_results(assess(usual.prepared, usual.found))[0].ed_frame} (ED) and ")
    assert "2 beats: " in text
    assert "SD" in text
    assert "range" in text
    assert "2 of the 3 beats" in text
    assert of_usual["lvef_sd_pct"].value < 1


@pytest.mark.parametrize("shape", [{"angle_deg": 25}, {"mirrored": True}])
def test_turned_or_mirrored_the_heart_is_the_same(of_usual, shape):
    other = measured(heart(cycles_s=(CYCLE_S,) * 2, efs_pct=(EF_PCT,) * 2, **shape))
    for name in ("lvef_pct", "lv_edv_ml", "la_volume_ml", "mitral_annulus_excursion_mm", "lv_mid_diameter_a4c_cm"):
        assert other[name].value == pytest.approx(of_usual[name].value, rel=0.07), name


def test_a_larger_heart(of_usual, usual):
    larger = measured(with_spacing(usual, 1.2))
    assert larger["lv_edv_ml"].value == pytest.approx(1.2**3 * of_usual["lv_edv_ml"].value, rel=1e-3)
    assert larger["la_area_cm2"].value == pytest.approx(1.2**2 * of_usual["la_area_cm2"].value, rel=1e-2)
    assert larger["septal_thickness_a4c_mm"].value == pytest.approx(
        1.2 * of_usual["septal_thickness_a4c_mm"].value, 1e-2
    )
    assert larger["lvef_pct"].value == of_usual["lvef_pct"].value


def test_half_the_frames_give_the_same_fraction():
    fast = heart(cycles_s=(CYCLE_S,) * 2, efs_pct=(EF_PCT,) * 2, rate_hz=60.0)
    thin = thinned(fast, 2)
    assert value(thin, "lvef_pct") == pytest.approx(value(fast, "lvef_pct"), abs=1.2)
    assert value(thin, "echo_heart_rate_bpm") == pytest.approx(value(fast, "echo_heart_rate_bpm"), rel=0.01)
    numbers = [b.ed_frame for b in beat_results(assess(thin.prepared, thin.found))]
    assert numbers == pytest.approx([ed + 1 for ed in fast.ed], abs=4)


def test_noisy_contours():
    made = heart(cycles_s=(CYCLE_S,) * 3, efs_pct=(EF_PCT,) * 3, noise_mm=0.4)
    assert value(made, "lvef_pct") == pytest.approx(EF_PCT, abs=4)
    assert value(made, "lv_edv_ml") == pytest.approx(EDV_ML, rel=0.06)


def test_backwards_in_time_it_still_measures(usual):
    assert value(reversed_in_time(usual), "lv_edv_ml") == pytest.approx(EDV_ML, rel=0.06)


def test_r_waves_of_the_file(usual):
    made = usual.with_r_waves([0.0, CYCLE_S, 2 * CYCLE_S])
    results = beat_results(assess(made.prepared, made.found))
    assert [b.r_wave_s for b in results] == pytest.approx([0, CYCLE_S])
    assert [b.rr_ms for b in results] == [850, 850]
    assert value(made, "echo_heart_rate_r_waves_bpm") == pytest.approx(60 / CYCLE_S, abs=0.1)
    assert "R waves (test trace)" in measured(made)["lvef_pct"].evidence


def test_early_beats_are_listed_but_not_averaged():
    made = heart(cycles_s=(0.8, 0.8, 0.5, 1.05, 0.8), efs_pct=(60, 60, 60, 25, 70), rate_hz=25.0)
    function = assess(made.prepared, made.found)
    results = beat_results(function)
    assert [b.is_averaged for b in results] == [True, True, True, False, False]
    measurements = measure(function)
    assert measurements[0].value == pytest.approx(60, abs=2)
    assert "ECHO_BEATS_EARLY" in [f.code for f in find_statements(function, measurements)]


@pytest.mark.parametrize("view", ["other", "A4C", "unknown"])
def test_view(usual, view):
    made = usual.with_view(view)
    lvef = measured(made)["lvef_pct"]
    if view == "other":
        assert all(m.value is None for m in measured(made).values())
        assert lvef.reason == OTHER_VIEW == "the view is not apical four-chamber"
    else:
        assert (UNKNOWN_VIEW in lvef.evidence) == (view == "unknown")
        assert lvef.value is not None


def test_uncertain_contours_stop_everything(usual):
    made = replace(usual, found=replace(usual.found, trusted=False))
    assert {m.reason for m in measured(made).values()} == {UNCERTAIN}
    assert all(m.value is None for m in measured(usual.with_confidence(np.full(len(usual.volume_ml), 0.1))).values())


def test_a_frame_of_low_confidence_does_not_count(usual):
    found, es = usual.found, usual.es[0]
    confidence = found.confidence.copy()
    confidence[es + 3] = 0.1
    labels, probabilities = found.labels.copy(), found.probabilities.copy()
    labels[es + 3], probabilities[es + 3] = found.labels[0], found.probabilities[0]  # a full ventricle in systole
    broken = replace(usual, found=replace(found, labels=labels, probabilities=probabilities, confidence=confidence))
    assert assess(broken.prepared, broken.found).ventricles[es + 3] is None
    assert value(broken, "lvef_pct") == pytest.approx(EF_PCT, abs=2)


def test_without_spacing_fractions_stay(usual):
    found = measured(with_spacing(usual, None))
    assert found["lvef_pct"].value == pytest.approx(EF_PCT, abs=1.5)
    assert found["lvef_area_length_pct"].value is not None
    for name, m in found.items():
        if m.unit in ("mL", "cm", "mm", "cm2", "L/min"):
            assert m.value is None, name
            assert m.reason == "no spacing", name


def test_an_impossible_spacing_is_not_believed(usual):
    function = assess(with_spacing(usual, 3.0).prepared, usual.found)
    assert function.mm_per_pixel is None
    assert "implausible" in function.no_size_reason
    assert [v.gate for v in function.verdicts if not v.passed] == ["echo_plausible_size", "echo_plausible_volume"]


def test_a_still_has_sizes_but_no_fraction(usual):
    found = replace(
        usual.found, labels=usual.found.labels[:1], probabilities=usual.found.probabilities[:1],
        confidence=usual.found.confidence[:1],
    )  # fmt: skip
    prepared = replace(usual.prepared, frame_indices=np.zeros(1, np.int32))
    still = measured(replace(usual, found=found, prepared=prepared))
    assert still["lvef_pct"].reason == "a still shows no contraction"
    assert still["lv_volume_ml"].value == pytest.approx(EDV_ML, rel=0.03)
    assert "phase unknown" in still["lv_volume_ml"].method
    assert still["mitral_annulus_excursion_mm"].reason == "a still shows no contraction"
    for name in ("la_volume_ml", "la_area_cm2", "lv_length_cm", "septal_thickness_a4c_mm"):
        assert still[name].reason == "a still shows no contraction", name


def test_without_an_atrium_there_is_none(usual):
    labels = np.where(usual.found.labels == 3, 0, usual.found.labels).astype(np.uint8)
    probabilities = usual.found.probabilities.copy()
    probabilities[:, 2] = 0
    made = measured(replace(usual, found=replace(usual.found, labels=labels, probabilities=probabilities)))
    assert "not found around end-systole" in made["la_volume_ml"].reason
    assert made["mitral_annulus_width_a4c_cm"].value is None
    assert made["lvef_pct"].value == pytest.approx(EF_PCT, abs=2)


def test_statements_rest_on_their_measurements(usual):
    function = assess(usual.prepared, usual.found)
    by_code = {f.code: f for f in find_statements(function, measure(function))}
    assert by_code["LVEF_NORMAL"].grade is Grade.NORMAL
    volume = by_code["LV_EDV_DEPENDS_ON_SEX"]
    assert "above the range of women (46 to 106 mL) and within that of men (62 to 150 mL)" in volume.text
    assert volume.grade is Grade.NOTE
    assert "LV_EDV_ABOVE_NORMAL" not in by_code
    assert all(f.measurements and f.rule for f in by_code.values())


def weak_heart():
    return heart(cycles_s=(CYCLE_S,) * 2, efs_pct=(25.0,) * 2, edv_ml=200.0)


def statements(made):
    return {f.code: f for f in interpret(made.prepared, made.found).findings}


def test_in_a_clear_picture_a_severe_reduction_is_critical():
    assert statements(weak_heart())["LVEF_SEVERELY_REDUCED"].grade is Grade.CRITICAL


def test_in_an_unsure_view_nothing_is_graded():
    found = statements(weak_heart().with_view("unknown"))
    assert {f.grade for f in found.values()} <= {Grade.NOTE, Grade.NORMAL}
    assert all(NOT_RELIED_ON in f.text for code, f in found.items() if not code.startswith("ECHO_"))


@pytest.mark.parametrize(("quality", "words", "grade"), [
    (0.875, "a quality check: read with care", Grade.CRITICAL), (0.5, NOT_RELIED_ON, Grade.NOTE),
])  # fmt: skip
def test_a_poor_picture_weakens_what_is_said(quality, words, grade):
    made = weak_heart()
    finding = statements(replace(made, prepared=replace(made.prepared, quality=quality)))["LVEF_SEVERELY_REDUCED"]
    assert words in finding.text.partition("; ")[2]
    assert finding.grade is grade


def test_a_heart_of_unusual_size_is_measured_and_held():
    made = with_spacing(heart(cycles_s=(CYCLE_S,) * 2, edv_ml=110.0), 1.6)
    reading = interpret(made.prepared, made.found)
    assert {m.name: m for m in reading.measurements}["lv_edv_ml"].value == pytest.approx(110 * 1.6**3, rel=0.06)
    assert {"echo_usual_volume", "echo_usual_stroke"} <= {v.gate for v in reading.function.unusual}
    assert any("pixel spacing is probably wrong" in p.message for p in reading.problems)
    assert "the pixel spacing may be wrong" in statements(made)["LV_EDV_ABOVE_NORMAL"].text


def test_a_large_heart_is_not_held():
    made = heart(cycles_s=(CYCLE_S,) * 2, efs_pct=(30.0,) * 2, edv_ml=320.0)
    assert interpret(made.prepared, made.found).function.unusual == ()


def test_beats_that_contradict_each_other_are_not_measured():
    made = heart(cycles_s=(0.85,) * 3, efs_pct=(60, 40, 60))
    reading = interpret(made.prepared, made.found)
    lvef = next(m for m in reading.measurements if m.name == "lvef_pct")
    assert lvef.value is None
    assert "contradict each other" in lvef.reason
    assert [v.gate for v in reading.function.verdicts if not v.passed] == ["echo_beats_agree"]
    assert any("contradict each other" in p.message for p in reading.problems)
    assert not [f for f in reading.findings if f.grade is not Grade.NOTE]
    assert [b.is_averaged for b in beat_results(reading.function)] == [False] * 3


def test_a_clip_at_rest_is_said_to_be():
    made = heart(cycles_s=(CYCLE_S,) * 2, efs_pct=(0.0,) * 2)
    reading = interpret(made.prepared, made.found)
    assert {m.value for m in reading.measurements if m.name.startswith("la_")} == {None}
    assert [p.message for p in reading.problems] == ["the clip does not move: the ventricle keeps its size"]
