"""Archiving: closed studies leave Dagster's set of partitions, and nothing else.

Belongs here: which studies leave, and taking them out. Not here: Dagster's runs and events (pruning.py), content past its
retention (audit/retention/), or the job (defs/maintenance.py).

Registry, results, ledger and files keep everything. A late file re-opens the study and a decision of a person asks for its
release; either brings the partition back, and a later round takes it out again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import sqlalchemy as sa

from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.runs import studies_at_work
from cardio_dagster.stores.database import connect, reading
from cardio_dagster.stores.review_queries import WAITING
from cardio_dagster.stores.study_tables import studies

PARTITIONS = "studies"
_PAGE = 500  # keys in one statement, and studies taken out between two looks at what runs


@dataclass(frozen=True, slots=True)
class Window:
    """What stays in the set: closed at most `days` ago, and `keys` partitions at most."""

    days: float
    keys: int

    @classmethod
    def of(cls, stores: Stores) -> "Window":
        """Return the window of an installation: CARDIO_WINDOW_DAYS and CARDIO_WINDOW_KEYS."""
        return cls(stores.window_days, stores.window_keys)


@dataclass(frozen=True, slots=True)
class Archived:
    """What one round did: keys in the set before, and those taken out by age, by number, and once more."""

    before: int
    by_age: int
    by_number: int
    again: int

    @property
    def after(self) -> int:
        """Return the number of keys that the set has now, if nothing was added meanwhile."""
        return self.before - self.by_age - self.by_number - self.again


def archive_closed(
    instance: dg.DagsterInstance, stores: Stores, *, limits: Window | None = None, now: datetime | None = None
) -> Archived:
    """Take out what is past the window and return the counts; a second call takes out nothing more.

    Taken out: closed studies past `limits.days`; then, above `limits.keys`, those closed longest ago; and archived ones
    that came back for a review and are done. A study that is open, on which a run works, or whose decision waits for its
    version stays. A key that the registry does not know stays as well: somebody made it by hand. Cut short anywhere, the
    next round goes on.
    """
    limits, now = limits or Window.of(stores), now or datetime.now(UTC)
    standing = set(instance.get_dynamic_partitions(PARTITIONS))
    kept = _kept(instance, stores)
    before = (now - timedelta(days=limits.days)).isoformat(timespec="milliseconds")
    again = _take_out(instance, stores, _came_back(stores, standing - kept), standing)
    by_age = _take_out(instance, stores, _closed(stores, kept, before=before), standing)
    surplus = max(0, len(standing) - by_age - again - limits.keys)
    by_number = _take_out(instance, stores, _closed(stores, kept, most=surplus), standing) if surplus else 0
    return Archived(len(standing), by_age, by_number, again)


def _kept(instance: dg.DagsterInstance, stores: Stores) -> set[str]:
    with reading(connect(stores.database_url)) as connection:
        decided = {row.study_id for row in connection.execute(WAITING)}
    return decided | studies_at_work(instance)


def _closed(stores: Stores, kept: set[str], *, before: str | None = None, most: int | None = None) -> list[str]:
    """Return closed studies that are not archived yet, those closed longest ago first; goes by the index of these."""
    conditions: list[sa.ColumnElement[bool]] = [studies.c.finished_at.is_not(None), studies.c.retired_at.is_(None)]
    conditions += [studies.c.finished_at < before] if before is not None else []
    query = sa.select(studies.c.study_id).where(*conditions).order_by(studies.c.finished_at, studies.c.study_id)
    limited = query if most is None else query.limit(most + len(kept))
    with reading(connect(stores.database_url)) as connection:
        found = [row.study_id for row in connection.execute(limited) if row.study_id not in kept]
    return found[:most]


def _came_back(stores: Stores, keys: set[str]) -> list[str]:
    """Return which of these keys are of studies archived before and closed."""
    found: list[str] = []
    is_archived = (studies.c.retired_at.is_not(None), studies.c.finished_at.is_not(None))
    with reading(connect(stores.database_url)) as connection:
        for page in _pages(sorted(keys)):
            query = sa.select(studies.c.study_id).where(studies.c.study_id.in_(page), *is_archived)
            found += [row.study_id for row in connection.execute(query)]
    return sorted(found)


def _take_out(instance: dg.DagsterInstance, stores: Stores, study_ids: list[str], standing: set[str]) -> int:
    """Take keys out of the set, then note it: a crash between the two repeats what does no harm. Return how many were in it."""
    for page in _pages(study_ids):
        for study_id in page:
            instance.delete_dynamic_partition(PARTITIONS, study_id)
        stores.registry().mark_retired(page)
    return len(standing.intersection(study_ids))


def _pages(keys: Iterable[str]) -> Iterator[list[str]]:
    ordered = list(keys)
    for start in range(0, len(ordered), _PAGE):
        yield ordered[start : start + _PAGE]
