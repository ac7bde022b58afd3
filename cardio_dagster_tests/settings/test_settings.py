"""Settings: the environment is read once, wrong values are told with variable, value and cure."""

from pathlib import Path

import pytest

from cardio_dagster.errors import SettingsError
from cardio_dagster.settings import Settings, settings


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_defaults_are_the_embedded_installation(tmp_path):
    chosen = settings()
    assert chosen.landing_dir == tmp_path / "data" / "landing"
    assert chosen.database == f"sqlite:///{tmp_path / 'data' / 'store' / 'cardio.db'}"
    assert chosen.checkpoints == str(tmp_path / "data" / "store" / "checkpoints")


def test_one_setting_moves_the_results_to_postgresql(monkeypatch):
    monkeypatch.setenv("CARDIO_DATABASE_URL", "postgresql://u:p@host/db")
    assert settings().database == "postgresql://u:p@host/db"


def test_env_file_is_read(tmp_path):
    (tmp_path / ".env").write_text("CARDIO_QUIET_WINDOW_S=3\n")
    assert settings().quiet_window_s == 3


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CARDIO_QUIET_WINDOW_S", "-1", "greater than or equal to 0"),
        ("CARDIO_THREADS", "two", "valid integer"),
        ("CARDIO_MAX_FILE_MB", "0", "greater than 0"),
    ],
)
def test_wrong_value_is_named_with_its_cure(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        settings()
    assert f"{name}={value!r}" in str(refused.value)
    assert said in str(refused.value)
    assert "Allowed: " in str(refused.value)
    assert "or unset it for" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CARDIO_DATABASE_URL", "mysql://me:hunter2@x", "use sqlite:///PATH or postgresql://"),
        ("CARDIO_SITE_KEY", "hunter2", "openssl rand"),
    ],
)
def test_a_wrong_secret_is_named_but_not_repeated(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        settings()
    assert name in str(refused.value)
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_every_setting_is_described():
    assert all(field.description for field in Settings.model_fields.values())
    assert Settings().data_dir == Path("data")


def test_a_folder_of_notes_that_is_not_there_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("CARDIO_EVIDENCE_NOTES", str(tmp_path / "none"))
    settings.cache_clear()
    with pytest.raises(SettingsError, match=r"CARDIO_EVIDENCE_NOTES.*no such folder"):
        settings()
    settings.cache_clear()
