import gzip
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from cardio_dagster.modalities.echo.sniff import refusal, sniff
from cardio_dagster_tests.modalities.echo.videos import write_video

MAGICS = [
    b"",
    b"\0" * 128 + b"DICM",
    b"PK\x03\x04",
    b"RIFF\0\0\0\0AVI ",
    b"\0\0\0\x18ftyp",
    b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0",
    b"\x1f\x8b\x08\0",
    (348).to_bytes(4, "little") + b"\0" * 340 + b"n+1\0",
]


@pytest.mark.parametrize("name", ["color3d_jpeg_baseline.dcm", "examples_ybr_color.dcm", "examples_palette.dcm"])
def test_ultrasound_dicom_is_claimed(name):
    assert sniff(Path(get_testdata_file(name))).format == "dicom"


@pytest.mark.parametrize("name", ["waveform_ecg.dcm", "CT_small.dcm", "rtplan.dcm"])
def test_other_dicom_is_not_claimed(name):
    assert sniff(Path(get_testdata_file(name))) is None


def test_name_does_not_matter(tmp_path, public_cine):
    renamed = tmp_path / "note.txt"
    renamed.write_bytes(public_cine.read_bytes()[:50_000])
    assert sniff(renamed).format == "dicom"


def test_text_called_dicom_is_not_claimed(tmp_path):
    path = tmp_path / "echo.dcm"
    path.write_text("this is a letter, not a clip\n" * 100)
    assert sniff(path) is None


def test_npz_needs_an_image(write_npz):
    assert sniff(write_npz(image=np.zeros((40, 40), np.uint8))).format == "npz"
    assert sniff(write_npz(signal=np.zeros(40))) is None


@pytest.mark.parametrize(("suffix", "expected"), [("avi", "avi"), ("mp4", "mp4")])
def test_video_is_claimed(tmp_path, suffix, expected):
    path = write_video(tmp_path / f"clip.{suffix}", np.zeros((3, 64, 64), np.uint8))
    assert sniff(path).format == expected


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize(("size", "place", "mark"), [(348, 344, b"n+1\0"), (348, 344, b"ni1\0"), (540, 4, b"n+2\0")])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_nifti_is_claimed(tmp_path, pack, size, place, mark, order):
    header = bytearray(size + 4)
    header[:4], header[place : place + 4] = size.to_bytes(4, order), mark
    (tmp_path / "x").write_bytes(pack(bytes(header) + bytes(range(256)) * 40))
    assert sniff(tmp_path / "x").format == "nifti"
    header[:4] = b"\0\0\0\0"
    (tmp_path / "x").write_bytes(pack(bytes(header)))
    assert sniff(tmp_path / "x") is None


def test_gzip_that_inflates_without_end_is_not_inflated(tmp_path):
    (tmp_path / "x").write_bytes(gzip.compress(bytes(5_000_000)))
    tracemalloc.start()
    assert sniff(tmp_path / "x") is None
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_deflated_dicom_is_not_inflated(monkeypatch):
    monkeypatch.setattr(zlib, "decompress", lambda *_: pytest.fail("inflated"))
    assert sniff(Path(get_testdata_file("image_dfl.dcm"))) is None


def test_missing_file_and_folder_are_not_claimed(tmp_path):
    assert sniff(tmp_path / "absent") is None
    assert sniff(tmp_path) is None


@settings(max_examples=60, deadline=None)
@given(magic=st.sampled_from(MAGICS), tail=st.binary(max_size=400))
def test_never_raises(tmp_path_factory, magic, tail):
    path = tmp_path_factory.mktemp("sniff") / "x"
    path.write_bytes(magic + tail)
    sniffed = sniff(path)
    assert sniffed is None or sniffed.format in {"dicom", "npz", "avi", "mp4", "nifti"}


@settings(max_examples=40, deadline=None)
@given(position=st.integers(0, 3000), value=st.integers(0, 255))
def test_never_raises_on_a_flipped_byte(tmp_path_factory, public_cine, position, value):
    content = bytearray(public_cine.read_bytes()[:4000])
    content[position] = value
    path = tmp_path_factory.mktemp("flip") / "x"
    path.write_bytes(content)
    assert sniff(path) in (None, sniff(public_cine))


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"", "an empty file"),
        (b"\x08\0\x05\0CS\x0a\0ISO_IR 100", "without the preamble"),
        (b"\x93NUMPY\x01\0", "NumPy array"),
        (b"a letter to DOE", "another kind"),
    ],
)
def test_a_refusal_says_what_the_file_is_and_what_to_do(tmp_path, content, seen):
    (tmp_path / "x").write_bytes(content)
    found, cure = refusal(tmp_path / "x")
    assert seen in found
    assert cure
    assert "DOE" not in found + cure


def test_a_refusal_names_the_modality_and_the_key_that_is_missing(write_npz):
    assert "modality CT" in refusal(Path(get_testdata_file("CT_small.dcm")))[0]
    assert "`image`" in refusal(write_npz(frames=np.zeros(40)))[1]
