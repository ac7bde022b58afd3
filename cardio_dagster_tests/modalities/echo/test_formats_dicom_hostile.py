"""Files that claim what they do not hold, end early, or were made to take memory and time."""

import contextlib
import struct
import time
import warnings
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
import simplejpeg
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.formats import limits
from cardio_dagster_tests.modalities.echo.dicom_files import encode, read, textured, write_us

JPEG_LIKE = {JPEGBaseline8Bit: 0xC0, JPEGExtended12Bit: 0xC1, JPEGLosslessSV1: 0xC3, JPEGLSLossless: 0xF7}


def refusal(path: Path, options: Options | None = None):
    with pytest.raises(StudyError) as caught:
        read(path, options)
    return caught.value.problem


def changed(source: Path | str, target: Path, **elements: object) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(source)
        for name, value in elements.items():
            if name not in dataset:
                setattr(dataset, name, "1")
            dataset[name]._value = value  # unchecked: bad values are the point
        dataset.save_as(target)
    return target


def forbid_decoding(monkeypatch):
    for module, names in (
        (imagecodecs, ("jpeg8_decode", "jpegls_decode", "jpeg2k_decode")),
        (simplejpeg, ("decode_jpeg",)),
    ):
        for name in names:
            monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("decoded"))


@pytest.mark.parametrize("syntax", JPEG_LIKE)
@pytest.mark.parametrize("place", [5, 7])
def test_frame_that_claims_another_size_is_not_decoded(tmp_path, monkeypatch, syntax, place):
    bits = 12 if syntax == JPEGExtended12Bit else 8
    frame = bytearray(encode(textured(1, bits=bits)[0], syntax, bits))
    start = frame.find(bytes([0xFF, JPEG_LIKE[syntax]]))
    frame[start + place : start + place + 2] = b"\xff\xdc"
    path = write_us(tmp_path / "x", textured(1, bits=bits), syntax=syntax, contents=[bytes(frame)], bits_stored=bits)
    forbid_decoding(monkeypatch)
    assert refusal(path).code == "E_CORRUPT_001"


@pytest.mark.parametrize("container", ["J2K", "JP2"])
def test_jpeg_2000_that_claims_another_size_is_not_decoded(tmp_path, monkeypatch, container):
    frame = bytearray(imagecodecs.jpeg2k_encode(textured(1)[0], codecformat=container, level=0, reversible=True))
    start = frame.find(b"\xff\x4f\xff\x51")
    frame[start + 8 : start + 16] = struct.pack(">2L", 60000, 60000)
    path = write_us(tmp_path / "x", textured(1), syntax=JPEG2000Lossless, contents=[bytes(frame)])
    forbid_decoding(monkeypatch)
    assert refusal(path).code == "E_CORRUPT_001"


@pytest.mark.parametrize(
    ("syntax", "other"),
    [(JPEGBaseline8Bit, JPEGLosslessSV1), (JPEGLosslessSV1, JPEGLSLossless), (JPEGLSLossless, JPEGBaseline8Bit)],
)
def test_frame_of_another_codec_is_refused(tmp_path, syntax, other):
    frames = textured(1)
    assert refusal(write_us(tmp_path / "x", frames, syntax=syntax, contents=[encode(frames[0], other, 8)])).seen


