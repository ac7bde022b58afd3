"""A warm process: definitions and connections that are made once, not once a run.

Belongs here: the two undocumented parts of Dagster that this needs, and nothing else of the kind. Each falls back to
Dagster's own way where a release changes it: slower, and right (cardio_dagster_tests/cluster/test_warm.py).
"""

import importlib
import logging
from contextlib import suppress
from functools import cache
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions import reconstruct

log = logging.getLogger(__name__)

MODULE = "cardio_dagster.definitions"
_STATEMENT_TIMEOUT_MS, _POOL_RECYCLE_S, _MAX_OVERFLOW = 60_000, 300, 10
# what the stages of a study import at their first run, 300 modules in all
BEFORE_THE_FORK = (
    "bm25s",
    "cardio_dagster.modalities.echo.formats.dicom",
    "cardio_dagster.pipeline.worker",
    "cardio_dagster.stores.schema",
    "imagecodecs",
    "pandas",
    "PIL.Image",
    "pyarrow.parquet",  # its one thread is jemalloc's, which minds forks
    "simplejpeg",
    "upath",
)
_AFTER_THE_FORK = ("onnxruntime", "cardio_dagster.models.session")  # the import starts a thread, which survives no fork
_plain = getattr(reconstruct, "reconstruct_repository_def_from_pointer", None)


def keep_definitions() -> None:
    """Let every run of this process and of its forks use the same definitions and modules; loads them now.

    Dagster builds the definitions anew for each run: 0.4 s on an idle core.
    """
    _load(BEFORE_THE_FORK)
    if _plain is None:
        log.warning("this release of Dagster builds its definitions in another way; each run will build them anew")
        return
    reconstruct.reconstruct_repository_def_from_pointer = _from_pointer
    reconstruct.reconstruct_repository_def_from_pointer(ModuleCodePointer(MODULE, "defs", None), None)


def open_connections() -> None:
    """Make in a forked process what must not be made before the fork."""
    _load(_AFTER_THE_FORK)
    instance().get_runs_count()


def _load(names: tuple[str, ...]) -> None:
    for name in names:
        with suppress(ImportError):  # the stage that needs it will say so
            importlib.import_module(name)


def _from_pointer(pointer: Any, repository_load_data: Any = None) -> Any:
    if isinstance(pointer, ModuleCodePointer) and pointer.module == MODULE and not repository_load_data:
        return _ours(pointer.fn_name)
    return _plain(pointer, repository_load_data)  # type: ignore[misc]


@cache
def _ours(name: str) -> Any:
    repository = _plain(ModuleCodePointer(MODULE, name, None), None)  # type: ignore[misc]
    for job in repository.get_all_jobs():  # resolves what would else be resolved by the first run of each
        repository.get_job(job.name)
    return repository


@cache
def instance() -> dg.DagsterInstance:
    """Return the Dagster instance of this process, its PostgreSQL connections pooled; never before a fork.

    Without a pool each event opens a connection: of a run of nine assets, 2 s of 2.8. Only where dagster.yaml names
    Dagster's own storage, as that of the Helm chart does, is there something to do.
    """
    found = dg.DagsterInstance.get()
    engine = getattr(found.run_storage, "_engine", None)
    if engine is not None and not isinstance(engine.pool, sa.NullPool):
        return found
    try:
        found.optimize_for_webserver(_STATEMENT_TIMEOUT_MS, _POOL_RECYCLE_S, _MAX_OVERFLOW)
        parts: tuple[Any, ...] = (found.run_storage, found.event_log_storage, found.schedule_storage)
        for part in parts:
            part._engine.pool._pre_ping = True  # or the first run after a restart of PostgreSQL dies of it
    except Exception as error:  # what it does is not promised
        log.warning("connections to Dagster's storage are not pooled: %s", type(error).__name__)
    return found
