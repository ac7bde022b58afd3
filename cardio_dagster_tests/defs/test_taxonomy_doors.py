"""The table of failures through the two doors of Dagster: the same end as in the plain one."""

import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from cardio_dagster.errors import POLICIES, ModelLoadError, Then
from cardio_dagster.modalities import BRANCHES
from cardio_dagster.modalities.branch import Options
from cardio_dagster.orchestration import pool
from cardio_dagster.outcome import State
from cardio_dagster.pipeline import retry, stages
from cardio_dagster.pipeline.worker import work
from cardio_dagster.stores.results import ResultStore
from cardio_dagster_tests.defs.installation import clinical, numbers
from cardio_dagster_tests.pipeline.failing import ERRORS, failing
from cardio_dagster_tests.pipeline.studies import beep_branch

FIRST_AGE = 40


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Let a retry follow at once."""
    monkeypatch.setattr(retry, "RETRY_RULES", {c: replace(r, delay_s=0.0) for c, r in retry.RETRY_RULES.items()})


def test_a_verb_that_hangs_through_the_assets(install, beep):
    site = install(image_deadline_s=0.2)
    calls = beep(detect=lambda *_: time.sleep(30))
    study_id = site.intake(numbers(1))
    began = time.monotonic()
    site.run(study_id)
    assert time.monotonic() - began < 25
    assert calls.count("detect") == 3
    (row,) = site.releases(study_id)
    assert (row.status, row.code) == ("error", "E_TIMEOUT_DETECTION")


@pytest.mark.parametrize("times", [1, 99])
def test_a_model_that_does_not_load_through_the_assets(installation, beep, times):
    detect, calls = failing(beep_branch().detect, times, ModelLoadError("DOE_JANE"))
    beep(detect=detect)
    study_id = installation.intake(numbers(1))
    installation.run(study_id)
    (row,) = installation.releases(study_id)
    assert len(calls) == 2
    assert (row.status, row.code) == (("released", None) if times == 1 else ("error", "E_MODEL_001"))


def test_a_study_whose_time_is_over_through_the_assets(install, beep):
    site = install(study_deadline_s=0.001)
    beep()
    study_id = site.intake(numbers(1))
    site.run(study_id)
    (row,) = site.releases(study_id)
    assert (row.status, row.code, row.state) == ("error", "E_TIMEOUT_STUDY", State.ERROR)


def test_fusion_that_fails_for_good_through_the_assets(installation, beep, monkeypatch):
    beep()
    broken, calls = failing(None, 99, TimeoutError("DOE_JANE"))
    monkeypatch.setattr(stages, "fuse", broken)
    study_id = installation.intake(numbers(1))
    assert installation.run(study_id).success
    assert len(calls) == 3
    (row,) = installation.releases(study_id)
    assert row.status == "held"
    assert "E_TIMEOUT_FUSION" in " ".join(row.reasons)
    assert installation.execution(study_id)["pipeline_execution"]["retries_performed"] == 2


@pytest.mark.parametrize("times", [2, 99])
def test_a_database_that_refuses_through_the_assets(installation, beep, monkeypatch, times):
    beep()
    refused = sa.exc.OperationalError("insert", {}, Exception("DOE_JANE"))
    broken, calls = failing(ResultStore.save_stage, times, refused)
    monkeypatch.setattr(ResultStore, "save_stage", broken)
    study_id = installation.intake(numbers(1))
    result = installation.run(study_id)
    assert result.success is (times == 2)
    if times == 99:
        assert len(calls) == 3
        assert installation.row(study_id).finished_at is None, "no study is closed for what all studies lack"


def fails_by_age(order):
    """Fail in DETECTION with the error that the age stands for; run in the worker process."""
    names = list(ERRORS)
    intact = BRANCHES["clinical"]

    def detect(prepared, options: Options):
        age = next(q.value for q in prepared.quantities if q.name == "age_years")
        raise ERRORS[names[int(age) - FIRST_AGE]]

    retry.RETRY_RULES = {c: replace(r, delay_s=0.0) for c, r in retry.RETRY_RULES.items()}
    BRANCHES["clinical"] = replace(intact, detect=detect)
    return work(order)


@pytest.mark.slow
def test_every_row_through_the_bulk_door(installation, monkeypatch):
    monkeypatch.setattr(pool, "work", fails_by_age)
    ids = {name: installation.intake(clinical(FIRST_AGE + n), f"s{n}") for n, name in enumerate(ERRORS)}
    assert installation.run_bulk(*ids.values()).success
    for name, study_id in ids.items():
        (row,) = installation.releases(study_id)
        policy = POLICIES[name]
        code = (policy.code or (getattr(ERRORS[name], "problem", None) and ERRORS[name].problem.code)).replace(
            "<STAGE>", "DETECTION"
        )
        assert (row.status, row.code) == ("error", code), "the only modality of the study is lost"
        retries = installation.execution(study_id)["pipeline_execution"]["retries_performed"]
        assert retries == policy.retry.attempts - 1
        assert policy.then in Then
