"""Masks lie in the file's own pixels and cover every frame, also those that the measurement passes over."""

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.document import describe_with_masks
from cardio_dagster_tests.modalities.echo.painted import beating_heart, ellipse
from cardio_dagster_tests.modalities.echo.videos import write_video

OPTIONS = Options()
HEART = beating_heart(frames=40, period=20)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def truth(index: int, *, period: int = 20) -> np.ndarray:
    scale = 1 - 0.1 * (1 - np.cos(2 * np.pi * index / period))
    return ellipse((256, 256), (150 - 60 * scale, 128), (60 * scale, 30 * scale)) > 0.5


def test_masks_lie_in_the_pixels_of_the_file(paint_reader, write_npz):
    image = np.pad(HEART[:12], ((0, 0), (30, 10), (70, 50)))
    document, masks = describe_with_masks(write_npz(image=image, pixel_spacing_mm=0.8, frame_rate_hz=30.0), OPTIONS)
    assert masks.shape == image.shape
    assert masks.dtype == np.uint8
    assert document.frames == 12
    assert dice(masks[0] == 1, np.pad(truth(0), ((30, 10), (70, 50)))) > 0.985
    atrium = np.pad(ellipse((256, 256), (180, 128), (30, 28)) > 0.5, ((30, 10), (70, 50)))
    assert dice(masks[0] == 3, atrium) > 0.95  # the ventricle covers its top
    assert not masks[:, :30].any()
    assert not masks[:, :, :70].any()


def test_masks_of_a_still_and_of_a_large_picture(paint_reader, write_npz):
    """A side of 1,536 is reduced for the network and enlarged again for the mask."""
    image = HEART[0].repeat(6, 0).repeat(6, 1)
    _, masks = describe_with_masks(write_npz(image=image, pixel_spacing_mm=0.13), OPTIONS)
    assert masks.shape == (1, *image.shape)
    assert dice(masks[0] == 1, truth(0).repeat(6, 0).repeat(6, 1)) > 0.98


def test_masks_cover_frames_that_the_measurement_passes_over(paint_reader, write_npz):
    """At 120 Hz every fourth frame is measured; the mask of each frame must be that frame's, not its neighbour's."""
    heart = beating_heart(frames=40, period=40, deep=0.4)
    path = write_npz(image=heart, pixel_spacing_mm=0.8, frame_rate_hz=120.0)
    document, masks = describe_with_masks(path, OPTIONS)
    assert masks.shape == heart.shape
    areas = (masks == 1).sum(axis=(1, 2))
    painted = (heart > 160).sum(axis=(1, 2))
    np.testing.assert_allclose(areas[1:-1], painted[1:-1], rtol=0.03)
    assert len(np.unique(areas)) > 15, "the frames differ"
    assert document.frames == 40
    assert "10 of 40" in [p.seen for p in document.problems], "the masks do not change what was measured"


def test_masks_cover_every_frame_of_a_long_clip(paint_reader, write_npz):
    frames = np.resize(HEART[:, ::4, ::4], (300, 64, 64))
    assert describe_with_masks(write_npz(image=frames, frame_rate_hz=30.0), OPTIONS)[1].shape == frames.shape


def test_masks_cover_every_frame_of_a_fast_video(paint_reader, tmp_path):
    path = write_video(tmp_path / "x.avi", HEART[:20], rate=60)
    assert len(describe_with_masks(path, OPTIONS)[1]) == 20


def test_uncertain_masks_are_still_masks(paint_reader, write_npz):
    paint_reader.confidence = 0.3
    document, masks = describe_with_masks(write_npz(image=HEART[0]), OPTIONS)
    assert document.lvef_pct is None
    assert dice(masks[0] == 1, truth(0)) > 0.95


def test_no_masks_without_an_echo(tmp_path):
    (tmp_path / "echo.dcm").write_text("hello")
    document, masks = describe_with_masks(tmp_path / "echo.dcm", OPTIONS)
    assert masks is None
    assert [p.code for p in document.problems] == ["E_FORMAT_001"]
    assert document.reasons["lvef_pct"] == "this is no echo file"


def test_masks_beyond_the_memory_limit_are_refused(paint_reader, write_npz):
    image = np.resize(HEART[:, ::8, ::8], (100, 32, 32)).repeat(32, 1).repeat(32, 2)  # 1,024 a side: read at half of it
    path = write_npz(image=image, frame_rate_hz=30.0)
    with pytest.raises(StudyError, match="E_HARD_002"):
        describe_with_masks(path, Options(memory_limit_mb=90))
