"""All groups of settings: names that exist once, limits that hold, words that help, secrets that stay, and the page of them."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from cardio_dagster.commands.settings_page import settings_page
from cardio_dagster.errors import SettingsError
from cardio_dagster.settings import (
    GROUPS,
    DeploymentSettings,
    WatchSettings,
    cluster_settings,
    deployment_settings,
    described,
    forget_settings,
    gateway_settings,
    require_valid_settings,
)
from cardio_dagster.settings import settings as chosen_settings
from cardio_dagster.settings.reading import NOT_OURS, read, variable_of

PACKAGE = Path(__file__).parents[2] / "cardio_dagster"
EVERY = [(group, name) for group in GROUPS.values() for name in group.model_fields]
NUMBERS = [(g, n) for g, n in EVERY if re.search("int|float", str(g.model_fields[n].annotation))]
DOCS = PACKAGE.parent / "docs"
SECRET = "hunter2-is-the-password"


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for name in [n for n in os.environ if n.startswith("CARDIO_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    forget_settings()


def test_each_variable_is_one_setting():
    named = Counter(variable_of(group, name) for group, name in EVERY)
    assert [name for name, count in named.items() if count > 1] == []
    assert not NOT_OURS & set(named)


@pytest.mark.parametrize(("group", "name"), EVERY, ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_each_setting_is_described_and_its_default_is_allowed(group, name):
    (told,) = (one for one in described(group) if one.variable == variable_of(group, name))
    assert told.description
    assert told.default
    assert told.allowed
    field = group.model_fields[name]
    if isinstance(field.default, int | float) and not isinstance(field.default, bool):
        assert group(**{name: field.default})
        assert field.metadata, "a number has limits"


@pytest.mark.parametrize(("group", "name"), NUMBERS, ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_each_number_refuses_what_is_beyond_its_limits(group, name, monkeypatch):
    field = group.model_fields[name]
    for wrong in ("-1", "1e300", "nan", "soon"):
        monkeypatch.setenv(variable_of(group, name), wrong)
        with pytest.raises(SettingsError) as refused:
            read(group)
        line = str(refused.value).splitlines()[1]
        assert line.startswith(f"{variable_of(group, name)}='{wrong}': ")
        assert "Allowed: " in line
        assert f"It is: {field.description}. Set it right, or unset it for " in line


def test_all_faults_of_all_groups_are_told_at_once(monkeypatch):
    wrong = {"CARDIO_UI_PORT": "0", "CARDIO_DICOM_PEERS": "A=soon", "CARDIO_NO_WORKER": "run", "CARDIO_THREADS": "two"}
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        require_valid_settings()
    lines = str(refused.value).splitlines()
    assert {line.split("=")[0] for line in lines[1:]} == set(wrong)
    assert "Allowed: wait, local." in str(refused.value)


@pytest.mark.parametrize(
    ("given_name", "meant"),
    [
        ("CARDIO_QUIET_WINDOW", "CARDIO_QUIET_WINDOW_S"),
        ("CARDIO_MAX_FILE_SIZE_MB", "CARDIO_MAX_FILE_MB"),
        ("CARDIO_BROKERURL", "CARDIO_BROKER_URL"),
        ("cardio_treads", "CARDIO_THREADS"),
    ],
)
def test_a_misspelt_variable_is_told_with_the_nearest_name(monkeypatch, given_name, meant):
    monkeypatch.setenv(given_name, "1")
    for reader in (chosen_settings, gateway_settings, require_valid_settings):
        with pytest.raises(SettingsError, match=rf"{given_name.upper()}: .*did you mean {meant}\?"):
            reader()


def test_a_misspelt_line_of_the_file_is_told_without_its_value():
    Path(".env").write_text(f"CARDIO_SITEKEY={SECRET}\n")
    with pytest.raises(SettingsError, match=r"did you mean CARDIO_SITE_KEY\?") as refused:
        chosen_settings()
    assert SECRET not in str(refused.value)


def test_a_name_like_no_other_is_told_too_and_others_are_left_alone(monkeypatch):
    for name in NOT_OURS:
        monkeypatch.setenv(name, "1")
    require_valid_settings()
    monkeypatch.setenv("CARDIO_XYZZY", "1")
    with pytest.raises(SettingsError, match=r"CARDIO_XYZZY: no setting has this name; docs/settings.md has all"):
        require_valid_settings()


def test_what_kubernetes_says_of_its_services_is_left_alone(monkeypatch):
    for name in ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT_8080_TCP", "PORT_8080_TCP_ADDR"):
        monkeypatch.setenv(f"CARDIO_GATEWAY_{name}", "10.0.0.1")
    require_valid_settings()


def test_every_secret_is_marked_and_no_message_repeats_one(monkeypatch):
    secret = [(g, n) for g, n in EVERY if not g.model_fields[n].repr]
    assert all((g, n) in secret for g, n in EVERY if g.model_fields[n].annotation == SecretStr | None)
    assert {n for _, n in secret} == {
        "database_url",
        "dagster_database_url",
        "checkpoint_url",
        "broker_url",
        "site_key",
    }
    for group, name in secret:
        if name == "checkpoint_url":
            continue  # any text is one
        monkeypatch.setenv(variable_of(group, name), f"mysql://u:{SECRET}@h" if name.endswith("url") else SECRET[:9])
    with pytest.raises(SettingsError) as refused:
        require_valid_settings()
    assert len(str(refused.value).splitlines()) == 5
    assert SECRET[:9] not in str(refused.value)


def test_no_secret_is_in_the_text_of_a_group(monkeypatch):
    for name in ("DATABASE_URL", "DAGSTER_DATABASE_URL"):
        monkeypatch.setenv(f"CARDIO_{name}", f"postgresql://u:{SECRET}@h/d")
    monkeypatch.setenv("CARDIO_BROKER_URL", f"redis://:{SECRET}@h")
    monkeypatch.setenv("CARDIO_CHECKPOINT_URL", f"s3://u:{SECRET}@h")
    monkeypatch.setenv("CARDIO_SITE_KEY", SECRET * 2)
    for reader in (chosen_settings, deployment_settings, cluster_settings):
        assert SECRET not in repr(reader()) + str(reader())


@pytest.mark.parametrize("text", ["host", ":80", "host:", "host:0", "host:65536", "host:http", "host:-1"])
def test_a_code_server_without_host_or_port_is_refused(text):
    with pytest.raises(ValidationError, match="HOST:PORT"):
        DeploymentSettings(code_server=text)


@given(host=st.from_regex(r"[a-z0-9.\[\]-]{1,20}", fullmatch=True), port=st.integers(1, 65535))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_code_server_is_a_host_and_a_port(host, port):
    assert DeploymentSettings(code_server=f"{host}:{port}").code_server_place == (host, port)


def test_dead_is_never_before_degraded():
    with pytest.raises(ValidationError, match="STAT_LATE_S is above STAT_DEAD_S"):
        WatchSettings(stat_late_s=400)
    with pytest.raises(ValidationError, match="DISK_FULL_MB is above DISK_LOW_MB"):
        WatchSettings(disk_full_mb=4096)


def test_the_message_of_several_fields_together_is_told(monkeypatch):
    monkeypatch.setenv("CARDIO_WATCH_STAT_LATE_S", "400")
    with pytest.raises(SettingsError, match=r"CARDIO_WATCH_\*: STAT_LATE_S is above STAT_DEAD_S; set it at or below"):
        require_valid_settings()


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.1,x", "10.0.0"])
def test_a_proxy_that_could_never_match_is_refused(monkeypatch, text):
    monkeypatch.setenv("CARDIO_GATEWAY_PROXIES", text)
    with pytest.raises(SettingsError, match="CARDIO_GATEWAY_PROXIES"):
        gateway_settings()


def test_the_page_is_that_of_these_models():
    assert (DOCS / "settings.md").read_text() == settings_page(), (
        "python -m cardio_dagster.commands.settings_page > docs/settings.md"
    )


def test_documents_and_deployment_name_only_variables_that_exist():
    known = {variable_of(group, name) for group, name in EVERY} | NOT_OURS
    files = [
        *DOCS.rglob("*.md"),
        *(DOCS.parent / "deploy").rglob("*.*"),
        DOCS.parent / "README.md",
        DOCS.parent / ".env.example",
    ]
    files += PACKAGE.rglob("*.py")
    for path in files:
        named = set(re.findall(r"CARDIO_[A-Z0-9_]+[A-Z0-9]", path.read_text(errors="ignore")))
        wrong = {n for n in named - known if not any(k.startswith(n) for k in known)} - {"CARDIO_DAGSTER"}
        assert not wrong, path


def test_nothing_else_in_the_package_reads_the_environment():
    """`os.environ` stands where a process hands its environment on, or sets what a library reads; never to read a setting."""
    passing = {"serve/connections.py", "serve/flower.py", "serve/worker.py", "cli/__init__.py"}
    for path in PACKAGE.rglob("*.py"):
        place = str(path.relative_to(PACKAGE))
        if place.startswith("settings/") or place in passing:
            continue
        assert not re.search(r"\bos\.(environ|getenv)", path.read_text()), place
