import zipfile

import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.offline import study_from_path
from cardio_dagster.study import Priority
from cardio_dagster_tests.intake.conftest import identify, sniff


def study_of(path, tmp_path, limits=None):
    means = {"sniff": sniff, "identify": identify, "limits": limits or IntakeLimits()}
    return study_from_path(path, workdir=tmp_path / "work", **means)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "x.hea").write_text("HEA x.dat")
    (folder / "x.dat").write_text("signal")
    (folder / "ecg.csv").write_text("ECG 1")
    return folder


def listing(folder):
    return sorted((str(p), p.read_bytes()) for p in folder.rglob("*") if p.is_file())


def test_a_folder_is_read_where_it_lies(folder, tmp_path):
    (folder / "study.json").write_text('{"priority": "urgent"}')
    before = listing(folder)
    study, root, problems = study_of(folder, tmp_path)
    assert (root, problems, study.priority) == (folder, (), Priority.URGENT)
    assert {r.path: r.companions for r in study.recordings} == {"ecg.csv": (), "x.hea": ("x.dat",)}
    assert listing(folder) == before


def test_a_single_file_brings_its_companions_and_nothing_else(folder, tmp_path):
    study, root, _ = study_of(folder / "x.hea", tmp_path)
    assert root == folder
    assert [(r.path, r.companions) for r in study.recordings] == [("x.hea", ("x.dat",))]


def test_an_archive_is_the_same_study_as_its_folder(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"p/{path.name}")
    from_zip, root, _ = study_of(tmp_path / "p.zip", tmp_path)
    from_folder, _, _ = study_of(folder, tmp_path)
    assert from_zip.study_id == from_folder.study_id
    assert from_zip.recordings == from_folder.recordings
    assert all((root / r.path).is_file() for r in from_zip.recordings)


def test_what_is_left_out_is_told(folder, tmp_path):
    (folder / "empty.csv").touch()
    (folder / "link.csv").symlink_to("/etc/passwd")
    study, _, problems = study_of(folder, tmp_path)
    assert len(study.recordings) == 2
    assert [p.code for p in problems] == ["E_INTAKE_005", "E_INTAKE_003"]


def test_the_ids_are_those_of_the_landing_zone(folder, tmp_path, site):
    study, _, _ = study_of(folder, tmp_path)
    for path in folder.iterdir():
        site.drop(f"q/{path.name}", path.read_bytes())
    (taken,) = site.settle().accepted
    assert taken.study_id == study.study_id
    assert site.registry.get(taken.study_id).study.recordings == study.recordings


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, "E_INTAKE_006"),
        (lambda path: path.mkdir(), "E_HARD_001"),
        (lambda path: path.touch(), "E_INTAKE_005"),
    ],
    ids=["missing", "empty folder", "empty file"],
)
def test_nothing_to_read_is_refused(tmp_path, make, code):
    make(tmp_path / "Doe")
    with pytest.raises(StudyError, match=code) as refused:
        study_of(tmp_path / "Doe", tmp_path)
    assert "Doe" not in str(refused.value)
