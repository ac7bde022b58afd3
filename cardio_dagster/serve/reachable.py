"""Databases and broker that a start needs: named, of the right kind, and answering.

Belongs here: asking those that are not the installation's own. Not here: the embedded ones, which start with it.
"""

from collections.abc import Iterator
from importlib.util import find_spec

from cardio_dagster.serve.fault import Fault
from cardio_dagster.serve.probes import Database, Redis
from cardio_dagster.serve.site import Profile, Site
from cardio_dagster.settings import cluster_settings, deployment_settings, settings
from cardio_dagster.settings.urls import POSTGRES, POSTGRES_FORM, REDIS_FORM

_DATABASE_CURE = f"{POSTGRES_FORM}, or start with --embedded"


def databases_and_broker(site: Site) -> Iterator[Fault]:
    """Yield a fault for each that is not set, of another kind, or does not answer; no message has a password."""
    yield from _databases(site)
    yield from _broker(site)


def _databases(site: Site) -> Iterator[Fault]:
    if site.embedded or site.profile is Profile.LOCAL:
        return
    secret = deployment_settings().dagster_database_url
    dagsters = secret.get_secret_value() if secret else ""
    named = {"CARDIO_DATABASE_URL": settings().database_url or "", "CARDIO_DAGSTER_DATABASE_URL": dagsters}
    good = {}
    for name, url in named.items():
        if not url.startswith(POSTGRES):
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
    secret = cluster_settings().broker_url
    if secret is None:
        yield Fault("CARDIO_BROKER_URL is not set", f"set it to {REDIS_FORM}, or start with --embedded")
    elif find_spec("redis") is not None and (said := Redis(secret.get_secret_value()).fault()):
        yield Fault(f"CARDIO_BROKER_URL: the broker does not answer ({said})", "start it, or correct the variable")
