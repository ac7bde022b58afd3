"""What each profile runs, in which order, and that no password stands where others can read it."""

import json
import stat
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.commands.up import site_of
from cardio_dagster.serve import connections as module
from cardio_dagster.serve.connections import (
    embedded_broker_url,
    environment,
    environment_file,
    socket_dir,
    urls_of,
    write_environment,
)
from cardio_dagster.serve.probes import Database, Http, Redis, Tcp, without_password
from cardio_dagster.serve.services import prepare, profile_file, services
from cardio_dagster.serve.site import Profile, Site, bound, free_port, read_site
from cardio_dagster.serve.worker_sets import ALL, queue_sets
from cardio_dagster_tests.serve.fakes import site_in


def site(profile: str, clean_environment, tmp_path, **more) -> Site:
    clean_environment.setenv("CARDIO_DATA_DIR", str(tmp_path / "data"))
    return site_of(Profile(profile), **more)


@pytest.mark.parametrize(
    ("profile", "embedded", "names"),
    [
        ("local", False, "tables instance code daemon ui gateway"),
        ("server", False, "tables instance code daemon ui ui-readonly gateway receiver"),
        ("server", True, "postgres tables instance code daemon ui ui-readonly gateway receiver"),
        (
            "cluster",
            True,
            "postgres redis tables instance code daemon ui ui-readonly gateway receiver worker-1 worker-2 flower",
        ),
    ],
)
def test_services_and_their_order(profile, embedded, names, clean_environment, tmp_path):
    chosen = services(site(profile, clean_environment, tmp_path, embedded=embedded))
    assert " ".join(s.name for s in chosen) == names


def test_the_demonstration_has_the_bare_report_server_and_no_door(tmp_path):
    found = services(Site(tmp_path, 1, 2, 3))
    assert [s.name for s in found] == ["tables", "instance", "code", "daemon", "ui", "reports"]


def test_what_others_need_is_waited_for(clean_environment, tmp_path):
    found = services(site("cluster", clean_environment, tmp_path, embedded=True))
    assert [s.name for s in found if s.needed or s.once] == ["postgres", "redis", "tables", "instance", "code"]


def test_the_second_ui_is_read_only_and_only_that_one(clean_environment, tmp_path):
    found = {s.name: s.command for s in services(site("server", clean_environment, tmp_path))}
    assert "--read-only" in found["ui-readonly"]
    assert "--read-only" not in found["ui"]


def test_everything_without_a_login_listens_on_this_machine_only(clean_environment, tmp_path):
    clean_environment.setenv("CARDIO_HOST", "0.0.0.0")
    found = {s.name: s.command for s in services(site("cluster", clean_environment, tmp_path, embedded=True))}
    assert [name for name, command in found.items() if "0.0.0.0" in command] == ["gateway"]


def test_no_password_in_a_command_or_in_the_site_file(clean_environment, tmp_path):
    chosen = site("cluster", clean_environment, tmp_path, embedded=True)
    urls_of(chosen)
    password = (chosen.embedded_dir / "redis.password").read_text()
    assert len(password) == 64
    assert password in urls_of(chosen)["CARDIO_BROKER_URL"]
    assert password not in chosen.write().read_text()
    assert not any(password in part for s in services(chosen) for part in s.command)
    assert password not in repr(services(chosen))
    assert stat.S_IMODE((chosen.embedded_dir / "redis.password").stat().st_mode) == 0o600


def test_a_site_survives_its_file(clean_environment, tmp_path):
    for profile in Profile:
        chosen = site(profile.value, clean_environment, tmp_path, embedded=profile is not Profile.LOCAL)
        assert read_site(chosen.write()) == chosen


def test_the_environment_of_services(clean_environment, tmp_path):
    chosen = site("server", clean_environment, tmp_path, embedded=True)
    told = environment(chosen)
    assert told["CARDIO_DATABASE_URL"] == f"postgresql://postgres@/cardio?host={socket_dir(chosen)}"
    assert told["CARDIO_DAGSTER_DATABASE_URL"] != told["CARDIO_DATABASE_URL"]
    assert told["CARDIO_REPORT_URL"] == "http://127.0.0.1:8080/reports"
    assert told["DAGSTER_HOME"] == str(tmp_path / "data" / "dagster")
    assert "CARDIO_BROKER_URL" not in told


def test_variables_of_a_dot_env_file_reach_the_services(clean_environment, tmp_path):
    Path(".env").write_text("CARDIO_DAGSTER_DATABASE_URL=postgresql://d\nCARDIO_DATABASE_URL=postgresql://c\n")
    told = environment(site("server", clean_environment, tmp_path))
    assert (told["CARDIO_DAGSTER_DATABASE_URL"], told["CARDIO_DATABASE_URL"]) == ("postgresql://d", "postgresql://c")


def test_the_file_for_other_shells_is_the_owner_s_alone(clean_environment, tmp_path):
    chosen = site("cluster", clean_environment, tmp_path, embedded=True)
    chosen.run_dir.mkdir(parents=True)
    write_environment(chosen)
    path = environment_file(chosen)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"export CARDIO_BROKER_URL={embedded_broker_url(chosen)}\n" in path.read_text()


def test_a_long_path_gets_a_short_socket_folder(tmp_path):
    short, long = site_in(Path("/srv/cardio")), site_in(tmp_path / ("x" * 90))
    assert socket_dir(short) == short.run_dir / "postgres"
    assert len(str(socket_dir(long))) < 80
    assert socket_dir(long) != socket_dir(site_in(tmp_path / ("y" * 90)))
    assert module._LONGEST_SOCKET_DIR + len("/.s.PGSQL.5432.lock") < 108


def test_prepare_writes_what_dagster_reads(clean_environment, tmp_path):
    chosen = site("server", clean_environment, tmp_path, embedded=True)
    prepare(chosen)
    assert (chosen.dagster_home / "dagster.yaml").read_bytes() == profile_file(Profile.SERVER).read_bytes()
    workspace = json.loads((chosen.run_dir / "workspace.yaml").read_text())
    assert workspace["load_from"][0]["grpc_server"]["port"] == chosen.code_port


@pytest.mark.parametrize("workers", range(1, 9))
def test_every_queue_has_a_worker_and_one_is_kept_for_what_cannot_wait(workers):
    sets = queue_sets(workers)
    assert len(sets) == workers
    assert {queue for one in sets for queue in one} == set(ALL)
    if workers > 1:
        assert "backfill" not in sets[0]
        assert "stat" in sets[0]


def test_probes_tell_what_does_not_answer():
    port = free_port(0)
    assert "refused" in Tcp("127.0.0.1", port).fault()
    assert "refused" in Http(f"http://127.0.0.1:{port}/").fault()
    assert "refused" in Database(f"postgresql://u:secret@127.0.0.1:{port}/d").fault()
    assert "refused" in Redis(f"redis://:secret@127.0.0.1:{port}/0").fault()
    assert bound(port) == port


PASSWORDS = st.text(string.ascii_letters + string.digits + "-_.!$%*/", min_size=4, max_size=24)


@given(PASSWORDS, st.sampled_from(["{url} refused", "no entry for {password}", "at {url}\nand {password}"]))
def test_no_password_survives_in_a_message(password, message):
    url = f"postgresql://cardiouser:{password}@database/name"
    said = without_password(message.format(url=url, password=password), url)
    remaining = message.format(url="postgresql://cardiouser:***@database/name", password="***")
    assert said == remaining.splitlines()[0] or password not in said
