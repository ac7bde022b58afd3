"""The dagster.yaml of each profile is one that Dagster accepts, and keeps what the house has decided."""

import importlib
from pathlib import Path

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config

ROOT = Path(__file__).parents[2]
PROFILES = ("local", "server", "cluster")


def instance(profile: str) -> dict:
    return yaml.safe_load((ROOT / "deploy" / profile / "dagster.yaml").read_text())


@pytest.mark.parametrize("profile", PROFILES)
def test_dagster_accepts_it(profile, monkeypatch):
    monkeypatch.setenv("CARDIO_DAGSTER_DATABASE_URL", "postgresql://u@h/d")
    monkeypatch.setenv("CARDIO_BROKER_URL", "redis://h/0")
    config, _custom = dagster_instance_config(str(ROOT / "deploy" / profile))
    assert config["telemetry"] == {"enabled": False}


def test_the_local_one_is_that_of_the_checkout():
    assert (ROOT / "deploy" / "local" / "dagster.yaml").read_bytes() == (ROOT / "dagster.yaml").read_bytes()


@pytest.mark.parametrize("profile", PROFILES)
def test_decisions_hold_in_every_profile(profile):
    found = instance(profile)
    assert found["run_retries"] == {"enabled": False, "retry_on_asset_or_op_failure": False}
    assert found["run_monitoring"]["free_slots_after_run_end_seconds"] == 60
    assert found["run_monitoring"]["max_runtime_seconds"] > 3600  # above CARDIO_STUDY_DEADLINE_S
    assert found["retention"] == instance("local")["retention"]


@pytest.mark.parametrize("profile", ["server", "cluster"])
def test_served_profiles_keep_no_password_in_the_file(profile):
    storage = instance(profile)["storage"]["custom"]
    assert storage["config"] == {"postgres_url": {"env": "CARDIO_DAGSTER_DATABASE_URL"}}
    assert getattr(importlib.import_module(storage["module"]), storage["class"])
