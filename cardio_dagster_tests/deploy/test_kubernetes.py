"""Values for Dagster's Helm chart and the manifests beside it, against the keys and schemas of those who read them."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from cardio_dagster import __version__
from cardio_dagster.serve.worker_sets import queue_sets

CLUSTER = Path(__file__).parents[2] / "deploy" / "cluster"
# keys of the chart's values.schema.json (dagster-io/dagster, helm/dagster, commit bdb8547f); None: anything below
_ANY = None
_IMAGE = {"repository", "tag", "pullPolicy"}
_POD = {"annotations", "nodeSelector", "affinity", "tolerations", "podSecurityContext", "securityContext", "resources"}
_ENV = {"env", "envConfigMaps", "envSecrets", "labels", "livenessProbe", "readinessProbe", "startupProbe"}
CHART = {
    "global": {"postgresqlSecretName", "dagsterHome", "serviceAccountName", "celeryConfigSecretName"},
    "generatePostgresqlPasswordSecret": _ANY,
    "generateCeleryConfigSecret": _ANY,
    "telemetry": {"enabled"},
    "postgresql": {"image", "enabled", "postgresqlHost", "postgresqlUsername", "postgresqlPassword", "postgresqlDatabase", "postgresqlParams", "postgresqlScheme", "service"},
    "rabbitmq": {"enabled", "image", "rabbitmq", "service", "volumePermissions"},
    "redis": {"enabled", "internal", "usePassword", "password", "host", "port", "brokerUrl", "backendUrl"},
    "flower": {"enabled", "service", *_POD},
    "dagsterWebserver": {"replicaCount", "image", "service", "workspace", "enableReadOnly", "pathPrefix", *_POD, *_ENV},
    "dagsterDaemon": {"enabled", "image", "runCoordinator", "heartbeatTolerance", "runMonitoring", "runRetries", "sensors", "schedules", *_POD, *_ENV},
    "runLauncher": {"type", "config"},
    "retention": {"enabled", "sensor", "schedule", "autoMaterialize"},
    "dagster-user-deployments": {"enabled", "enableSubchart", "imagePullSecrets", "deployments"},
}  # fmt: skip
DEPLOYMENT = {"name", "image", "dagsterApiGrpcArgs", "codeServerArgs", "port", "volumes", "volumeMounts", *_POD, *_ENV}
LAUNCHERS = {"K8sRunLauncher", "CeleryK8sRunLauncher", "CustomRunLauncher"}
COORDINATORS = {"QueuedRunCoordinator", "CustomRunCoordinator"}


@pytest.fixture(scope="module")
def values() -> dict:
    return yaml.safe_load((CLUSTER / "helm-values.yaml").read_text())


@pytest.fixture(scope="module")
def instance() -> dict:
    return yaml.safe_load((CLUSTER / "dagster.yaml").read_text())


@cache
def manifests() -> list[dict]:
    return [one for one in yaml.load_all((CLUSTER / "kubernetes.yaml").read_text(), yaml.CSafeLoader) if one]


def deployments() -> dict[str, dict]:
    return {one["metadata"]["name"]: one for one in manifests() if one["kind"] == "Deployment"}


def test_every_key_is_one_of_the_chart(values):
    assert set(values) <= set(CHART)
    for name, below in values.items():
        if CHART[name] is not _ANY:
            assert set(below) <= CHART[name], name
    for one in values["dagster-user-deployments"]["deployments"]:
        assert set(one) <= DEPLOYMENT
        assert {"name", "image", "port"} <= set(one)


def test_launcher_and_coordinator_are_those_of_the_instance_file(values, instance):
    launcher, coordinator = values["runLauncher"], values["dagsterDaemon"]["runCoordinator"]
    assert launcher["type"] in LAUNCHERS
    assert coordinator["type"] in COORDINATORS
    assert launcher["config"]["customRunLauncher"] == instance["run_launcher"]
    assert coordinator["config"]["customRunCoordinator"] == instance["run_coordinator"]
    assert (
        values["dagsterDaemon"]["runMonitoring"]["maxRuntimeSeconds"]
        == instance["run_monitoring"]["max_runtime_seconds"]
    )
    assert not values["dagsterDaemon"]["runRetries"]["enabled"]


def test_images_are_pinned_and_users_are_not_root(values):
    for part in (
        values["dagsterWebserver"],
        values["dagsterDaemon"],
        *values["dagster-user-deployments"]["deployments"],
    ):
        assert part["image"]["tag"] == __version__
        assert set(part["image"]) == _IMAGE
        assert part["podSecurityContext"]["runAsNonRoot"]
        assert part["securityContext"]["allowPrivilegeEscalation"] is False
    for name, one in deployments().items():
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"], name
        assert all(c["image"].endswith(f":{__version__}") for c in pod["containers"]), name
        assert all(c["securityContext"]["readOnlyRootFilesystem"] for c in pod["containers"]), name
        assert all("livenessProbe" in c for c in pod["containers"]), name


def test_auditors_have_a_read_only_ui(values):
    assert values["dagsterWebserver"]["enableReadOnly"]


def test_no_secret_stands_in_the_files(values):
    assert "postgresqlPassword" not in values["postgresql"]
    text = (CLUSTER / "kubernetes.yaml").read_text() + (CLUSTER / "helm-values.yaml").read_text()
    assert "://:" not in text
    for name, one in deployments().items():
        for container in one["spec"]["template"]["spec"]["containers"]:
            assert {"secretRef": {"name": "cardio"}} in container["envFrom"], name


def test_selectors_find_their_pods():
    found = deployments()
    for one in found.values():
        labels = one["spec"]["template"]["metadata"]["labels"]
        assert one["spec"]["selector"]["matchLabels"].items() <= labels.items()
    for service in (one for one in manifests() if one["kind"] == "Service"):
        pod = found[service["metadata"]["name"]]["spec"]["template"]
        assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        ports = {p["containerPort"] for c in pod["spec"]["containers"] for p in c["ports"]}
        assert {p["targetPort"] for p in service["spec"]["ports"]} == ports


def test_workers_serve_the_queues_of_the_supervisor():
    for name, queues in zip(("worker-express", "worker"), queue_sets(2), strict=True):
        command = deployments()[name]["spec"]["template"]["spec"]["containers"][0]["command"]
        assert command[command.index("--queue") + 1] == ",".join(queues)


@pytest.mark.parametrize("one", manifests(), ids=lambda m: f"{m['kind']}-{m['metadata']['name']}")
def test_manifests_follow_the_schemas_of_kubernetes(one):
    validator = pytest.importorskip("kubernetes_validate", reason="install kubernetes-validate")
    validator.validate(one, "1.31", strict=True)
