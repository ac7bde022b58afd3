"""The verbs in a row on painted hearts whose volumes are known."""

import dataclasses
import math
import re

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Grade
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo import BRANCH
from cardio_dagster.modalities.echo.detect import clean, most_probable
from cardio_dagster.modalities.echo.references import EF_GRADES, LV_EDV_ML, LVEF_PCT, grade_ef
from cardio_dagster.outcome import Severity, Status
from cardio_dagster_tests.modalities.echo.painted import TISSUE, PaintReader, beating_heart, paint_heart

OPTIONS = Options()
HEART = beating_heart(frames=60, period=30, deep=0.2)  # semi-axes 60 and 30 pixels, at end-systole 48 and 24


def run(path, options=OPTIONS):
    prepared = BRANCH.preprocess(BRANCH.validate(path, options).data, options)
    detected = BRANCH.detect(prepared.data, options)
    assert detected.data is not None, detected.problems
    return prepared, detected, BRANCH.analyse(prepared.data, detected.data, "r01", options).data


def values(analysis):
    return {m.name: m.value for m in analysis.measurements}


def test_volumes_and_ef_of_an_ellipsoid(paint_reader, write_npz):
    _, _, analysis = run(write_npz(image=HEART, pixel_spacing_mm=0.8, frame_rate_hz=30.0))
    found = values(analysis)
    edv = 4 / 3 * math.pi * 60 * 30**2 * 0.8**3 / 1000
    assert found["lv_edv_ml"] == pytest.approx(edv, rel=0.02)
    assert found["lv_esv_ml"] == pytest.approx(edv * 0.8**3, rel=0.02)
    assert found["lvef_pct"] == pytest.approx(100 * (1 - 0.8**3), abs=1)
    assert found["lv_length_cm"] == pytest.approx(120 * 0.08, abs=0.2)
    assert found["la_area_cm2"] == pytest.approx(math.pi * 30 * 28 * 0.08**2, rel=0.05)
    assert found["la_volume_ml"] == pytest.approx(4 / 3 * math.pi * 30 * 28**2 * 0.8**3 / 1000, rel=0.06)
    assert found["echo_heart_rate_bpm"] == pytest.approx(60, abs=1)
    lvef = analysis.measurements[0]
    assert lvef.evidence.startswith("frames 31 (ED) and 46 (ES)")
    assert (lvef.loinc, lvef.recording_id) == ("8806-2", "r01")
    assert analysis.findings[0].code == "LVEF_MILDLY_REDUCED"


def test_twice_the_spacing_is_eight_times_the_volume(paint_reader, write_npz):
    once = values(run(write_npz(image=HEART, pixel_spacing_mm=0.5, frame_rate_hz=30.0))[2])
    twice = values(run(write_npz(image=HEART, pixel_spacing_mm=1.0, frame_rate_hz=30.0))[2])
    assert twice["lv_edv_ml"] == pytest.approx(8 * once["lv_edv_ml"], rel=1e-3)
    assert twice["la_area_cm2"] == pytest.approx(4 * once["la_area_cm2"], rel=1e-3)
    assert twice["lvef_pct"] == once["lvef_pct"]


def test_without_spacing_ef_stays_and_volumes_are_null_with_a_reason(paint_reader, write_npz):
    _, _, analysis = run(write_npz(image=HEART, frame_rate_hz=30.0))
    found = {m.name: m for m in analysis.measurements}
    assert found["lvef_pct"].value == pytest.approx(48.8, abs=1)
    for name in ("lv_edv_ml", "lv_esv_ml", "lv_length_cm", "la_volume_ml", "la_area_cm2"):
        assert found[name].value is None
        assert "pixel_spacing_mm" in found[name].reason


def test_black_borders_do_not_change_the_volumes(paint_reader, write_npz):
    plain = values(run(write_npz(image=HEART, pixel_spacing_mm=0.8, frame_rate_hz=30.0))[2])
    bordered = np.pad(HEART, ((0, 0), (40, 25), (90, 60)))
    prepared, _, analysis = run(write_npz(image=bordered, pixel_spacing_mm=0.8, frame_rate_hz=30.0))
    box = prepared.data.letterbox
    assert (box.top, box.left) == (pytest.approx(40, abs=1), pytest.approx(90, abs=1))
    assert values(analysis)["lv_edv_ml"] == pytest.approx(plain["lv_edv_ml"], rel=0.02)


def test_a_menu_that_stands_still_is_cropped_away(paint_reader, write_npz):
    moving = beating_heart(frames=12, period=12)
    moving = np.where(moving == TISSUE, moving + np.random.default_rng(2).integers(-4, 5, moving.shape), moving)
    with_menu = np.pad(moving.astype(np.uint8), ((0, 0), (0, 60), (0, 0)))
    with_menu[:, -30:, 20:200] = 60
    prepared, _, _ = run(write_npz(image=with_menu, pixel_spacing_mm=0.8, frame_rate_hz=30.0))
    assert prepared.data.letterbox.height == pytest.approx(256, abs=2)


