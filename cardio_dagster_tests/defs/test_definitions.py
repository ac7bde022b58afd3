"""The definitions: exactly these, each with its version, and bound to one installation."""

import dagster as dg
import pytest

from cardio_dagster.definitions import build_definitions
from cardio_dagster.orchestration.events import CHECK_NAME, STAGES, UPSTREAM
from cardio_dagster.pipeline.versions import code_version
from cardio_dagster.settings import Settings

UNPARTITIONED = {"protocols", "cohort", "ledger_anchor", "evaluation"}
JOBS = {
    "study",
    "bulk",
    "cohort_job",
    "reindex_protocols",
    "review_release",
    "anchor_job",
    "retention_survey",
    "evaluation_job",
    "backfill_studies",
    "maintenance",
}
SENSORS: dict[str, tuple[int, set[str]]] = {  # how often in seconds, and which jobs it may ask for
    "new_study_sensor": (2, {"study", "bulk"}),
    "review_sensor": (5, {"review_release"}),
    "escalation_sensor": (5, set()),
    "run_failure_sensor": (5, set()),
}
SCHEDULES = {
    "cohort_daily": "cohort_job",
    "anchor_daily": "anchor_job",
    "retention_monthly": "retention_survey",
    "evaluation_nightly": "evaluation_job",
    "backfill_nightly": "backfill_studies",
    "maintenance_weekly": "maintenance",
}
FANNED = {"validation", "preprocessing", "analysis"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    return build_definitions(settings).get_repository_def()


def assets_by_key(repository):
    return {key.to_user_string(): asset for key, asset in repository.assets_defs_by_key.items()}


def stages_by_key(repository):
    return {name: asset for name, asset in assets_by_key(repository).items() if name not in UNPARTITIONED}


def test_what_is_of_no_study_has_no_partition(repository):
    assert all(assets_by_key(repository)[name].partitions_def is None for name in UNPARTITIONED)


def test_exactly_one_asset_a_stage_in_their_order(repository):
    assets = assets_by_key(repository)
    assert set(assets) == {
        "receipt", "validation", "preprocessing", "detection", "analysis", "fusion", "scoring", "report", "release",
        *UNPARTITIONED,
    }  # fmt: skip
    for stage, upstream in UPSTREAM.items():
        parents = assets[stage].asset_deps[dg.AssetKey(stage)]
        assert parents == {dg.AssetKey(upstream)}


def test_every_stage_is_partitioned_by_study_and_versioned(repository):
    for stage, asset in stages_by_key(repository).items():
        assert isinstance(asset.partitions_def, dg.DynamicPartitionsDefinition)
        assert asset.partitions_def.name == "studies"
        assert asset.code_versions_by_key[dg.AssetKey(stage)] == code_version(STAGES[stage])


def test_the_code_version_of_a_fan_out_names_every_modality(repository):
    version = assets_by_key(repository)["validation"].code_versions_by_key[dg.AssetKey("validation")]
    assert all(f"{modality}-" in version for modality in ("ecg", "echo", "clinical"))


def test_exactly_one_check_a_stage_and_it_blocks_nothing(repository):
    specs = {
        key: spec
        for asset in repository.assets_defs_by_key.values()
        for key, spec in asset.check_specs_by_output_name.items()
    }
    checks = {(s.asset_key.to_user_string(), s.name) for s in specs.values()}
    checks |= {(k.asset_key.to_user_string(), k.name) for k in repository.asset_graph.asset_check_keys}
    others = {("protocols", "every_passage_has_references"), ("cohort", "table_is_sound")}
    others |= {("evaluation", name) for name in ("not_worse", "no_drift", "promoted")}
    assert checks == {(stage, CHECK_NAME) for stage in STAGES} | others
    assert not any(spec.blocking for spec in specs.values())


def test_exactly_these_jobs(repository):
    assert {j for j in repository.job_names if not j.startswith("__")} == JOBS


def test_exactly_these_sensors_run_by_themselves(repository):
    found = {
        s.name: (s.minimum_interval_seconds, {t.job_name for t in s.targets} if s.targets else set())
        for s in repository.sensor_defs
    }
    assert found == SENSORS
    assert {s.default_status for s in repository.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}


def test_exactly_these_schedules_of_these_jobs(repository):
    assert {s.name: s.job_name for s in repository.schedule_defs} == SCHEDULES


def test_a_decided_review_materializes_the_release_and_nothing_else(repository):
    job = repository.get_job("review_release")
    assert {k.to_user_string() for k in job.asset_layer.selected_asset_keys} == {"release"}


@pytest.mark.parametrize("name", sorted(JOBS - {"bulk"}))  # the sensor sets that of a bulk run, by its studies
def test_every_job_has_a_time_limit(repository, name):
    assert int(repository.get_job(name).tags["dagster/max_runtime"]) > 0


def test_the_study_job_runs_in_one_process_and_has_a_time_limit(repository):
    job = repository.get_job("study")
    assert job.executor_def.name == "in_process"
    assert int(job.tags["dagster/max_runtime"]) > 0
    assert {k.to_user_string() for k in job.asset_layer.selected_asset_keys} == set(STAGES)


def test_fan_out_stages_are_graphs_and_the_rest_are_single_ops(repository):
    for stage, asset in stages_by_key(repository).items():
        assert isinstance(asset.node_def, dg.GraphDefinition) == (stage in FANNED)


def test_no_job_starts_an_interpreter_for_each_step(repository):
    jobs = repository.get_all_jobs()
    assert {job.name for job in jobs} >= JOBS | {"__ASSET_JOB"}, "what is materialized in the UI runs in the last"
    assert {job.name: job.executor_def.name for job in jobs} == dict.fromkeys((job.name for job in jobs), "in_process")
