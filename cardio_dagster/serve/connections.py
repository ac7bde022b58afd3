"""Which databases and which broker the services of a profile use, and the environment that tells them.

Belongs here: the URLs of the embedded servers, the environment of every service. Not here: whether they answer (probes.py) or are right (validation.py).
"""

import hashlib
import os
import secrets
import shlex
import tempfile
from pathlib import Path

from pydantic import SecretStr

from cardio_dagster.serve.site import Profile, Site
from cardio_dagster.settings import cluster_settings, deployment_settings, settings

MARK = "CARDIO_SUPERVISED"  # in the environment of everything that a supervisor started: its data folder
OURS, DAGSTERS = "cardio", "dagster"
_LONGEST_SOCKET_DIR = 85  # a path to a unix socket ends at 107 bytes, and PostgreSQL adds /.s.PGSQL.5432.lock


def socket_dir(site: Site) -> Path:
    """Return the folder of PostgreSQL's socket: in the data folder, or a short one below /tmp where that is too long."""
    inside = site.run_dir / "postgres"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_DIR:
        return inside
    digest = hashlib.sha256(os.fsencode(site.data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"cardio-{os.getuid()}-{digest}"


def embedded_database_url(site: Site, database: str) -> str:
    """Return the URL of a database of the embedded PostgreSQL, reached through its socket only."""
    return f"postgresql://postgres@/{database}?host={socket_dir(site)}"


def embedded_broker_url(site: Site) -> str:
    """Return the URL of the embedded Redis with its password, which is made at the first call."""
    path = site.embedded_dir / "redis.password"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    return f"redis://:{path.read_text()}@127.0.0.1:{site.broker_port}/0"


def urls_of(site: Site) -> dict[str, str]:
    """Return the variables that hold a connection, as far as the profile has one; the values are secret."""
    if site.embedded:
        found = {
            "CARDIO_DATABASE_URL": embedded_database_url(site, OURS),
            "CARDIO_DAGSTER_DATABASE_URL": embedded_database_url(site, DAGSTERS),
        }
        return found | ({"CARDIO_BROKER_URL": embedded_broker_url(site)} if site.broker_port else {})
    named = {"CARDIO_DATABASE_URL": settings().database_url}
    if site.profile is not Profile.LOCAL:
        named["CARDIO_DAGSTER_DATABASE_URL"] = _value(deployment_settings().dagster_database_url)
    if site.profile is Profile.CLUSTER:
        named["CARDIO_BROKER_URL"] = _value(cluster_settings().broker_url)
    return {name: value for name, value in named.items() if value is not None}


def _value(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def environment(site: Site) -> dict[str, str]:
    """Return the environment of every service: this process's own, and what the site says."""
    return {
        **os.environ,
        **urls_of(site),
        "DAGSTER_HOME": str(site.dagster_home),
        "CARDIO_DATA_DIR": str(site.data_dir),
        "CARDIO_REPORT_URL": settings().report_url or site.report_url,
        "CARDIO_PROFILE": site.profile.value,
        # two runs side by side on few cores: numeric libraries must not each take them all
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        MARK: str(site.data_dir),
    }


def environment_file(site: Site) -> Path:
    """Return the file that tells other shells of this machine what an embedded installation uses."""
    return site.run_dir / "environment"


def write_environment(site: Site) -> None:
    """Write that file for an embedded installation, readable by its owner only; nothing for any other."""
    if not site.embedded:
        return
    told = {"CARDIO_DATA_DIR": str(site.data_dir), "DAGSTER_HOME": str(site.dagster_home), **urls_of(site)}
    path = environment_file(site)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in told.items())
