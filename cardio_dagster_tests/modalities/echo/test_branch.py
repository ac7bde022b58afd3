"""The verbs in a row on painted hearts whose volumes are known."""

import dataclasses
import math
import re

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo import BRANCH
from cardio_dagster.modalities.echo.segmentation.network import LOOKS
from cardio_dagster.modalities.echo.segmentation.plausible import clean
from cardio_dagster.outcome import Severity, Status
from cardio_dagster_tests.modalities.echo.painted import TISSUE, PaintReader, beating_heart, paint_heart

OPTIONS = Options()
HEART = beating_heart(frames=60, period=30, deep=0.2)  # semi-axes 60 and 30 pixels, at end-systole 48 and 24
CLIP = {"image": HEART, "pixel_spacing_mm": 0.8, "frame_rate_hz": 30.0}
TWICE_SAMPLED = 6 * len(LOOKS)  # images that the network sees beside the frames of a clip


def run(path, options=OPTIONS):
    prepared = BRANCH.preprocess(BRANCH.validate(path, options).data, options)
    detected = BRANCH.detect(prepared.data, options)
    assert detected.data is not None, detected.problems
    return prepared, detected, BRANCH.analyse(prepared.data, detected.data, "r01", options).data


def values(analysis):
    return {m.name: m.value for m in analysis.measurements}


def test_volumes_and_ef_of_an_ellipsoid(paint_reader, write_npz):
    _, _, analysis = run(write_npz(**CLIP))
    found = values(analysis)
    edv = 4 / 3 * math.pi * 60 * 30**2 * 0.8**3 / 1000
    assert found["lv_edv_ml"] == pytest.approx(edv, rel=0.02)
    assert found["lv_esv_ml"] == pytest.approx(edv * 0.8**3, rel=0.02)
    assert found["lvef_pct"] == pytest.approx(100 * (1 - 0.8**3), abs=1)
    assert found["lv_stroke_volume_ml"] == pytest.approx(edv * (1 - 0.8**3), rel=0.03)
    assert found["lv_length_cm"] == pytest.approx(120 * 0.08, abs=0.2)
    assert found["la_area_cm2"] == pytest.approx(math.pi * 30 * 28 * 0.08**2, rel=0.05)
    assert found["la_volume_ml"] == pytest.approx(4 / 3 * math.pi * 30 * 28**2 * 0.8**3 / 1000, rel=0.06)
    assert found["echo_heart_rate_bpm"] == pytest.approx(60, abs=1)
    lvef = analysis.measurements[0]
    assert lvef.evidence.startswith("frames 1 (ED) and 16 (ES), 31 (ED) and 46 (ES); 2 beats")
    assert (lvef.loinc, lvef.recording_id) == ("8806-2", "r01")
    assert analysis.findings[0].code == "LVEF_MILDLY_REDUCED"
    assert {f.recording_id for f in (*analysis.findings, *analysis.figures)} == {"r01"}


def test_twice_the_spacing_is_eight_times_the_volume(paint_reader, write_npz):
    once, twice = (values(run(write_npz(**CLIP | {"pixel_spacing_mm": mm}))[2]) for mm in (0.5, 1.0))
    assert twice["lv_edv_ml"] == pytest.approx(8 * once["lv_edv_ml"], rel=1e-3)
    assert twice["la_area_cm2"] == pytest.approx(4 * once["la_area_cm2"], rel=1e-3)
    assert twice["lvef_pct"] == once["lvef_pct"]


def test_without_spacing_ef_stays_and_volumes_are_null_with_a_reason(paint_reader, write_npz):
    _, _, analysis = run(write_npz(image=HEART, frame_rate_hz=30.0))
    found = {m.name: m for m in analysis.measurements}
    assert found["lvef_pct"].value == pytest.approx(48.8, abs=1)
    for name in ("lv_edv_ml", "lv_esv_ml", "lv_length_cm", "la_volume_ml", "la_area_cm2", "lv_stroke_volume_ml"):
        assert found[name].value is None
        assert "pixel_spacing_mm" in found[name].reason


def test_without_a_frame_rate_there_is_no_heart_rate(paint_reader, write_npz):
    found = {m.name: m for m in run(write_npz(image=HEART, pixel_spacing_mm=0.8))[2].measurements}
    assert found["lvef_pct"].value == pytest.approx(48.8, abs=1)
    assert (found["echo_heart_rate_bpm"].value, found["cardiac_output_l_min"].value) == (None, None)
    assert "frame_rate_hz" in found["echo_heart_rate_bpm"].reason


def test_black_borders_do_not_change_the_volumes(paint_reader, write_npz):
    plain = values(run(write_npz(**CLIP))[2])
    bordered = np.pad(HEART, ((0, 0), (40, 25), (90, 60)))
    prepared, _, analysis = run(write_npz(**CLIP | {"image": bordered}))
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
    assert paint_reader.looks == len(LOOKS)


