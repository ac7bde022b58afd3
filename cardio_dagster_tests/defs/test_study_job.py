"""The study job: one study through its assets, on an instance of its own."""

import json
from pathlib import Path

import pytest

from cardio_dagster.demo import studies
from cardio_dagster.orchestration.events import STAGES
from cardio_dagster.orchestration.intake import close_exhausted
from cardio_dagster.outcome import State
from cardio_dagster_tests.defs.installation import events


def report_of(installation, study_id):
    (row,) = installation.stores.results().released(study_id)
    return row, json.loads((Path(row.report_path) / "report.json").read_text())


def test_study_reaches_complete_with_every_asset_and_check(installation):
    study_id = installation.intake(studies.ecg_only)
    result = installation.run(study_id)
    assert result.success
    made = {
        e.materialization.asset_key.to_user_string(): e.materialization for e in events(result, "ASSET_MATERIALIZATION")
    }
    assert set(made) == set(STAGES)
    assert {m.partition for m in made.values()} == {study_id}
    assert all(m.tags["dagster/data_version_is_user_provided"] == "true" for m in made.values())
    checks = events(result, "ASSET_CHECK_EVALUATION")
    assert {c.asset_key.to_user_string() for c in checks} == set(STAGES)
    assert {c.partition for c in checks} == {study_id}
    row, report = report_of(installation, study_id)
    assert (row.state, row.coverage) == (State.COMPLETE, "ECG_ONLY")
    assert report["final_state"] == "COMPLETE"
    timings = installation.execution(study_id)["stage_timings"]
    assert list(timings) == [s.name for s in State if State.RECEIPT <= s <= State.FORMATTING]
    assert installation.stores.registry().get(study_id).final_state == "COMPLETE"
    told = made["report"].metadata
    assert told["unverified"].value == 0
    assert told["statements"].value == len(report["written"]["statements"]) > 0
    for tier in ("parallel_tier1", "parallel_tier2"):
        assert told[tier].value["failed_tasks"] == 0
        assert told[tier].value["speedup_vs_sequential"] > 0


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (studies.truncated_cine, "E_CORRUPT_001"),
        (studies.text_as_echo, "E_HARD_001"),
        (studies.nothing_valid, "E_HARD_001"),
    ],
)
def test_study_in_error_gets_its_response_and_a_red_run(installation, write, code):
    study_id = installation.intake(write)
    result = installation.run(study_id)
    assert not result.success
    row, report = report_of(installation, study_id)
    assert (row.status, row.code, row.state) == ("error", code, State.ERROR)
    assert report["error"]["code"] == code
    assert (Path(row.report_path) / "report.html").is_file()
    assert installation.stores.registry().pending() == ()


def test_same_study_gives_the_same_data_versions(installation):
    study_id = installation.intake(studies.ecg_only)
    versions = []
    for _ in range(2):
        made = events(installation.run(study_id), "ASSET_MATERIALIZATION")
        versions.append({e.materialization.asset_key: e.materialization.tags["dagster/data_version"] for e in made})
    assert versions[0] == versions[1]
    assert len(installation.stores.results().released(study_id)) == 1


def test_fusion_plots_the_fused_value_and_not_the_first_one_told(installation):
    study_id = installation.intake(studies.fibrillation)  # its metadata say 72, its ECG about 96
    made = events(installation.run(study_id), "ASSET_MATERIALIZATION")
    (fused,) = [e.materialization for e in made if e.materialization.asset_key.to_user_string() == "fusion"]
    assert fused.metadata["heart_rate_bpm"].value == pytest.approx(96, abs=3)
    assert {"measurements", "coverage", "duration_ms"} <= set(fused.metadata)


def test_study_launched_again_after_an_error_gets_its_real_report(installation):
    study_id = installation.intake(studies.ecg_only)
    close_exhausted((installation.stores.row(study_id),), installation.stores)
    assert report_of(installation, study_id)[1]["error"]["code"] == "E_RETRIES_001"
    assert installation.run(study_id).success
    row, report = report_of(installation, study_id)
    assert (row.status, row.state, report["final_state"]) == ("released", State.COMPLETE, "COMPLETE")
    assert installation.stores.row(study_id).final_state == "COMPLETE"
