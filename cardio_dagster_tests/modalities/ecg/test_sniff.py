import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.sniff import sniff
from cardio_dagster.modalities.ecg.validate import validate

HEADER = "r 1 300 4\n{file} 16 1000/mV 16 0 0 0 0 II\n"


def test_dicom_ecg_is_known_whatever_its_name(dicom_path, tmp_path):
    copy = tmp_path / "holiday.txt"
    shutil.copy(dicom_path, copy)
    assert sniff(copy).format == "dicom"


def test_an_ultrasound_is_not_an_ecg():
    assert sniff(Path(get_testdata_file("color3d_jpeg_baseline.dcm"))) is None


def test_wfdb_names_its_companions(tmp_path):
    (tmp_path / "r.hea").write_text(HEADER.format(file="r.dat"))
    assert sniff(tmp_path / "r.hea") is None, "without its signal file it is no record"
    (tmp_path / "r.dat").write_bytes(bytes(8))
    sniffed = sniff(tmp_path / "r.hea")
    assert (sniffed.format, sniffed.companions) == ("wfdb", (tmp_path / "r.dat",))


@pytest.mark.parametrize("name", ["../secret.dat", "/etc/passwd", "..", "a/b.dat"])
def test_wfdb_never_follows_a_name_out_of_the_folder(tmp_path, name):
    (tmp_path / "secret.dat").write_bytes(bytes(8))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "r.hea").write_text(HEADER.format(file=name))
    assert sniff(folder / "r.hea") is None
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        validate(folder / "r.hea", Options())


def test_wfdb_does_not_follow_a_link(tmp_path):
    (tmp_path / "secret.dat").write_bytes(bytes(8))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "r.dat").symlink_to(tmp_path / "secret.dat")
    (folder / "r.hea").write_text(HEADER.format(file="r.dat"))
    assert sniff(folder / "r.hea") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I,II,V1\n0.1,0.2,0.3\n", "csv"),
        ("time_s;II_mV\n0;0.1\n", "csv"),
        ("# unit: mV\ntime_ms\tecg\n0\t1\n", "csv"),
        ("name,value,unit\nage,63,a\n", None),
        ("age,sex,sbp\n63,1,140\n", None),
        ("time,systolic,diastolic\n0,140,80\n", None),
        ("I,II\nyes,no\n", None),
        ("", None),
    ],
)
def test_csv_needs_leads_and_numbers(tmp_path, text, expected):
    path = tmp_path / "x.csv"
    path.write_text(text)
    sniffed = sniff(path)
    assert (sniffed and sniffed.format) == expected


def test_a_missing_file_and_a_folder_are_nothing(tmp_path):
    assert sniff(tmp_path / "none") is None
    assert sniff(tmp_path) is None


starts = st.sampled_from(
    [b"", bytes(128) + b"DICM", b"r 1 300 10\n", b"I,II\n0.1,0.2\n", b"# sampling_rate_hz: 500\ntime_s,II_mV\n"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=starts, rest=st.binary(max_size=400))
def test_random_bytes_never_raise_anything_but_a_study_error(tmp_path, start, rest):
    path = tmp_path / "x"
    path.write_bytes(start + rest)
    sniff(path)
    with contextlib.suppress(StudyError):
        validate(path, Options())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_dicom_never_raises_anything_but_a_study_error(dicom_path, tmp_path, data):
    original = bytearray(dicom_path.read_bytes()[:40000])
    for _ in range(8):
        original[data.draw(st.integers(132, len(original) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "x.dcm"
    path.write_bytes(original)
    sniff(path)
    with pytest.raises(StudyError):  # it ends in the middle of the waveform
        validate(path, Options())
