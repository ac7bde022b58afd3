"""Ports that a start needs and somebody else has.

Belongs here: which port is taken, by which process, and the variable that moves it. Not here: which ports a site
has (site.py).
"""

from collections.abc import Iterator

import psutil

from cardio_dagster.serve.fault import Fault
from cardio_dagster.serve.site import HOST, Site, bound
from cardio_dagster.serve.state import survivors


def ports_in_use(site: Site) -> Iterator[Fault]:
    """Yield a fault for every port that another process listens on, or that is set for two services."""
    taken: dict[int, str] = {}
    ours = {process.pid for process in survivors(site.data_dir)}  # the supervisor ends these before it starts
    for name, port in site.ports().items():
        variable = _VARIABLES.get(name, "another port")
        if port in taken:
            yield Fault(f"port {port} is set for {name} and for {taken[port]}", f"set {variable} to another port")
        elif bound(port, site.host if name == "gateway" else HOST) is None and not _is_held_by(port, ours):
            yield Fault(f"port {port} of {name} is in use{_by(port)}", f"set {variable} to a free port, or end that")
        taken[port] = name


_VARIABLES = {
    "redis": "CARDIO_BROKER_PORT",
    "code": "CARDIO_CODE_PORT",
    "ui": "CARDIO_UI_PORT",
    "ui-readonly": "CARDIO_UI_READONLY_PORT",
    "gateway": "CARDIO_GATEWAY_PORT",
    "receiver": "CARDIO_DICOM_PORT",
    "flower": "CARDIO_FLOWER_PORT",
}


def _holders(port: int) -> set[int]:
    try:
        return {
            c.pid
            for c in psutil.net_connections("tcp")
            if c.laddr and c.laddr.port == port and c.status == "LISTEN" and c.pid
        }
    except (psutil.Error, OSError):
        return set()


def _is_held_by(port: int, pids: set[int]) -> bool:
    holders = _holders(port)
    return bool(holders) and holders <= pids


def _by(port: int) -> str:
    for pid in sorted(_holders(port)):
        try:
            return f" by {psutil.Process(pid).name()} (process {pid})"
        except psutil.Error:
            continue
    return ""
