"""Databases and broker that a start needs: named, of the right kind, and answering.

Belongs here: asking those that are not the installation's own. Not here: the embedded ones, which start with it.
"""

from collections.abc import Iterator
from importlib.util import find_spec

from cardio_dagster.serve.connections import connections
from cardio_dagster.serve.fault import Fault
from cardio_dagster.serve.probes import Database, Redis
from cardio_dagster.serve.site import Profile, Site

_DATABASE_CURE = "postgresql://USER:PASSWORD@HOST/DATABASE, or start with --embedded"


def databases_and_broker(site: Site) -> Iterator[Fault]:
    """Yield a fault for each that is not set, of another kind, or does not answer; no message has a password."""
    yield from _databases(site)
    yield from _broker(site)


def _databases(site: Site) -> Iterator[Fault]:
    if site.embedded or site.profile is Profile.LOCAL:
        return
    chosen = connections()
    named = {"CARDIO_DATABASE_URL": chosen.database_url, "CARDIO_DAGSTER_DATABASE_URL": chosen.dagster_database_url}
    good = {}
    for name, secret in named.items():
        url = secret.get_secret_value() if secret else ""
        if not url.startswith(("postgresql://", "postgresql+psycopg2://")):
            what = f"{name} is not set" if not url else f"{name} does not name a PostgreSQL"
            yield Fault(what, f"set it to {_DATABASE_CURE}")
        elif said := Database(url.replace("+psycopg2", "", 1)).fault():
            yield Fault(f"{name}: the database does not answer ({said})", "start it, or correct the variable")
        else:
            good[name] = url
    if len(good) == 2 and len(set(good.values())) == 1:
        cure = "make a second database for CARDIO_DAGSTER_DATABASE_URL: Dagster's is pruned, ours is kept for years"
        yield Fault("both variables name the same database", cure)


def _broker(site: Site) -> Iterator[Fault]:
    if site.profile is not Profile.CLUSTER:
        if site.workers:
            yield Fault("--workers belongs to the profile cluster", "leave it out, or start with --profile cluster")
        return
    if site.embedded:
        return
    secret = connections().broker_url
    url = secret.get_secret_value() if secret else ""
    if not url.startswith(("redis://", "rediss://")):
        what = "CARDIO_BROKER_URL is not set" if not url else "CARDIO_BROKER_URL does not name a Redis"
        yield Fault(what, "set it to redis://:PASSWORD@HOST:6379/0, or start with --embedded")
    elif find_spec("redis") is not None and (said := Redis(url).fault()):
        yield Fault(f"CARDIO_BROKER_URL: the broker does not answer ({said})", "start it, or correct the variable")