def test_a_still_has_a_volume_but_no_ef(paint_reader, write_npz):
    _, _, analysis = run(write_npz(image=HEART[0], pixel_spacing_mm=0.8))
    found = {m.name: m for m in analysis.measurements}
    assert found["lvef_pct"].reason == "a still shows no contraction"
    assert found["lv_volume_ml"].value == pytest.approx(115.8, rel=0.02)
    assert "phase unknown" in found["lv_volume_ml"].method
    assert analysis.findings == ()
    assert [f.name for f in analysis.figures] == ["echo_frames"]


def test_a_heart_that_stands_still_has_no_ef(paint_reader, write_npz):
    _, _, analysis = run(write_npz(image=np.repeat(HEART[:1], 30, axis=0), pixel_spacing_mm=0.8, frame_rate_hz=30.0))
    assert "no whole contraction" in analysis.measurements[0].reason


def test_no_atrium_is_said(paint_reader, write_npz):
    image = paint_heart(semi_long=60, semi_short=30, with_atrium=False)
    _, _, analysis = run(write_npz(image=image, pixel_spacing_mm=0.8))
    atrium = next(m for m in analysis.measurements if m.name == "la_volume_ml")
    assert (atrium.value, atrium.reason) == (None, "the chamber was not found on frame 1")


def test_uncertain_contours_stop_the_functional_analysis(paint_reader, write_npz):
    paint_reader.confidence = 0.3
    _, detected, analysis = run(write_npz(image=HEART, pixel_spacing_mm=0.8, frame_rate_hz=30.0))
    assert [p.code for p in detected.problems] == ["E_DETECT_002"]
    assert detected.status is Status.DEGRADED
    assert all(m.value is None and "uncertain" in m.reason for m in analysis.measurements)
    assert [f.name for f in analysis.figures] == ["echo_frames"]


def test_no_ventricle_is_said(paint_reader, write_npz):
    image = np.full((20, 128, 128), TISSUE, np.uint8)
    image[:, ::2] += 30
    prepared = BRANCH.preprocess(BRANCH.validate(write_npz(image=image), OPTIONS).data, OPTIONS)
    step = BRANCH.detect(prepared.data, OPTIONS)
    assert (step.data, [p.code for p in step.problems]) == (None, ["E_DETECT_001"])


def test_blank_image_is_refused(write_npz):
    clip = BRANCH.validate(write_npz(image=np.zeros((64, 64), np.uint8)), OPTIONS).data
    with pytest.raises(StudyError, match="E_QUALITY_001"):
        BRANCH.preprocess(clip, OPTIONS)


def test_gates_see_few_slow_and_flat_frames(write_npz):
    flat = np.full((5, 64, 64), 60, np.uint8)
    step = BRANCH.preprocess(BRANCH.validate(write_npz(image=flat, frame_rate_hz=12.0), OPTIONS).data, OPTIONS)
    passed = {v.gate: v.passed for v in step.verdicts}
    assert passed == {"echo_frames": False, "echo_frame_rate": False, "echo_sector": True, "echo_contrast": False}
    assert step.data.quality == 0.25


def test_fast_and_long_clips_are_thinned(write_npz):
    frames = np.full((700, 32, 32), 60, np.uint8)
    step = BRANCH.preprocess(BRANCH.validate(write_npz(image=frames, frame_rate_hz=90.0), OPTIONS).data, OPTIONS)
    assert np.array_equal(step.data.frame_indices, np.arange(0, 700, 3))
    assert step.data.timing.frame_rate_hz == pytest.approx(30)
    slow = BRANCH.preprocess(BRANCH.validate(write_npz(image=frames, frame_rate_hz=45.0), OPTIONS).data, OPTIONS)
    assert len(slow.data.images) == 256
    assert [(p.code, p.severity) for p in slow.problems] == [("E_QUALITY_002", Severity.INFO)]


def test_batches_are_as_large_as_the_options_say(paint_reader, write_npz):
    run(write_npz(image=HEART, pixel_spacing_mm=0.8, frame_rate_hz=30.0), Options(batch_size=16))
    assert sorted(paint_reader.batches) == [12, 16, 16, 16]


def test_batch_size_does_not_change_the_result(paint_reader, write_npz):
    path = write_npz(image=HEART[:20], pixel_spacing_mm=0.8, frame_rate_hz=30.0)
    one, all_at_once = run(path, Options(batch_size=1))[2], run(path, Options(batch_size=64))[2]
    assert values(one) == values(all_at_once)