def test_a_heart_that_stands_still_has_no_ef(paint_reader, write_npz):
    _, _, analysis = run(write_npz(**CLIP | {"image": np.repeat(HEART[:1], 30, axis=0)}))
    assert "the clip does not move" in analysis.measurements[0].reason


def test_no_atrium_is_said(paint_reader, write_npz):
    image = paint_heart(semi_long=60, semi_short=30, with_atrium=False)
    _, _, analysis = run(write_npz(image=image, pixel_spacing_mm=0.8))
    atrium = next(m for m in analysis.measurements if m.name == "la_volume_ml")
    assert (atrium.value, atrium.reason) == (None, "a still shows no contraction")


def test_uncertain_contours_stop_the_functional_analysis(paint_reader, write_npz):
    paint_reader.confidence = 0.3
    _, detected, analysis = run(write_npz(**CLIP))
    assert [p.code for p in detected.problems] == ["E_DETECT_002"]
    assert (detected.status, detected.data.trusted) == (Status.DEGRADED, False)
    assert all(m.value is None and "uncertain" in m.reason for m in analysis.measurements)
    assert analysis.findings == ()
    assert {f.name for f in analysis.figures} <= {"echo_frames", "echo_loop"}  # nothing that shows a function


def test_no_ventricle_is_said(paint_reader, write_npz):
    image = np.full((20, 128, 128), TISSUE, np.uint8)
    image[:, ::2] += 30
    prepared = BRANCH.preprocess(BRANCH.validate(write_npz(image=image), OPTIONS).data, OPTIONS)
    step = BRANCH.detect(prepared.data, OPTIONS)
    assert (step.data, [p.code for p in step.problems]) == (None, ["E_DETECT_001"])
    assert [(v.gate, v.passed) for v in step.verdicts] == [("echo_ventricle", False)]


def test_another_view_measures_nothing(paint_reader, write_npz):
    """The contours may be certain: in another view they are those of something else."""
    paint_reader.view = (0.02, 0.95, 0.03)
    prepared, detected, analysis = run(write_npz(**CLIP))
    assert prepared.data.view.view == "other"
    assert prepared.data.view.is_cardiac
    assert detected.data.trusted
    assert all(m.value is None and "not apical four-chamber" in m.reason for m in analysis.measurements)
    assert analysis.findings == ()
    assert {f.name for f in analysis.figures} <= {"echo_frames", "echo_loop"}
    step = BRANCH.analyse(prepared.data, detected.data, "r01", OPTIONS)
    assert [(p.code, p.severity) for p in step.problems] == [("E_QUALITY_002", Severity.WARNING)]


def test_an_unknown_view_is_measured_and_said(paint_reader, write_npz):
    paint_reader.view = (0.4, 0.5, 0.1)
    prepared, detected, analysis = run(write_npz(**CLIP))
    assert prepared.data.view.view == "unknown"
    assert values(analysis)["lvef_pct"] == pytest.approx(48.8, abs=1)
    step = BRANCH.analyse(prepared.data, detected.data, "r01", OPTIONS)
    assert [p.code for p in step.problems] == ["E_QUALITY_002"]


def test_blank_image_is_refused(write_npz):
    with pytest.raises(StudyError, match="E_QUALITY_001"):
        BRANCH.validate(write_npz(image=np.zeros((64, 64), np.uint8)), OPTIONS)


def test_gates_see_few_slow_and_flat_frames(paint_reader, write_npz):
    """Paint has no grain, and most of it is one grey."""
    path = write_npz(image=HEART[:5], frame_rate_hz=12.0)
    step = BRANCH.preprocess(BRANCH.validate(path, OPTIONS).data, OPTIONS)
    failed = {v.gate for v in step.verdicts if not v.passed}
    assert failed == {"echo_frames", "echo_frame_rate", "echo_contrast", "echo_sharpness"}
    assert step.data.quality == 0.5


def test_fast_and_long_clips_are_thinned(paint_reader, write_npz):
    frames = np.resize(HEART[:, ::8, ::8], (700, 32, 32))
    step = BRANCH.preprocess(BRANCH.validate(write_npz(image=frames, frame_rate_hz=90.0), OPTIONS).data, OPTIONS)
    assert np.array_equal(step.data.frame_indices, np.arange(0, 700, 3))
    assert step.data.timing.frame_rate_hz == pytest.approx(30)
    slow = BRANCH.preprocess(BRANCH.validate(write_npz(image=frames, frame_rate_hz=45.0), OPTIONS).data, OPTIONS)
    assert len(slow.data.images) == 256
    assert [(p.code, p.severity) for p in slow.problems] == [("E_QUALITY_002", Severity.INFO)]


def test_batches_are_as_large_as_the_options_say(paint_reader, write_npz):
    run(write_npz(**CLIP), Options(batch_size=16))
    assert sorted(paint_reader.batches) == [12, 14, 16, 16, 16, 16]  # 60 frames, and 6 of them as seen 5 times
    assert paint_reader.looks == len(HEART) + TWICE_SAMPLED


