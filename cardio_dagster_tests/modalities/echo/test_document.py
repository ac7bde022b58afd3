from pathlib import Path

import msgspec
import numpy as np
import pytest
from pydicom.data import get_testdata_file

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.document import describe, describe_with_masks, native_masks
from cardio_dagster_tests.modalities.echo.painted import beating_heart, ellipse
from cardio_dagster_tests.modalities.echo.videos import write_video

HEART = beating_heart(frames=40, period=20)
NULLABLE = {
    "lvef_pct",
    "lv_edv_ml",
    "lv_esv_ml",
    "la_volume_ml",
    "view",
    "wall_motion",
    "pixel_spacing_mm",
    "frame_rate_hz",
}


def test_document_of_a_clip(paint_reader, write_npz):
    document = describe(write_npz(image=HEART, pixel_spacing_mm=0.8, frame_rate_hz=30.0), Options())
    assert (document.format, document.frames, document.frame_rate_hz, document.pixel_spacing_mm) == (
        "npz",
        40,
        30.0,
        0.8,
    )
    assert document.lvef_pct == pytest.approx(48.8, abs=1)
    assert [(b.ed_frame, b.es_frame) for b in document.beats] == [(1, 11), (21, 31)]
    assert set(document.reasons) == {"view", "wall_motion"}
    assert document.quality == 1
    assert 0.7 < document.confidence <= 1
    assert msgspec.json.decode(msgspec.json.encode(document))["lvef_pct"] == document.lvef_pct


def test_every_null_has_a_reason(paint_reader, tmp_path, write_npz):
    text = tmp_path / "echo.dcm"
    text.write_text("hello")
    video = write_video(tmp_path / "clip.avi", HEART)
    for path in (text, video, write_npz(image=HEART[0]), Path(get_testdata_file("examples_ybr_color.dcm"))):
        document = describe(path, Options())
        plain = msgspec.to_builtins(document)
        nulls = {name for name, value in plain.items() if value is None}
        assert set(document.reasons) == nulls
        assert all(document.reasons.values())
        assert not any("hello" in reason or path.name in reason for reason in document.reasons.values())


def test_video_has_ef_but_no_volume(paint_reader, tmp_path):
    document = describe(write_video(tmp_path / "clip.mp4", HEART, codec="mpeg4"), Options())
    assert document.lvef_pct == pytest.approx(48.8, abs=2)
    assert document.lv_edv_ml is None
    assert document.reasons["lv_edv_ml"] == "a video file carries no pixel spacing"


def test_masks_lie_in_the_pixels_of_the_file(paint_reader, write_npz):
    image = np.pad(HEART[:12], ((0, 0), (30, 10), (70, 50)))
    document, masks = describe_with_masks(write_npz(image=image, pixel_spacing_mm=0.8, frame_rate_hz=30.0), Options())
    assert masks.shape == image.shape
    assert masks.dtype == np.uint8
    assert document.frames == 12
    truth = np.pad(ellipse((256, 256), (90, 128), (60, 30)) > 0.5, ((30, 10), (70, 50)))
    found = masks[0] == 1
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.985


def test_masks_cover_frames_that_the_measurement_passes_over(paint_reader, write_npz):
    path = write_npz(image=HEART, pixel_spacing_mm=0.8, frame_rate_hz=120.0)
    assert native_masks(path, Options()).shape == HEART.shape


def test_no_masks_without_an_echo(tmp_path):
    (tmp_path / "echo.dcm").write_text("hello")
    document, masks = describe_with_masks(tmp_path / "echo.dcm", Options())
    assert masks is None
    assert [p.code for p in document.problems] == ["E_FORMAT_001"]
    assert document.reasons["lvef_pct"] == "this is no echo file"