def test_lack_of_memory_passes_through(monkeypatch, write_npz):
    from cardio_dagster.models import catalogue

    reader = PaintReader(largest_batch=4)
    monkeypatch.setattr(catalogue, "load_session", lambda name, *, threads: reader)
    path = write_npz(image=HEART[:8], pixel_spacing_mm=0.8, frame_rate_hz=30.0)
    prepared = BRANCH.preprocess(BRANCH.validate(path, OPTIONS).data, OPTIONS).data
    with pytest.raises(MemoryError, match="batch of 8"):
        BRANCH.detect(prepared, Options(batch_size=8))
    assert BRANCH.detect(prepared, Options(batch_size=4)).data is not None


def test_figures_are_small_self_contained_and_described(paint_reader, write_npz):
    _, _, analysis = run(write_npz(image=HEART, pixel_spacing_mm=0.8, frame_rate_hz=30.0))
    assert [f.name for f in analysis.figures] == ["echo_frames", "echo_volume_curve"]
    for figure in analysis.figures:
        assert len(figure.svg) < 150_000
        assert figure.svg.startswith("<svg ")
        assert figure.svg.endswith("</svg>")
        assert not re.search(r"\bid=|<script|https?://(?!www\.w3\.org)", figure.svg)
        assert figure.description in figure.svg
    frames, curve = analysis.figures
    assert frames.svg.count("<image ") == 2
    assert "End-systole, frame 46" in frames.svg
    assert curve.svg.count(">ED<") == curve.svg.count(">ES<") == 2


def test_contour_lies_on_the_painted_boundary(paint_reader, write_npz):
    _, _, analysis = run(write_npz(image=HEART[0], pixel_spacing_mm=0.8))
    path = re.search(r'<path d="M([^"]+)Z" stroke="#4cc9f0"', analysis.figures[0].svg).group(1)
    points = np.array(path.split(), float).reshape(-1, 2) * 256 / 320 - 0.5  # (x, y) in file pixels
    radius = np.hypot((points[:, 0] - 128) / 30, (points[:, 1] - 90) / 60)
    assert np.abs(radius - 1).max() < 0.04


def test_payloads_are_plain():
    """What passes between verbs is written to Parquet: frozen, without unions but `| None`."""
    for payload in (BRANCH.valid_type, BRANCH.prepared_type, BRANCH.detected_type):
        assert dataclasses.is_dataclass(payload)
        assert payload.__dataclass_params__.frozen


@pytest.mark.parametrize(
    ("lvef_pct", "code"),
    [
        (80, "LVEF_ABOVE_NORMAL"), (73, "LVEF_BORDERLINE_HIGH"), (72.4, "LVEF_NORMAL"), (53.6, "LVEF_NORMAL"),
        (53.4, "LVEF_BORDERLINE_LOW"), (51, "LVEF_MILDLY_REDUCED"), (40, "LVEF_MODERATELY_REDUCED"),
        (30, "LVEF_MODERATELY_REDUCED"), (29.4, "LVEF_SEVERELY_REDUCED"), (-3, "LVEF_SEVERELY_REDUCED"),
    ],
)  # fmt: skip
def test_ef_grades_of_2015(lvef_pct, code):
    assert grade_ef(lvef_pct).code == code


def test_reference_ranges_are_the_wider_pair():
    assert (LVEF_PCT.low, LVEF_PCT.high, LV_EDV_ML.low, LV_EDV_ML.high) == (52, 74, 46, 150)
    assert LV_EDV_ML.normal_for(120) == (True, False)
    assert {g.grade for g in EF_GRADES} == set(Grade)


def test_cleaning_keeps_the_largest_part_and_fills_its_holes():
    labels = np.zeros((2, 40, 40), np.uint8)
    labels[0, 5:20, 5:20] = 1
    labels[0, 10:12, 10:12] = 0  # a hole
    labels[0, 30:33, 30:33] = 1  # a stray part
    labels[1, 30:39, 30:39] = 1  # the same place on the next frame is that frame's largest
    labels[1, 0:2, 0:2] = 3
    cleaned = clean(labels)
    expected = np.zeros_like(labels)
    expected[0, 5:20, 5:20] = 1
    expected[1, 30:39, 30:39] = 1
    expected[1, 0:2, 0:2] = 3
    assert np.array_equal(cleaned, expected)


def test_most_probable_is_the_argmax():
    four = np.random.default_rng(5).dirichlet(np.ones(4), size=(3, 16, 16)).transpose(0, 3, 1, 2)
    structures = np.floor(four[:, 1:] * 255).astype(np.uint8)
    background = 255 - structures.astype(int).sum(axis=1, keepdims=True)
    assert np.array_equal(most_probable(structures), np.concatenate([background, structures], axis=1).argmax(axis=1))
