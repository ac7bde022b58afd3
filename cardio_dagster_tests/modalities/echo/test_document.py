"""The document of one clip: its keys, its nulls and their reasons, and that it says what the report says."""

import json
from dataclasses import fields, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from pydicom.data import get_testdata_file

from cardio_dagster.errors import ModelLoadError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo import BRANCH, document
from cardio_dagster.modalities.echo.clip import EchoClip
from cardio_dagster.modalities.echo.document import EchoDocument, describe
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import Step
from cardio_dagster_tests.modalities.echo.hearts import heart
from cardio_dagster_tests.modalities.echo.painted import beating_heart
from cardio_dagster_tests.modalities.echo.videos import write_video

OPTIONS = Options()
HEART = beating_heart(frames=40, period=20)
CLIP = {"image": HEART, "pixel_spacing_mm": 0.8, "frame_rate_hz": 30.0}
OF_THE_ISSUE = {
    "format", "view", "frames", "frame_rate_hz", "pixel_spacing_mm", "quality", "lvef_pct", "lv_edv_ml", "lv_esv_ml",
    "la_volume_ml", "beats", "wall_motion", "confidence",
}  # fmt: skip


def plain(described: EchoDocument) -> dict:
    return json.loads(msgspec.json.encode(described))


def described_heart(monkeypatch, made) -> EchoDocument:
    """The document of a whole heart with wall and atrium, as a perfect network would see it."""
    p = made.prepared
    n, side = len(p.frame_indices), p.letterbox.size
    clip = EchoClip(
        "npz", np.zeros((n, side, side), np.uint8), p.sector, p.frame_indices, n, side, side, 0, 0, side, side, 1,
        p.spacing, p.timing, p.r_waves, p.mode, p.device,
    )  # fmt: skip
    for verb, data in (("validate", clip), ("preprocess", p), ("detect", made.found)):
        monkeypatch.setattr(document, verb, lambda *_, data=data: Step(data))
    return describe(Path("unused"), OPTIONS)


def test_document_of_a_clip(paint_reader, write_npz):
    found = describe(write_npz(**CLIP), OPTIONS)
    assert (found.format, found.frames, found.frame_rate_hz, found.pixel_spacing_mm) == ("npz", 40, 30.0, 0.8)
    assert (found.view, found.is_cardiac, found.mode, found.view_probability) == ("A4C", True, "b_mode", 0.97)
    assert found.lvef_pct == pytest.approx(48.8, abs=1.5)
    assert [(b.ed_frame, b.es_frame) for b in found.beats] == [(1, 11), (21, 31)]
    assert set(found.reasons) == {"wall_motion"}  # the painted heart has no wall
    failed = {v.gate for v in found.verdicts if not v.passed}
    assert failed == {"echo_contrast", "echo_sharpness"}  # nor has the paint any grain
    assert found.quality == 6 / 8
    assert 0.9 < found.confidence <= 1
    assert (found.model_sha256, found.problems) == ("a" * 64, ())


def test_keys_that_the_issue_names(paint_reader, write_npz):
    found = plain(describe(write_npz(**CLIP), OPTIONS))
    assert set(found) >= OF_THE_ISSUE
    assert isinstance(found["beats"], list)
    assert found["lv_edv_ml"] == pytest.approx(115.8, rel=0.02)
    assert set(found["beats"][0]) >= {"ed_frame", "es_frame", "rr_ms", "lvef_pct", "lv_edv_ml", "lv_esv_ml"}


def test_a_whole_heart_leaves_no_key_null(monkeypatch):
    made = heart(cycles_s=(0.85,) * 3)
    found = described_heart(monkeypatch, made)
    assert found.reasons == {"model_sha256": "not reached"} or not found.reasons
    motion = plain(found)["wall_motion"]
    assert motion["gls_pct"] < 0
    assert len(motion["segments"]) == 7
    assert {s["name"] for s in motion["segments"] if s["score"] is None} == {"apical cap"}
    assert all((s["score"] is None) == bool(s["reason"]) for s in motion["segments"])
    assert found.lvef_pct == pytest.approx(60, abs=2)
    assert found.la_volume_ml > 0


def test_beats_carry_their_r_waves(monkeypatch):
    made = heart(cycles_s=(0.85,) * 3)
    times = np.array(made.ed) / 30
    found = described_heart(monkeypatch, made.with_r_waves(times))
    assert [b.r_wave_s for b in found.beats] == pytest.approx(times[: len(found.beats)], abs=1e-3)
    assert found.beats[0].rr_ms == pytest.approx(850, abs=34)


