"""Rows of the table of failures, provoked by what really causes them: spoilt model files, a disk that is full."""

import json
from pathlib import Path

import pytest

from cardio_dagster.commands.process import process_one
from cardio_dagster.demo.studies import fibrillation
from cardio_dagster.errors import DependencyError, FailureClass, classify
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.modalities.branch import Options
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.dossier import ReleaseStatus
from cardio_dagster.stores.checkpoints import ParquetCheckpoints
from cardio_dagster_tests.chaos.disk import NO_MOUNT, small_disk
from cardio_dagster_tests.models.site_models import SiteModel
from cardio_dagster_tests.pipeline.failing import at_once, carried, report_of, two_modalities

HERE, DOORS = "pipeline.test_taxonomy_real", "defs.test_taxonomy_real_doors"
# Where each row is provoked by its real cause; that the rest of its columns hold is in test_taxonomy.py.
PROVOKED: dict[FailureClass, tuple[str, str]] = {
    FailureClass.TIMEOUT: ("pipeline.test_taxonomy", "test_a_verb_that_hangs_costs_its_modality_and_no_more"),
    FailureClass.STUDY_TIMEOUT: ("pipeline.test_taxonomy", "test_a_study_whose_time_is_over_ends_with_its_response"),
    FailureClass.OUT_OF_MEMORY: ("pipeline.test_taxonomy", "test_real_lack_of_memory"),
    FailureClass.MODEL_LOAD: (HERE, "test_a_model_file_that_stays_truncated_costs_its_modality_and_no_more"),
    FailureClass.TRANSIENT: (HERE, "test_a_disk_that_is_freed_between_two_attempts"),
    FailureClass.VALIDATION: (DOORS, "test_what_is_wrong_with_a_study_is_listed_through_the_assets"),
    FailureClass.CORRUPTED_INPUT: (DOORS, "test_what_is_wrong_with_a_study_is_listed_through_the_assets"),
    FailureClass.RETRIES_EXHAUSTED: ("orchestration.test_breaker", "test_a_run_that_died_of_a_dependency_is_no_attempt_of_its_study"),
    FailureClass.CRITICAL_MODEL: (DOORS, "test_a_tampered_model_file_ends_the_study_through_both_doors"),
    FailureClass.INTERNAL: ("pipeline.test_taxonomy", "test_a_verb_that_fails_for_ever"),  # a defect has no other cause
    FailureClass.PROCESS_LOST: ("chaos.test_kills", "test_studies_survive_a_kill_in_every_state"),
    FailureClass.DEPENDENCY_DOWN: (HERE, "test_a_disk_that_stays_full_closes_no_study"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    at_once(monkeypatch)


@pytest.fixture
def model(tmp_path):
    """Return a site's own copy of a model of the ECG."""
    yield SiteModel(tmp_path / "models", "ecg_beats")
    catalogue.use_catalogue(None)


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", size_mb=2) as mounted:
        if mounted is None:
            pytest.skip(NO_MOUNT)
        yield mounted


def processed(folder: Path, model: SiteModel):
    """Process an ECG with metadata with the models of the site."""
    (folder / "study").mkdir()
    fibrillation(folder / "study")
    options = Options(threads=1, model_catalogue=str(model.catalogue))
    return process_one(folder / "study", out=folder / "out", options=options, limits=IntakeLimits(), desk=Desk())


def between_attempts(monkeypatch, act) -> list[None]:
    """Do something before the catalogue is read anew for another attempt; return one entry for each time."""
    intact, times = catalogue.reload, []

    def reload(name=None):
        times.append(None)
        act()
        intact(name)

    monkeypatch.setattr(catalogue, "reload", reload)
    return times


def test_each_row_has_a_test_that_provokes_it():
    assert set(PROVOKED) == set(FailureClass)
    tests = Path(__file__).parents[1]
    for module, name in PROVOKED.values():  # read, not imported: some of them import Dagster
        assert f"\ndef {name}(" in (tests / f"{module.replace('.', '/')}.py").read_text()


def test_a_model_file_that_is_put_right_is_reloaded(tmp_path, monkeypatch, model):
    model.truncate()
    reloads = between_attempts(monkeypatch, model.put_right)
    done = processed(tmp_path, model)
    assert (len(reloads), done.retries, done.state) == (1, 1, State.COMPLETE)
    assert {p.code for p in done.problems} & {"E_MODEL_001", "E_HARD_003"} == set()
    assert "ecg" in {a.modality for a in done.analyses}


def test_a_model_file_that_stays_truncated_costs_its_modality_and_no_more(tmp_path, monkeypatch, model):
    model.truncate()
    reloads = between_attempts(monkeypatch, lambda: None)
    done = processed(tmp_path, model)
    assert (len(reloads), done.retries) == (1, 1)
    assert (done.state, done.release.status) == (State.COMPLETE, ReleaseStatus.HELD)
    assert {p.modality for p in done.problems if p.code == "E_MODEL_001"} == {"ecg"}
    assert {a.modality for a in done.analyses} == {"clinical"}
    report = report_of(done)
    assert report["coverage"] == "CLINICAL_ONLY"
    assert "E_MODEL_001" in report["release_status"]
    texts = "".join(p.read_text() for p in Path(done.report_path).iterdir() if p.suffix in (".json", ".html"))
    assert str(model.catalogue.parent) not in texts


def test_a_tampered_model_file_ends_the_study_at_once(tmp_path, monkeypatch, model):
    model.tamper()
    reloads = between_attempts(monkeypatch, model.put_right)
    done = processed(tmp_path, model)
    assert (reloads, done.retries) == ([], 0), "a wrong model was tried again"
    assert (done.state, done.error.code, done.release.status) == (State.ERROR, "E_HARD_003", ReleaseStatus.ERROR)
    assert report_of(done)["error"]["code"] == "E_HARD_003"
    assert report_of(done)["measurements"] == []


def test_a_disk_that_stays_full_closes_no_study(tmp_path, monkeypatch, disk):
    two_modalities(monkeypatch)
    disk.leave(0)
    with pytest.raises(DependencyError) as told:
        carried(tmp_path, checkpoints=ParquetCheckpoints(str(disk.folder / "c")))
    assert classify(told.value) is FailureClass.TRANSIENT
    assert str(disk.folder) not in str(told.value)
    assert not (tmp_path / "out").exists(), "the study was given a response for what it is not to blame for"
    disk.clear()
    assert not [p for p in disk.folder.rglob("*") if p.is_file()], "a half-written file was left"


def test_a_disk_that_is_freed_between_two_attempts(tmp_path, monkeypatch, disk):
    from cardio_dagster.pipeline import retry

    two_modalities(monkeypatch)
    disk.leave(0)
    waits = []

    def freed(wait_s):
        waits.append(wait_s)
        disk.clear()

    monkeypatch.setattr(retry.with_retry, "__kwdefaults__", {"sleep": freed})
    done = carried(tmp_path, checkpoints=ParquetCheckpoints(str(disk.folder / "c")))
    assert (done.state, done.release.status) == (State.COMPLETE, ReleaseStatus.RELEASED)
    assert waits, "nothing was tried again"
    kept = json.dumps(sorted(p.name for p in (disk.folder / "c").rglob("*.parquet")))
    assert kept.count("beep") == kept.count("boop") == 4