def test_jpeg_ls_without_its_end_is_not_decoded(tmp_path, monkeypatch):
    """A frame of 372 damaged bytes kept the decoder busy for nine seconds."""
    whole = encode(textured(1)[0], JPEGLSLossless, 8)
    path = write_us(tmp_path / "x", textured(1), syntax=JPEGLSLossless, contents=[whole[: len(whole) // 2]])
    forbid_decoding(monkeypatch)
    assert refusal(path).code == "E_CORRUPT_001"


def test_run_lengths_that_unpack_to_more_than_the_frame(tmp_path):
    frame = struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\x00" * 500_000  # 64 MB of zeros
    found = refusal(write_us(tmp_path / "x", textured(1), syntax=RLELossless, contents=[frame]))
    assert (found.code, "frame 1 of 1" in found.seen) == ("E_CORRUPT_001", True)


def test_item_that_claims_four_gigabytes(tmp_path):
    content = bytearray(encapsulate([encode(textured(1)[0], RLELossless, 8)], has_bot=False))
    content[12:16] = struct.pack("<L", 0xFFFFFFF0)
    path = write_us(tmp_path / "x", textured(1), syntax=RLELossless, pixel_data=bytes(content))
    with limits.BoundedFile(path) as file:
        assert len(file.read(2**40)) == file.size
    assert refusal(path).code == "E_CORRUPT_001"


def test_deflated_file_is_refused_before_it_is_inflated(tmp_path, monkeypatch):
    path = changed(get_testdata_file("image_dfl.dcm"), tmp_path / "x", SOPClassUID="1.2.840.10008.5.1.4.1.1.6.1")
    monkeypatch.setattr(zlib, "decompress", lambda *_: pytest.fail("inflated"))
    assert refusal(path).code == "E_FORMAT_002"


def test_too_many_pixels_are_refused_at_once(tmp_path):
    path = write_us(tmp_path / "x", None, shape=(200, 8000, 8000), pixel_data=b"\0" * 64)
    started = time.perf_counter()
    assert refusal(path).code == "E_HARD_004"
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("NumberOfFrames", "abc", "E_CORRUPT_001"),
        ("Rows", [480, 480], "E_CORRUPT_001"),
        ("Rows", 3, "E_VALID_002"),
        ("Columns", 60000, "E_VALID_002"),
        ("BitsStored", 12, "E_CORRUPT_001"),
        ("SamplesPerPixel", 1, "E_CORRUPT_001"),
        ("BitsAllocated", 32, "E_FORMAT_002"),
        ("PhotometricInterpretation", "CMYK", "E_FORMAT_002"),
    ],
)
def test_unusable_element_is_refused(tmp_path, name, value, code):
    path = changed(get_testdata_file("examples_rgb_color.dcm"), tmp_path / "x", **{name: value})
    assert refusal(path).code == code


@pytest.mark.parametrize("name", ["PhotometricInterpretation", "SamplesPerPixel", "Rows"])
def test_missing_image_element_is_named(tmp_path, name):
    dataset = pydicom.dcmread(get_testdata_file("examples_rgb_color.dcm"))
    delattr(dataset, name)
    dataset.save_as(tmp_path / "x")
    found = refusal(tmp_path / "x")
    assert (found.code, name in found.seen) == ("E_VALID_001", True)


def test_missing_transfer_syntax_is_named(tmp_path):
    dataset = pydicom.dcmread(get_testdata_file("examples_rgb_color.dcm"))
    del dataset.file_meta.TransferSyntaxUID
    dataset.save_as(tmp_path / "x", implicit_vr=False, little_endian=True, enforce_file_format=False)
    assert "TransferSyntaxUID" in refusal(tmp_path / "x").seen


def test_unknown_transfer_syntax(tmp_path):
    path = tmp_path / "x"
    write_us(path, textured(1), syntax=RLELossless)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.95"  # JPIP
    dataset.save_as(path)
    found = refusal(path)
    assert (found.code, "JPEG 2000" in found.allowed) == ("E_FORMAT_002", True)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5])
def test_truncated_cine_is_refused_and_says_where(tmp_path, public_cine, share):
    content = public_cine.read_bytes()
    (tmp_path / "cut").write_bytes(content[: int(len(content) * share)])
    found = refusal(tmp_path / "cut")
    assert found.code == "E_CORRUPT_001"
    assert "byte" in found.seen or "frame" in found.seen


@pytest.mark.parametrize(
    "name", ["examples_rgb_color.dcm", "OBXXXX1A_2frame.dcm", "OBXXXX1A_rle_2frame.dcm", "US1_J2KI.dcm"]
)
@pytest.mark.parametrize("share", [0.5, 0.97])
def test_truncated_pixels_of_every_kind_are_refused(tmp_path, name, share):
    content = Path(get_testdata_file(name)).read_bytes()
    (tmp_path / "cut").write_bytes(content[: int(len(content) * share)])
    found = refusal(tmp_path / "cut")
    assert (found.code, "frame" in found.seen) == ("E_CORRUPT_001", True)


def test_more_frames_declared_than_sent(tmp_path, public_cine):
    found = refusal(changed(public_cine, tmp_path / "more", NumberOfFrames="130"))
    assert (found.code, "of 130" in found.seen) == ("E_CORRUPT_001", True)


def test_file_over_the_limit(public_cine):
    assert refusal(public_cine, Options(max_file_mb=1)).code == "E_HARD_004"


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, RLELossless, JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless]
)
def test_mutated_files_give_a_result_or_a_coded_refusal(tmp_path, whole_frame, syntax):
    content = write_us(tmp_path / "x", textured(3), syntax=syntax, FrameTime="33.3").read_bytes()
    rng = np.random.default_rng(11)
    for _ in range(25):
        mutated = bytearray(content)
        for place in rng.integers(132, len(content), 3):
            mutated[place] = rng.integers(256)
        (tmp_path / "x").write_bytes(mutated)
        with contextlib.suppress(StudyError):  # any other error fails the test
            assert read(tmp_path / "x")[0].frames.dtype == np.uint8
