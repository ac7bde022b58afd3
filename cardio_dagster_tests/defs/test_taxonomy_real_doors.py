"""Rows of the table of failures through Dagster, provoked by what really causes them: files of models and of studies."""

import json
from pathlib import Path

import pytest

from cardio_dagster.demo.studies import fibrillation, truncated_cine
from cardio_dagster.models import catalogue
from cardio_dagster_tests.models.site_models import SiteModel

LEFT_OUT = {"patient": {"age_years": 400, "sex": "F", "sbp_mmhg": "high", "heart_rate_bpm": 71}}


@pytest.fixture
def model(tmp_path):
    """Return a site's own copy of a model of the ECG."""
    yield SiteModel(tmp_path / "models", "ecg_beats")
    catalogue.use_catalogue(None)


def mixed_up(folder: Path) -> None:
    """Write a cine that is cut off and a document with values that cannot be."""
    truncated_cine(folder)
    (folder / "metadata.json").write_text(json.dumps(LEFT_OUT))


def other_patient(folder: Path) -> None:
    """Write a study like `fibrillation` with other bytes."""
    fibrillation(folder, seed=3)


def problems(site, study_id):
    return {(p["code"], p["modality"]) for p in site.report(study_id)["problems"]}


def test_what_is_wrong_with_a_study_is_listed_through_the_assets(installation):
    study_id = installation.intake(mixed_up)
    installation.run(study_id)
    (row,) = installation.releases(study_id)
    assert {("E_CORRUPT_001", "echo"), ("E_VALID_002", "clinical")} <= problems(installation, study_id)
    (cut,) = [p for p in installation.report(study_id)["problems"] if p["code"] == "E_CORRUPT_001"]
    assert cut["seen"]
    assert cut["recording_id"]
    assert cut["cure"]
    assert row.status == "held"
    assert installation.execution(study_id)["pipeline_execution"]["retries_performed"] == 0


@pytest.mark.slow
def test_a_tampered_model_file_ends_the_study_through_both_doors(install, model):
    model.tamper()
    site = install(model_catalogue=model.catalogue, threads=1)
    alone, in_bulk = site.intake(fibrillation), site.intake(other_patient, "other")
    assert not site.run(alone).success, "a run of one study ends red with it"
    assert site.run_bulk(in_bulk).success
    for study_id in (alone, in_bulk):
        (row,) = site.releases(study_id)
        assert (row.status, row.code) == ("error", "E_HARD_003")
        assert site.execution(study_id)["pipeline_execution"]["retries_performed"] == 0, "a wrong model was tried again"
        assert site.report(study_id)["error"]["code"] == "E_HARD_003"


@pytest.mark.slow
def test_a_truncated_model_file_costs_its_modality_through_both_doors(install, model):
    model.truncate()
    site = install(model_catalogue=model.catalogue, threads=1)
    alone, in_bulk = site.intake(fibrillation), site.intake(other_patient, "other")
    assert site.run(alone).success
    assert site.run_bulk(in_bulk).success
    for study_id in (alone, in_bulk):
        (row,) = site.releases(study_id)
        assert row.status == "held"
        assert ("E_MODEL_001", "ecg") in problems(site, study_id)
        assert site.report(study_id)["coverage"] == "CLINICAL_ONLY"
        assert site.execution(study_id)["pipeline_execution"]["retries_performed"] == 1
