"""Backend: the stores that every route reaches.

Belongs here: opening what the settings name. Not here: who may reach them (auth.py) or any route.
"""

import threading
from dataclasses import dataclass, field
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Request

from cardio_dagster.gateway.landing import Landing
from cardio_dagster.gateway.limits import Buckets
from cardio_dagster.settings import GatewaySettings, Settings, gateway_settings
from cardio_dagster.stores.access import AccessStore
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.jobs import JobStore
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.report_paths import REPORTS_DIR
from cardio_dagster.stores.reviews import ReviewStore
from cardio_dagster.stores.site_key import site_key
from cardio_dagster.stores.studies import StudyRegistry


@dataclass(slots=True)
class Backend:
    """Everything that the gateway keeps or reads; `requests` and `failures` count in this process."""

    settings: Settings
    limits: GatewaySettings
    engine: sa.Engine
    key: bytes
    requests: Buckets
    failures: Buckets
    uploads: int = 0
    _is_ready: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, settings: Settings, limits: GatewaySettings | None = None) -> "Backend":
        """Return the backend that the settings name; makes its folders, and asks nothing of the database yet."""
        for folder in (settings.landing_dir, settings.store_dir):
            folder.mkdir(parents=True, exist_ok=True)
        chosen = limits or gateway_settings()
        key = site_key(settings.store_dir, settings.site_key)
        requests, failures = Buckets(chosen.requests_per_minute), Buckets(chosen.failures_per_minute)
        return cls(settings, chosen, connect(settings.database), key, requests, failures)

    def prepare(self) -> None:
        """Make the tables and finish what an earlier gateway left, once; raises what a database that is down raises."""
        with self._guard:
            if not self._is_ready:
                create_tables(self.engine)
                self.landing.recover()
                self._is_ready = True

    @property
    def registry(self) -> StudyRegistry:
        """The studies that ever came."""
        return StudyRegistry(self.engine)

    @property
    def ledger(self) -> Ledger:
        """The audit ledger."""
        return Ledger(self.engine, self.key)

    @property
    def reviews(self) -> ReviewStore:
        """The standing versions of reports, and decisions on them."""
        return ReviewStore(self.engine, self.settings.store_dir / REPORTS_DIR)

    @property
    def access(self) -> AccessStore:
        """The keys and sessions."""
        return AccessStore(self.engine, self.key)

    @property
    def jobs(self) -> JobStore:
        """The deliveries."""
        return JobStore(self.engine)

    @property
    def landing(self) -> Landing:
        """The way into the landing zone."""
        return Landing(self.settings.landing_dir, self.jobs, self.ledger)


def backend_of(request: Request) -> Backend:
    """Return the backend of the app that serves this request."""
    backend: Backend = request.app.state.backend
    return backend


BackendHere = Annotated[Backend, Depends(backend_of)]
