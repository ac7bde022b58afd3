"""Dagster's storage in PostgreSQL with its connections kept: named in deploy/server/dagster.yaml and deploy/cluster/dagster.yaml.

Belongs here: one engine a process and database, for all instances and all three storages. Not here: our own tables
(stores/database.py), or a worker's warm instance (warm.py).

Dagster's own opens a connection for each query, and PostgreSQL a process for each connection: 13 ms of processor, sixty
times a second under load. Its sensors make an instance a tick, and each looks three times whether the tables are there.
"""

import os
from collections.abc import Mapping
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

POOL_SIZE, _MAX_OVERFLOW, _RECYCLE_S = 5, 20, 300

_engines: dict[str, sa.Engine] = {}


class PooledPostgresStorage(DagsterPostgresStorage):
    """Dagster's own storage on an engine that all instances of this process share; a connection is tried before use."""

    def __init__(self, postgres_url: str, *, inst_data: ConfigurableClassData | None = None) -> None:
        is_known = postgres_url in _engines  # its tables were looked for when it became known
        super().__init__(postgres_url, should_autocreate_tables=not is_known, inst_data=inst_data)
        engine = _engine(postgres_url)
        parts: tuple[Any, ...] = (self._run_storage, self._event_log_storage, self._schedule_storage)
        for part in parts:
            part._engine = engine

    @classmethod
    def config_type(cls) -> Any:
        """Return what it takes: the URL alone. Dagster's other ways to say where are refused, not ignored."""
        return {"postgres_url": dg.Field(dg.StringSource, description="best env: CARDIO_DAGSTER_DATABASE_URL")}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Any:
        """Return the storage that dagster.yaml names."""
        return cls(config_value["postgres_url"], inst_data=inst_data)


def _engine(url: str) -> sa.Engine:
    if url not in _engines:
        _engines[url] = sa.create_engine(
            url,
            isolation_level="AUTOCOMMIT",  # as Dagster's own
            pool_size=POOL_SIZE,
            max_overflow=_MAX_OVERFLOW,
            pool_recycle=_RECYCLE_S,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    return _engines[url]


def _after_fork() -> None:
    """Let a child open connections of its own, and leave those of its parent alone."""
    for engine in _engines.values():
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_after_fork)
