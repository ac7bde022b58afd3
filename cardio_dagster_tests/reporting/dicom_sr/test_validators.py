"""Other people's readers: dsrdump of dcmtk and dciodvfy of dicom3tools, where they are installed."""

import shutil
import subprocess

import pytest

from cardio_dagster_tests.reporting.dicom_sr.reading import DOCUMENTS, written

ECHO = "Adult Echocardiography Procedure Report"
FILES = pytest.mark.parametrize(
    ("case", "title"),
    [(case, ECHO if "echo" in case else "ECG Report") for case in DOCUMENTS],
)
# dciodvfy knows no private coding scheme but some vendors'; ours is declared in the file, as PS3.3 C.12.1 asks
PRIVATE = "Unrecognized defined term <99CARDIO> for value 1 of attribute <Coding Scheme Designator>"
# dcmtk's checker of strings, not its reader, leaves out UTF-8
UNCHECKED = "The VR checker does not support this Specific Character Set: ISO_IR 192"


def _run(tool, data, tmp_path, *arguments):
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed (Debian: dcmtk, dicom3tools)")
    file = tmp_path / "report.dcm"
    file.write_bytes(data)
    return subprocess.run([path, *arguments, str(file)], capture_output=True, text=True, timeout=60, check=False)


@FILES
def test_dcmtk_reads_it_without_a_warning(case, title, tmp_path):
    run = _run("dsrdump", written(case), tmp_path, "--print-template-id", "--print-all-codes")
    assert run.returncode == 0
    assert [line for line in run.stderr.splitlines() if UNCHECKED not in line] == []
    assert title in run.stdout
    assert "TID" in run.stdout


@FILES
def test_dicom3tools_finds_no_error(case, title, tmp_path):
    run = _run("dciodvfy", written(case), tmp_path)
    said = [
        line
        for line in (run.stdout + run.stderr).splitlines()
        if line.startswith(("Error", "Warning")) and PRIVATE not in line
    ]
    assert (run.returncode, said) == (0, [])
    assert "ComprehensiveSR" in run.stdout + run.stderr


def test_the_readers_do_see_faults(tmp_path):
    data = written("full-ecg").replace(b"UNVERIFIED", b"UNVERIFIEX")
    run = _run("dciodvfy", data, tmp_path)
    assert "Error" in run.stdout + run.stderr
