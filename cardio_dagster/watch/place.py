"""Place: what is watched, by address.

Belongs here: finding out where database, broker, daemon and code server are, and connections that give up soon. Not here:
looking at them (checks/).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from cardio_dagster.settings import Settings, cluster_settings, deployment_settings

TIMEOUT_S = 1


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """One installation; what is None the profile does not have, or nobody said where it is. Addresses are secret.

    `runs_url` and `schedules_url` are Dagster's storages, one PostgreSQL or two files. `queues` are those that must be served.
    """

    settings: Settings
    runs_url: str
    schedules_url: str
    broker_url: str | None
    code_server: tuple[str, int] | None
    queues: tuple[str, ...]


def place_of(settings: Settings, *, queues: Iterable[str]) -> Place:
    """Return what the settings say of an installation; opens nothing."""
    runs_url, schedules_url = _dagster_urls(settings)
    broker = cluster_settings().broker_url
    broker_url = None if broker is None else broker.get_secret_value()
    return Place(settings, runs_url, schedules_url, broker_url, _code_server(settings), tuple(queues))


def open_engine(url: str) -> sa.Engine:
    """Return an engine for a few queries: no pool, time-outs of a second, and no SQLite file is made where there is none."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        options = {"timeout": TIMEOUT_S, "uri": True, "check_same_thread": False}
        # mode=rw opens what is there; the default would make an empty database of a lost one
        named = parsed.set(database=f"file:{parsed.database}", query={"mode": "rw", "uri": "true"})
        return sa.create_engine(named, connect_args=options, poolclass=sa.NullPool, hide_parameters=True)
    limits = {"connect_timeout": TIMEOUT_S + 1, "options": f"-c statement_timeout={TIMEOUT_S * 1000}"}
    return sa.create_engine(
        parsed, connect_args=limits, poolclass=sa.NullPool, hide_parameters=True, isolation_level="AUTOCOMMIT"
    )


def _dagster_urls(settings: Settings) -> tuple[str, str]:
    chosen = deployment_settings()
    if chosen.dagster_database_url is not None:
        url = chosen.dagster_database_url.get_secret_value()
        return url, url
    home = chosen.dagster_home or settings.data_dir.resolve() / "dagster"
    return f"sqlite:///{home / 'history' / 'runs.db'}", f"sqlite:///{home / 'schedules' / 'schedules.db'}"


def _code_server(settings: Settings) -> tuple[str, int] | None:
    """Return the address that is set, or the port that the supervisor wrote down."""
    if (place := deployment_settings().code_server_place) is not None:
        return place
    try:
        kept = json.loads((settings.data_dir / "run" / "site.json").read_text())
        return "127.0.0.1", int(kept["code_port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
