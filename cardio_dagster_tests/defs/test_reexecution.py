"""After a failure: what was done well is not done again, whichever way the study comes back."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from cardio_dagster.outcome import State
from cardio_dagster.pipeline import stages
from cardio_dagster_tests.defs.installation import numbers

VERBS = ["validate", "preprocess", "detect", "analyse"]


def raising(*_, **__):
    raise SystemExit  # no Exception: the taxonomy does not turn it into data


@pytest.fixture
def broken_fusion(monkeypatch):
    """Break fusion until the returned function mends it."""
    intact = stages.fusion_stage
    monkeypatch.setattr(stages, "fusion_stage", raising)
    return lambda: monkeypatch.setattr(stages, "fusion_stage", intact)


def test_reexecution_from_failure_goes_on_after_the_last_good_stage(installation, beep, broken_fusion):
    calls = beep()
    study_id = installation.intake(numbers(1, 2, 3))
    died = installation.run(study_id)
    assert not died.success
    assert calls == VERBS
    assert installation.releases(study_id) == []
    broken_fusion()
    run = installation.resume(died.run_id)
    assert run.is_success
    assert calls == VERBS, "work was repeated"
    steps = {s.step_key for s in installation.instance.get_run_step_stats(run.run_id)}
    assert steps == {"fusion", "scoring", "report", "release"}
    (row,) = installation.releases(study_id)
    assert row.state is State.COMPLETE
    assert installation.report(study_id)["final_state"] == "COMPLETE"
    assert installation.row(study_id).final_state == "COMPLETE"


def test_reexecution_of_one_failed_branch_keeps_its_siblings(installation, beep):
    def first_dies(path, options):
        raise SystemExit  # no Exception: neither the branch nor the taxonomy turns it into data

    calls = beep(validate=first_dies)

    def both(folder):
        numbers(4, 5)(folder)
        (folder / "metadata.json").write_text('{"patient": {"age_years": 61, "sex": "F"}}')

    study_id = installation.intake(both)
    assert not installation.run(study_id).success
    (record,) = installation.instance.get_runs()
    assert record.is_failure
    beep()
    assert installation.resume(record.run_id).is_success
    assert calls == ["validate", *VERBS]
    assert len(installation.releases(study_id)) == 1


def test_new_run_takes_every_checkpoint_and_gives_the_same_report(installation, beep):
    calls = beep()
    study_id = installation.intake(numbers(1, 2, 3))
    installation.run(study_id)
    assert set(installation.dossier_outcomes(study_id).values()) == {False}
    installation.run(study_id)
    assert calls == VERBS
    assert set(installation.dossier_outcomes(study_id).values()) == {True}


def test_raised_code_version_is_worked_on_again(installation, beep):
    calls = beep()
    study_id = installation.intake(numbers(1, 2, 3))
    installation.run(study_id)
    beep(code_version="2")
    installation.run(study_id)
    assert calls == VERBS * 2
    assert set(installation.dossier_outcomes(study_id).values()) == {False}


def test_unreadable_checkpoint_is_made_again(installation, beep):
    calls = beep()
    study_id = installation.intake(numbers(1, 2, 3))
    installation.run(study_id)
    folder = Path(installation.stores.checkpoint_url) / study_id
    for stage in ("validation", "preprocessing", "detection", "analysis"):
        (folder / stage / "beep.parquet").write_bytes(b"spoilt")
    assert installation.run(study_id).success
    assert calls == VERBS * 2


def test_released_report_is_never_written_again(installation, beep):
    beep()
    study_id = installation.intake(numbers(1, 2, 3))
    installation.run(study_id)
    (row,) = installation.releases(study_id)
    html = Path(row.report_path) / "report.html"
    before = html.read_bytes(), html.stat().st_mtime_ns
    beep(code_version="2")
    assert installation.run(study_id).success
    assert (html.read_bytes(), html.stat().st_mtime_ns) == before
    assert hashlib.sha256(before[0]).hexdigest() == row.report_sha256


def test_checkpoints_are_plain_parquet_without_pickle(installation, beep):
    beep()
    study_id = installation.intake(numbers(1, 2, 3))
    installation.run(study_id)
    store = Path(installation.stores.checkpoint_url) / study_id
    frame = pd.read_parquet(store / "analysis" / "beep.parquet")
    assert frame.shape[0] >= 1
    files = [p for p in installation.settings.store_dir.rglob("*") if p.is_file()]
    stores = {".parquet", ".db", ".db-shm", ".db-wal", ".key", ".npz", ".sqlite", ""}
    reports = {".json", ".html", ".pdf", ".dcm", ".csv"}
    assert {p.suffix for p in files} <= stores | reports | {".beep"}
    parquet = [p for p in files if p.suffix == ".parquet"]
    assert len(parquet) >= 8
    assert all(p.read_bytes()[:4] == p.read_bytes()[-4:] == b"PAR1" for p in parquet)


def test_package_never_imports_pickle():
    package = Path(stages.__file__).parents[1]
    users = [
        p.name
        for p in package.rglob("*.py")
        for name in ("pickle", "joblib", "dill", "shelve", "marshal")
        if f"import {name}" in p.read_text() or f"from {name}" in p.read_text()
    ]
    assert users == []
