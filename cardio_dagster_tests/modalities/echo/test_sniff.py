from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from cardio_dagster.modalities.echo.sniff import sniff
from cardio_dagster_tests.modalities.echo.videos import write_video

MAGICS = [
    b"",
    b"\0" * 128 + b"DICM",
    b"PK\x03\x04",
    b"RIFF\0\0\0\0AVI ",
    b"\0\0\0\x18ftyp",
    b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0",
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


def test_missing_file_and_folder_are_not_claimed(tmp_path):
    assert sniff(tmp_path / "absent") is None
    assert sniff(tmp_path) is None


@settings(max_examples=60, deadline=None)
@given(magic=st.sampled_from(MAGICS), tail=st.binary(max_size=400))
def test_never_raises(tmp_path_factory, magic, tail):
    path = tmp_path_factory.mktemp("sniff") / "x"
    path.write_bytes(magic + tail)
    sniffed = sniff(path)
    assert sniffed is None or sniffed.format in {"dicom", "npz", "avi", "mp4"}


@settings(max_examples=40, deadline=None)
@given(position=st.integers(0, 3000), value=st.integers(0, 255))
def test_never_raises_on_a_flipped_byte(tmp_path_factory, public_cine, position, value):
    content = bytearray(public_cine.read_bytes()[:4000])
    content[position] = value
    path = tmp_path_factory.mktemp("flip") / "x"
    path.write_bytes(content)
    assert sniff(path) in (None, sniff(public_cine))
