"""Probes: whether what all studies need answers now, at a cost that a sensor can pay at each tick.

Belongs here: one quick look at each dependency. Not here: what follows when one does not answer (breaker.py).
"""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from cardio_dagster.errors import CHECKPOINTS, DATABASE, DISK, REPORTS, DependencyError
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.stores.atomic import why
from cardio_dagster.stores.database import connect, reading
from cardio_dagster.stores.study_tables import studies

FLOOR_MB = 200.0  # a study writes up to 30 MB, several run at once
FLOOR_SHARE = 0.05  # of a small disk


def probes_of(stores: Stores) -> dict[str, Callable[[], None]]:
    """Return the look at each dependency; each raises where it does not answer or takes nothing more."""
    return {
        DATABASE: partial(_database, stores.database_url),
        DISK: partial(_disk, Path(stores.store_dir)),
        CHECKPOINTS: partial(_checkpoints, stores),
        REPORTS: partial(_folder, REPORTS, stores.reports_dir),
    }


def _database(url: str) -> None:
    try:
        with reading(connect(url)) as connection:
            connection.execute(sa.select(studies.c.study_id).limit(1)).first()
    except sa.exc.SQLAlchemyError as error:
        raise DependencyError(DATABASE, type(error).__name__) from None


def _disk(folder: Path) -> None:
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        raise DependencyError(DISK, why(error)) from None
    floor_mb, free_mb = min(FLOOR_MB, FLOOR_SHARE * usage.total / 2**20), usage.free / 2**20
    if free_mb < floor_mb:
        raise DependencyError(DISK, f"{free_mb:.0f} MB free, {floor_mb:.0f} MB needed")


def _checkpoints(stores: Stores) -> None:
    if "://" in stores.checkpoint_url:
        stores.checkpoints().probe()
        return
    _folder(CHECKPOINTS, Path(stores.checkpoint_url))


def _folder(dependency: str, folder: Path) -> None:
    """Make and remove an empty file: a folder that is gone is made, one that is read-only is found out."""
    probe = folder / ".probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise DependencyError(dependency, why(error)) from None
