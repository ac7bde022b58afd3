"""Where and how an installation runs: its profile, its data folder, its ports, its addresses.

Belongs here: plain facts of one installation and the file that carries them to the supervisor.
Not here: commands (services.py), passwords (connections.py) or processes (supervisor.py).
"""

import json
import socket
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from cardio_dagster.errors import SettingsError

HOST = "127.0.0.1"
AE_TITLE = "CARDIO"
_PAGES = frozenset({"ui", "ui-readonly", "flower"})


class Profile(StrEnum):
    """The deployments of docs/deployment.md."""

    LOCAL = "local"
    SERVER = "server"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Site:
    """One installation on one machine; a part whose port is None is not run.

    `report_port` is the bare report server of the demonstration; wherever there is a gateway, reports are read
    through it. `broker_port` is that of the embedded Redis. `host` is the gateway's; everything without a login
    of its own listens on this machine only.
    """

    data_dir: Path
    ui_port: int
    report_port: int | None
    code_port: int
    profile: Profile = Profile.LOCAL
    embedded: bool = False
    host: str = HOST
    readonly_port: int | None = None
    gateway_port: int | None = None
    receiver_port: int | None = None
    flower_port: int | None = None
    broker_port: int | None = None
    workers: int = 0
    aet: str = AE_TITLE

    @property
    def run_dir(self) -> Path:
        """Folder of pid files, sockets and logs."""
        return self.data_dir / "run"

    @property
    def embedded_dir(self) -> Path:
        """Folder of the embedded PostgreSQL and Redis."""
        return self.data_dir / "embedded"

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
        """Address below which reports are read: the gateway's, or that of the bare report server."""
        if self.gateway_port is not None:
            return f"http://{self.host}:{self.gateway_port}/reports"
        return f"http://{HOST}:{self.report_port}"

    def ports(self) -> dict[str, int]:
        """Return every port that this installation listens on, by the name of its service."""
        named = {
            "redis": self.broker_port,
            "code": self.code_port,
            "ui": self.ui_port,
            "ui-readonly": self.readonly_port,
            "reports": self.report_port,
            "gateway": self.gateway_port,
            "receiver": self.receiver_port,
            "flower": self.flower_port,
        }
        return {name: port for name, port in named.items() if port is not None}

    def urls(self) -> dict[str, str]:
        """Return the addresses that people open, by the name of the service."""
        shown = {name: f"http://{HOST}:{port}" for name, port in self.ports().items() if name in _PAGES}
        if self.gateway_port is not None:
            shown["gateway"] = f"http://{self.host}:{self.gateway_port}"
        return shown | ({"reports": self.report_url} if self.report_port or self.gateway_port else {})

    def write(self) -> Path:
        """Write this site for the supervisor and return the file; it holds no secret."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        path = self.run_dir / "site.json"
        path.write_text(json.dumps({**asdict(self), "data_dir": str(self.data_dir)}, indent=1))
        return path


def read_site(path: Path) -> Site:
    """Read what `Site.write` wrote; raises ValueError, TypeError or OSError for anything else."""
    kept: dict[str, Any] = json.loads(path.read_text())
    known = {field.name for field in fields(Site)}
    chosen = {name: value for name, value in kept.items() if name in known}
    return Site(**{**chosen, "data_dir": Path(kept["data_dir"]), "profile": Profile(kept["profile"])})


def free_port(preferred: int) -> int:
    """Return `preferred` if nothing listens there, else any free port."""
    for port in (preferred, 0):
        if (found := bound(port)) is not None:
            return found
    raise SettingsError("no free port on this machine; end something that listens")


def bound(port: int, host: str = HOST) -> int | None:
    """Return the port that `port` binds to (any free one for 0), or None where something listens already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return None
        return int(probe.getsockname()[1])
