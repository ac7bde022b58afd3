"""Files made to break the reader, and clips whose figures must not be believed."""

import io
import zipfile

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo import BRANCH
from cardio_dagster.modalities.echo.formats import limits
from cardio_dagster.modalities.echo.document import describe, native_masks
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
    ("name", "value"), [("NumberOfFrames", "abc"), ("Rows", [480, 480]), ("RegionLocationMinX0", [1, 2])]
)
def test_unusable_element_is_refused_by_name(tmp_path, public_cine, name, value):
    dataset = pydicom.dcmread(public_cine)
    holder = dataset.SequenceOfUltrasoundRegions[0] if name.startswith("Region") else dataset
    holder[name]._value = value
    dataset.save_as(tmp_path / "x")
    found = refusal(tmp_path / "x").problem
    assert (found.code, name in found.seen) == ("E_CORRUPT_001", True)


def test_missing_transfer_syntax_is_named(tmp_path, public_cine):
    dataset = pydicom.dcmread(public_cine)
    del dataset.file_meta.TransferSyntaxUID
    dataset.save_as(tmp_path / "x", implicit_vr=False, little_endian=True, enforce_file_format=False)
    assert "E_VALID_001" in str(refusal(tmp_path / "x"))
    assert "TransferSyntaxUID" in refusal(tmp_path / "x").problem.seen


def test_jpeg_of_another_size_is_not_decoded(tmp_path, public_cine, monkeypatch):
    import simplejpeg

    dataset = pydicom.dcmread(public_cine)
    frames = [bytearray(f) for f in generate_frames(dataset.PixelData, number_of_frames=120)][:2]
    for frame in frames:
        start = frame.find(b"\xff\xc0")
        frame[start + 5 : start + 9] = b"\xff\xdc\xff\xdc"
    dataset.NumberOfFrames, dataset.PixelData = 2, encapsulate([bytes(f) for f in frames])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(tmp_path / "x")
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *_: pytest.fail("decoded"))
    assert refusal(tmp_path / "x").problem.code == "E_CORRUPT_001"


def test_npz_that_claims_terabytes(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 8192, 8192)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("image.npy", head.getvalue())
    assert refusal(tmp_path / "x.npz").problem.code == "E_CORRUPT_001"


def test_npz_that_inflates_beyond_the_cap(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", image=np.zeros((40, 256, 256), np.uint8))
    assert refusal(tmp_path / "x.npz", Options(max_file_mb=1)).problem.code == "E_HARD_004"


def test_without_a_limit_memory_is_still_bounded(monkeypatch, write_npz):
    monkeypatch.setattr(limits.os, "sysconf", lambda name: 1000)  # a machine of 1 MB
    assert refusal(write_npz(image=HEART)).problem.code == "E_HARD_002"


def test_long_fast_video_is_read_only_as_far_as_needed(tmp_path):
    frames = np.repeat(HEART[:, ::4, ::4], 10, axis=0)
    path = write_video(tmp_path / "x.avi", frames, rate=60)
    clip = validate(path, OPTIONS).data
    assert (len(clip.frames), clip.step, clip.frames_in_file) == (256, 2, 600)
    prepared = BRANCH.preprocess(clip, OPTIONS).data
    assert np.array_equal(prepared.frame_indices, np.arange(0, 512, 2))
    assert prepared.timing.frame_rate_hz == pytest.approx(30)


def test_masks_of_a_fast_video_cover_every_frame(paint_reader, tmp_path):
    path = write_video(tmp_path / "x.avi", HEART[:20], rate=60)
    assert len(native_masks(path, OPTIONS)) == 20


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


def test_frame_gate_counts_the_frames_chosen(write_npz):
    clip = validate(write_npz(image=HEART, frame_rate_hz=300.0), OPTIONS).data
    verdicts = {v.gate: v for v in BRANCH.preprocess(clip, OPTIONS).verdicts}
    assert (verdicts["echo_frames"].value, verdicts["echo_frames"].passed) == (6, False)
