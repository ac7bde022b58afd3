"""Files made to break the reader, and clips whose figures must not be believed."""

import io
import zipfile

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo import BRANCH
from cardio_dagster.modalities.echo.document import describe
from cardio_dagster.modalities.echo.formats import limits
from cardio_dagster.modalities.echo.validate import validate
from cardio_dagster_tests.modalities.echo.painted import beating_heart
from cardio_dagster_tests.modalities.echo.test_branch import run
from cardio_dagster_tests.modalities.echo.videos import write_video

OPTIONS = Options()
HEART = beating_heart(frames=60, period=30)


def refusal(path, options=OPTIONS) -> StudyError:
    with pytest.raises(StudyError) as caught:
        validate(path, options)
    return caught.value


@pytest.mark.parametrize(
    ("shape", "code"), [((10**6, 8192, 8192), "E_HARD_004"), ((200, 512, 512), "E_CORRUPT_001")]
)  # terabytes, and what could be true but is not there
def test_npz_that_claims_more_than_it_holds(tmp_path, shape, code):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("image.npy", head.getvalue())
    assert refusal(tmp_path / "x.npz").problem.code == code


def test_npz_that_inflates_beyond_the_cap(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", image=np.zeros((40, 256, 256), np.uint8))
    assert refusal(tmp_path / "x.npz", Options(max_file_mb=1)).problem.code == "E_HARD_004"


def test_without_a_limit_memory_is_still_bounded(monkeypatch, write_npz):
    monkeypatch.setattr(limits.os, "sysconf", lambda name: 1000)  # a machine of 1 MB
    assert refusal(write_npz(image=HEART)).problem.code == "E_HARD_002"


def test_long_fast_video_is_read_only_as_far_as_needed(paint_reader, tmp_path):
    frames = np.repeat(HEART[:, ::4, ::4], 10, axis=0)
    path = write_video(tmp_path / "x.avi", frames, rate=60)
    clip = validate(path, OPTIONS).data
    assert (len(clip.frames), clip.frames_in_file) == (256, 600)
    assert np.array_equal(clip.frame_indices, np.arange(0, 512, 2))
    prepared = BRANCH.preprocess(clip, OPTIONS).data
    assert np.array_equal(prepared.frame_indices, np.arange(0, 512, 2))
    assert prepared.timing.frame_rate_hz == pytest.approx(30)


@pytest.mark.parametrize("mm", [0.05, 0.3, 1.9])
def test_implausible_size_is_not_reported(paint_reader, write_npz, mm):
    path = write_npz(image=HEART, pixel_spacing_mm=mm, frame_rate_hz=30.0)
    step = BRANCH.analyse(*(s.data for s in run(path)[:2]), "r01", OPTIONS)
    values = {m.name: m for m in step.data.measurements}
    assert [p.code for p in step.problems] == ["E_VALID_005"]
    assert not all(v.passed for v in step.verdicts if v.gate.startswith("echo_plausible"))
    assert values["lvef_pct"].value == pytest.approx(48.8, abs=1)
    for name in ("lv_edv_ml", "lv_esv_ml", "lv_length_cm", "la_area_cm2", "la_volume_ml"):
        assert (values[name].value, "implausible" in values[name].reason) == (None, True)
    assert describe(path, OPTIONS).lv_edv_ml is None


def test_clip_without_a_beat_fails_a_gate(paint_reader, write_npz):
    path = write_npz(image=np.repeat(HEART[:1], 30, axis=0), pixel_spacing_mm=0.8, frame_rate_hz=30.0)
    step = BRANCH.analyse(*(s.data for s in run(path)[:2]), "r01", OPTIONS)
    assert {v.gate: v.passed for v in step.verdicts}["echo_beats"] is False
    assert step.data.measurements[0].reason


def test_frame_gate_counts_the_frames_chosen(paint_reader, write_npz):
    clip = validate(write_npz(image=HEART, frame_rate_hz=300.0), OPTIONS).data
    verdicts = {v.gate: v for v in BRANCH.preprocess(clip, OPTIONS).verdicts}
    assert (verdicts["echo_frames"].value, verdicts["echo_frames"].passed) == (6, False)