def test_batch_size_and_threads_do_not_change_the_result(paint_reader, write_npz):
    path = write_npz(**CLIP | {"image": HEART[:20]})
    one, many = (run(path, Options(batch_size=b, threads=t))[2] for b, t in ((1, 1), (64, 3)))
    assert values(one) == values(many)


def test_lack_of_memory_passes_through(paint_reader, write_npz):
    paint_reader.largest_batch = 4
    path = write_npz(**CLIP | {"image": HEART[:8]})
    prepared = BRANCH.preprocess(BRANCH.validate(path, OPTIONS).data, OPTIONS).data
    with pytest.raises(MemoryError, match="batch of 8"):
        BRANCH.detect(prepared, Options(batch_size=8))
    assert BRANCH.detect(prepared, Options(batch_size=4)).data is not None


def test_any_other_failure_of_the_runtime_is_no_lack_of_memory(paint_reader, write_npz, monkeypatch):
    def fail(self, images):
        raise RuntimeError("invalid graph")

    monkeypatch.setattr(PaintReader, "read", fail)
    prepared = BRANCH.preprocess(BRANCH.validate(write_npz(image=HEART[0]), OPTIONS).data, OPTIONS).data
    with pytest.raises(RuntimeError, match="invalid graph"):
        BRANCH.detect(prepared, OPTIONS)


def test_the_hash_of_every_model_decides_whether_a_checkpoint_holds(paint_reader, write_npz):
    assert BRANCH.models(OPTIONS).split() == ["a" * 64, "c" * 64, "d" * 64]
    detected = run(write_npz(image=HEART[0]))[1].data
    assert (detected.model, detected.model_sha256) == ("echo_segmentation", "a" * 64)


def test_figures_are_small_self_contained_and_described(paint_reader, write_npz):
    _, _, analysis = run(write_npz(**CLIP))
    assert [f.name for f in analysis.figures] == ["echo_frames", "echo_volume_curve", "echo_loop"]
    for figure in analysis.figures:
        assert len(figure.svg) < 150_000
        assert figure.svg.startswith("<svg ")
        assert figure.svg.endswith("</svg>")
        assert not re.search(r"\bid=|<script|https?://(?!www\.w3\.org)", figure.svg)
        assert figure.description in figure.svg
    frames = analysis.figures[0]
    assert frames.svg.count("<image ") == 2
    assert "End-systole, frame 16" in frames.svg


def test_contour_lies_on_the_painted_boundary(paint_reader, write_npz):
    _, detected, _ = run(write_npz(image=HEART[0], pixel_spacing_mm=0.8))
    ventricle = detected.data.labels[0] == 1
    rows, columns = np.indices(ventricle.shape)
    # a pixel of the grid of 96 is 2.67 pixels of the file wide, and its centre lies half of that further
    radius = np.hypot(((columns + 0.5) * 256 / 96 - 128.5) / 30, ((rows + 0.5) * 256 / 96 - 90.5) / 60)
    reach = 256 / 96 / 30  # one pixel of the grid across
    assert ventricle[radius < 1 - reach].all()
    assert not ventricle[radius > 1 + reach].any()


def test_payloads_are_plain():
    """What passes between verbs is written to Parquet: frozen, without unions but `| None`."""
    for payload in (BRANCH.valid_type, BRANCH.prepared_type, BRANCH.detected_type):
        assert dataclasses.is_dataclass(payload)
        assert payload.__dataclass_params__.frozen


def test_every_gate_is_registered(paint_reader, write_npz):
    path = write_npz(**CLIP)
    prepared, detected, _ = run(path)
    analysed = BRANCH.analyse(prepared.data, detected.data, "r01", OPTIONS)
    said = {v.gate for v in (*prepared.verdicts, *detected.verdicts, *analysed.verdicts)}
    assert said == {gate.name for gate in BRANCH.gates}


def test_cleaning_keeps_the_largest_part_and_fills_its_holes():
    labels = np.zeros((2, 40, 40), np.uint8)
    labels[0, 5:20, 5:20] = 1
    labels[0, 10:12, 10:12] = 0  # a hole
    labels[0, 30:33, 30:33] = 1  # a stray part
    labels[1, 20:29, 20:29] = 1  # another place on the next frame is that frame's largest
    labels[1, 30:39, 20:29] = 3
    labels[1, 0:2, 0:2] = 3
    cleaned = clean(labels)
    expected = np.zeros_like(labels)
    expected[0, 5:20, 5:20] = 1
    expected[1, 20:29, 20:29] = 1
    expected[1, 30:39, 20:29] = 3
    assert np.array_equal(cleaned, expected)


def test_an_atrium_above_the_ventricle_or_away_from_it_is_none():
    above, away = np.zeros((2, 1, 40, 40), np.uint8)
    above[0, 20:30, 10:20], above[0, 10:20, 10:20] = 1, 3
    away[0, 5:15, 10:20], away[0, 25:35, 10:20] = 1, 3
    for labels in (above, away):
        assert set(np.unique(clean(labels))) == {0, 1}
