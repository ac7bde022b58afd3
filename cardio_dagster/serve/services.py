"""The services of a profile: which processes, in which order, how each is asked whether it answers.

Belongs here: commands and what the services find in their folders. Not here: keeping them alive (supervisor.py).
"""

import json
import shutil
import signal
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from cardio_dagster.serve.connections import DAGSTERS, embedded_broker_url, embedded_database_url, socket_dir, urls_of
from cardio_dagster.serve.probes import Alive, Answers, Database, Http, Redis, Tcp
from cardio_dagster.serve.site import HOST, Profile, Site, free_port
from cardio_dagster.serve.worker_sets import queue_sets

__all__ = ["Service", "Site", "free_port", "prepare", "services"]

WORKER_PROCESSES = 2
ALIVE = Alive()


@dataclass(frozen=True, slots=True)
class Service:
    """One process: its name, its command, the sign that it works, the signal that ends it in order.

    `once`: it runs to its end before the next starts, and must end well. `needed`: the next starts when it answers;
    those that nobody needs are started together and waited for afterwards. `patience_s`: what it may take to end.
    """

    name: str
    command: tuple[str, ...]
    probe: Answers = ALIVE
    once: bool = False
    needed: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    patience_s: float = 15.0


def services(site: Site) -> tuple[Service, ...]:
    """Return the services in the order of their start: what others need comes first."""
    return (*_stores(site), *_dagster(site), *_doors(site), *_workers(site))


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _stores(site: Site) -> tuple[Service, ...]:
    """The embedded servers, and the tables of both databases."""
    found = []
    if site.embedded:
        command = _module("cardio_dagster.serve.embedded.postgres", str(site.embedded_dir), str(socket_dir(site)))
        probe = Database(embedded_database_url(site, "postgres"))
        # SIGTERM would wait for every client to leave; SIGINT is PostgreSQL's fast, clean end
        found.append(Service("postgres", command, probe, needed=True, stop_signal=signal.SIGINT, patience_s=30.0))
    if site.broker_port is not None:
        command = _module("cardio_dagster.serve.embedded.redis", str(site.embedded_dir), str(site.broker_port))
        found.append(Service("redis", command, Redis(embedded_broker_url(site)), needed=True))
    tables = _module("cardio_dagster.serve.tables", *([DAGSTERS] if site.embedded else []))
    found.append(Service("tables", tables, once=True))
    found.append(Service("instance", _module("cardio_dagster.orchestration.prepare_instance"), once=True))
    return tuple(found)


def _dagster(site: Site) -> tuple[Service, ...]:
    """Code server, daemon and UI: their own processes, so that a killed daemon does not take the runs with it."""
    workspace = str(site.run_dir / "workspace.yaml")
    code = ("api", "grpc", "-m", "cardio_dagster.definitions", "-h", HOST, "-p", str(site.code_port))
    ui = ("-w", workspace, "-h", HOST)
    server = _module("dagster", *code, "--location-name", "cardio_dagster")
    found = [
        Service("code", server, Tcp(HOST, site.code_port), needed=True),
        Service("daemon", _module("cardio_dagster.orchestration.daemon", "run", "-w", workspace), patience_s=20.0),
        Service("ui", _module("dagster_webserver", *ui, "-p", str(site.ui_port)), Http(f"{site.ui_url}/server_info")),
    ]
    if site.readonly_port is not None:
        command = _module("dagster_webserver", *ui, "-p", str(site.readonly_port), "--read-only")
        found.append(Service("ui-readonly", command, Http(f"http://{HOST}:{site.readonly_port}/server_info")))
    return tuple(found)


def _doors(site: Site) -> tuple[Service, ...]:
    """What hospitals and people talk to."""
    found = []
    if site.report_port is not None:
        folder = str(site.data_dir / "store" / "reports")
        command = _module("http.server", str(site.report_port), "--bind", HOST, "--directory", folder)
        found.append(Service("reports", command, Tcp(HOST, site.report_port)))
    if site.gateway_port is not None:
        command = _module("cardio_dagster.gateway", "--host", site.host, "--port", str(site.gateway_port))
        found.append(Service("gateway", command, Http(f"http://{_reached(site.host)}:{site.gateway_port}/health")))
    if site.receiver_port is not None:
        command = _module("cardio_dagster.gateway.dicom", "--port", str(site.receiver_port), "--aet", site.aet)
        found.append(Service("receiver", command, Tcp(HOST, site.receiver_port)))
    return tuple(found)


def _reached(host: str) -> str:
    """Return where a service that listens on `host` is reached from here."""
    return HOST if host in {"0.0.0.0", "::", ""} else host


def _workers(site: Site) -> tuple[Service, ...]:
    if site.profile is not Profile.CLUSTER:
        return ()
    found = []
    for number, queues in enumerate(queue_sets(site.workers), start=1):
        arguments = ("--queue", ",".join(queues), "--concurrency", str(WORKER_PROCESSES), "--name", f"worker-{number}")
        command = _module("cardio_dagster.serve.worker", *arguments)
        # it ends when its study has; killed before, the study is done again by another
        found.append(Service(f"worker-{number}", command, patience_s=60.0))
    if site.flower_port is not None:
        # the broker's URL has a password: it travels in the environment, not in a command that everybody can list
        command = _module("cardio_dagster.serve.flower", str(site.flower_port))
        found.append(Service("flower", command, Tcp(HOST, site.flower_port)))
    return tuple(found)


def prepare(site: Site) -> None:
    """Make the folders, Dagster's instance file and the workspace file (JSON, which is YAML too)."""
    for folder in (site.run_dir, site.dagster_home, site.data_dir / "landing", site.data_dir / "store" / "reports"):
        folder.mkdir(parents=True, exist_ok=True)
    instance = _instance_file() if site.profile is Profile.LOCAL else profile_file(site.profile)
    shutil.copyfile(instance, site.dagster_home / "dagster.yaml")
    server = {"host": HOST, "port": site.code_port, "location_name": "cardio_dagster"}
    (site.run_dir / "workspace.yaml").write_text(json.dumps({"load_from": [{"grpc_server": server}]}))
    urls_of(site)  # makes the embedded broker's password before anything asks for it


def _instance_file() -> Path:
    """Return the dagster.yaml of the checkout, or the one that the wheel carries."""
    packaged = Path(str(resources.files("cardio_dagster") / "serve" / "dagster.yaml"))
    return packaged if packaged.is_file() else Path(__file__).parents[2] / "dagster.yaml"


def profile_file(profile: Profile) -> Path:
    """Return the dagster.yaml of a profile: the one that the wheel carries, or that of the checkout."""
    packaged = Path(str(resources.files("cardio_dagster") / "serve" / f"dagster.{profile.value}.yaml"))
    checkout = Path(__file__).parents[2] / "deploy" / profile.value / "dagster.yaml"
    return packaged if packaged.is_file() else checkout
