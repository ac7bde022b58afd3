"""The services of the local profile: which processes, with which environment.

Belongs here: commands, ports and files. Not here: keeping them alive (supervisor.py).
"""

import json
import os
import shutil
import socket
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from cardio_dagster.errors import SettingsError

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Service:
    """One process: its name and its command."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """Where the local profile runs: its data folder and its ports."""

    data_dir: Path
    ui_port: int
    report_port: int
    code_port: int

    @property
    def run_dir(self) -> Path:
        """Folder of pid files and logs."""
        return self.data_dir / "run"

    @property
    def dagster_home(self) -> Path:
        """Folder of Dagster's own instance."""
        return self.data_dir / "dagster"

    @property
    def ui_url(self) -> str:
        """Address of the Dagster UI."""
        return f"http://{HOST}:{self.ui_port}"

    @property
    def report_url(self) -> str:
        """Address of the report pages."""
        return f"http://{HOST}:{self.report_port}"

    def environment(self) -> dict[str, str]:
        """Return the environment of every service."""
        return {
            **os.environ,
            "DAGSTER_HOME": str(self.dagster_home),
            "CARDIO_DATA_DIR": str(self.data_dir),
            "CARDIO_REPORT_URL": self.report_url,
            # two runs side by side on few cores: numeric libraries must not each take them all
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        }


def free_port(preferred: int) -> int:
    """Return `preferred` if nothing listens there, else any free port."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SettingsError("no free port on this machine; end something that listens")


def services(site: Site) -> tuple[Service, ...]:
    """Return the services in the order of their start."""
    python = sys.executable
    workspace = str(site.run_dir / "workspace.yaml")
    reports = str(site.data_dir / "store" / "reports")
    code = ("-m", "dagster", "api", "grpc", "-m", "cardio_dagster.definitions", "-h", HOST, "-p", str(site.code_port))
    return (
        Service("code", (python, *code, "--location-name", "cardio_dagster")),
        Service("daemon", (str(Path(python).with_name("dagster-daemon")), "run", "-w", workspace)),
        Service("ui", (python, "-m", "dagster_webserver", "-w", workspace, "-h", HOST, "-p", str(site.ui_port))),
        Service(
            "reports", (python, "-m", "http.server", str(site.report_port), "--bind", HOST, "--directory", reports)
        ),
    )


def prepare(site: Site) -> None:
    """Make the folders, Dagster's instance file and the workspace file (JSON, which is YAML too)."""
    for folder in (site.run_dir, site.dagster_home, site.data_dir / "landing", site.data_dir / "store" / "reports"):
        folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_instance_file(), site.dagster_home / "dagster.yaml")
    server = {"host": HOST, "port": site.code_port, "location_name": "cardio_dagster"}
    (site.run_dir / "workspace.yaml").write_text(json.dumps({"load_from": [{"grpc_server": server}]}))


def _instance_file() -> Path:
    """Return the dagster.yaml of the checkout, or the one that the wheel carries."""
    packaged = Path(str(resources.files("cardio_dagster") / "serve" / "dagster.yaml"))
    return packaged if packaged.is_file() else Path(__file__).parents[2] / "dagster.yaml"
