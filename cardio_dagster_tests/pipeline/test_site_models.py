"""A site's own models: named by configuration, verified by hash, part of what decides a checkpoint."""

import shutil
from pathlib import Path

import pytest

from cardio_dagster.commands.process import process_one
from cardio_dagster.demo.studies import echo_only
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.modalities.branch import Options
from cardio_dagster.models.catalogue import SHIPPED_CATALOGUE, use_catalogue
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.branch_task import BranchTask
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster_tests.pipeline.studies import recording, study


@pytest.fixture
def site(tmp_path):
    """Return a catalogue of a site that names a copy of one shipped model; the others stay the shipped ones."""
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copyfile(SHIPPED_CATALOGUE.with_name("echo_segmentation.onnx"), folder / "echo_segmentation.onnx")
    _, after = SHIPPED_CATALOGUE.read_text().split("[echo_segmentation]")
    (folder / "catalogue.toml").write_text("[echo_segmentation]" + after.split("\n[")[0])
    yield folder / "catalogue.toml"
    use_catalogue(None)


def run(folder: Path, catalogue: Path):
    (folder / "study").mkdir()
    echo_only(folder / "study")
    options = Options(threads=2, model_catalogue=str(catalogue))
    return process_one(folder / "study", out=folder / "out", options=options, limits=IntakeLimits(), desk=Desk())


def test_model_of_the_site_is_used(tmp_path, site):
    assert run(tmp_path, site).state is State.COMPLETE


def test_model_file_that_is_not_the_catalogued_one_is_hard_stop_003(tmp_path, site):
    with site.with_name("echo_segmentation.onnx").open("ab") as model:
        model.write(b"x")
    ended = run(tmp_path, site)
    assert (ended.state, ended.error.code) == (State.ERROR, "E_HARD_003")


def test_unreadable_catalogue_fails_the_modality_with_its_code(tmp_path):
    ended = run(tmp_path, tmp_path / "none.toml")
    use_catalogue(None)
    assert "E_MODEL_001" in {p.code for p in ended.problems}


def test_another_model_means_another_key(site):
    task = BranchTask(study(recording(1, modality="echo")), State.DETECTION, "echo")
    shipped = task.key(Options())
    site.write_text(site.read_text().replace('sha256 = "', 'sha256 = "another '))
    assert task.key(Options(model_catalogue=str(site))) != shipped
    assert task.key(Options()) == shipped