def test_the_document_says_what_the_report_says(paint_reader, write_npz):
    path = write_npz(**CLIP)
    prepared = BRANCH.preprocess(BRANCH.validate(path, OPTIONS).data, OPTIONS).data
    analysed = BRANCH.analyse(prepared, BRANCH.detect(prepared, OPTIONS).data, "r01", OPTIONS)
    found = describe(path, OPTIONS)
    assert tuple(replace(m, recording_id="r01") for m in found.measurements) == analysed.data.measurements
    assert [f.code for f in found.findings] == [f.code for f in analysed.data.findings]
    assert found.verdicts[-len(analysed.verdicts) :] == analysed.verdicts


def nulls(described: EchoDocument) -> set[str]:
    return {f.name for f in fields(described) if getattr(described, f.name) is None}


def test_every_null_has_a_reason(paint_reader, tmp_path, write_npz):
    text = tmp_path / "echo.dcm"
    text.write_text("hello")
    (tmp_path / "blank").mkdir()
    blank = tmp_path / "blank" / "clip.npz"
    np.savez(blank, image=np.zeros((64, 64), np.uint8))
    video = write_video(tmp_path / "clip.avi", HEART)
    for path in (text, blank, video, write_npz(image=HEART[0]), Path(get_testdata_file("examples_ybr_color.dcm"))):
        found = describe(path, OPTIONS)
        assert set(found.reasons) == nulls(found)
        assert all(found.reasons.values())
        assert not any("hello" in reason or path.name in reason for reason in found.reasons.values())


@pytest.mark.parametrize("confidence", [0.3, 1.0])
@pytest.mark.parametrize("view", [(0.97, 0.02, 0.01), (0.4, 0.5, 0.1), (0.01, 0.9, 0.09), (0.01, 0.0, 0.99)])
def test_every_null_has_a_reason_whatever_the_models_say(paint_reader, write_npz, confidence, view):
    paint_reader.confidence, paint_reader.view = confidence, view
    found = describe(write_npz(**CLIP), OPTIONS)
    assert set(found.reasons) == nulls(found)
    assert all(found.reasons.values())
    measured = confidence == 1.0 and view[0] >= 0.4
    assert (found.lvef_pct is not None) == measured
    assert bool(found.problems) == (not measured or found.view != "A4C")


def test_another_view_measures_nothing(paint_reader, write_npz):
    paint_reader.view = (0.01, 0.9, 0.09)
    found = describe(write_npz(**CLIP), OPTIONS)
    assert (found.view, found.is_cardiac, found.beats, found.findings) == ("other", True, (), ())
    for name in ("lvef_pct", "lv_edv_ml", "lv_esv_ml", "la_volume_ml", "wall_motion"):
        assert getattr(found, name) is None
        assert "not apical four-chamber" in found.reasons[name]
    assert found.confidence > 0.9, "the contours may be certain all the same"


def test_what_is_not_a_heart_is_said(paint_reader, write_npz):
    paint_reader.view = (0.01, 0.0, 0.99)
    found = describe(write_npz(**CLIP), OPTIONS)
    assert (found.view, found.is_cardiac, found.lvef_pct) == ("other", False, None)


def test_uncertain_contours_yield_no_function(paint_reader, write_npz):
    paint_reader.confidence = 0.3
    found = describe(write_npz(**CLIP), OPTIONS)
    assert [p.code for p in found.problems] == ["E_DETECT_002"]
    assert (found.lvef_pct, found.la_volume_ml, found.wall_motion, found.beats) == (None, None, None, ())
    assert "uncertain" in found.reasons["lvef_pct"]
    assert found.confidence < 0.88


def test_video_has_ef_but_no_volume(paint_reader, tmp_path):
    found = describe(write_video(tmp_path / "clip.mp4", HEART, codec="mpeg4"), OPTIONS)
    assert found.lvef_pct == pytest.approx(48.8, abs=2)
    assert found.lv_edv_ml is None
    assert found.reasons["lv_edv_ml"] == "a video file carries no pixel spacing"


def test_a_still_is_a_clip_of_one_frame(paint_reader, write_npz):
    found = describe(write_npz(image=HEART[0], pixel_spacing_mm=0.8), OPTIONS)
    assert (found.frames, found.frame_rate_hz, found.beats) == (1, None, ())
    assert (found.la_volume_ml, found.reasons["la_volume_ml"]) == (None, "a still shows no contraction")
    assert {found.reasons[name] for name in ("lvef_pct", "lv_edv_ml", "lv_esv_ml")} == {"a still shows no contraction"}


def test_a_failure_of_the_machine_is_raised(paint_reader, write_npz, monkeypatch):
    def fail(name, *, threads):
        raise ModelLoadError("gone")

    monkeypatch.setattr(catalogue, "load_session", fail)
    with pytest.raises(ModelLoadError):
        describe(write_npz(**CLIP), OPTIONS)
