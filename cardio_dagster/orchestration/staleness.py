"""Stale studies: those whose report was made with other code, models or parameters than are in force now.

Belongs here: what is in force, which studies a backfill is for, and why. Not here: what reports were made with (stores/basis.py)
or making them anew (backfill.py). No report and no file is read.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from cardio_dagster.errors import MachineError
from cardio_dagster.modalities import BRANCHES
from cardio_dagster.orchestration.configuration import configuration
from cardio_dagster.orchestration.events import STAGES
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.versions import STAGE_VERSIONS
from cardio_dagster.stores.basis import BasisStore, Parts, parameters, study_bases
from cardio_dagster.stores.database import connect, reading
from cardio_dagster.stores.results import releases
from cardio_dagster.stores.study_tables import studies

NO_REASON = "not stale"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which studies a backfill is for; None does not narrow. Days are of receipt, UTC, both included."""

    since: date | None = None
    until: date | None = None
    source: str | None = None  # pseudonym of the name it came under
    state: str | None = None  # COMPLETE or ERROR
    model: str | None = None  # part of a model's hash that the report was made with
    stage: str | None = None  # stale at this stage
    only_stale: bool = True


@dataclass(frozen=True, slots=True)
class StaleStudy:
    """One study to be made anew: its current revision, what it was made with, and why it is stale."""

    study_id: str
    revision: int
    status: str
    parts: Parts
    reasons: tuple[str, ...]


def in_force(stores: Stores) -> Parts:
    """Return the code versions, model hashes and deciding parameters of now, in the shape of a basis."""
    options = stores.options()
    parts = {f"stage/{stage}": STAGE_VERSIONS[state] for stage, state in STAGES.items()}
    for branch in BRANCHES.values():
        parts[f"code/{branch.name}"] = branch.code_version
        try:
            parts[f"models/{branch.name}"] = branch.models(options)
        except MachineError:
            parts[f"models/{branch.name}"] = "unknown"
    return parts | parameters(configuration(stores).values)


def reasons(parts: Parts, now: Parts) -> tuple[str, ...]:
    """Return the parts that differ from those in force, sorted; empty where a report would be made just so today.

    What the report was made without is not compared.
    """
    return tuple(sorted(name for name, value in parts.items() if now.get(name) != value))


def find_stale(stores: Stores, chosen: Chosen, *, limit: int | None = None) -> tuple[StaleStudy, ...]:
    """Return the studies to be made anew, the oldest first; open ones never are, their run comes anyway.

    Raises ValueError for a stage or state that is none.
    """
    _check(chosen)
    store = BasisStore(connect(stores.database_url))
    store.refresh()
    now = in_force(stores)
    judged = {basis: (parts, reasons(parts, now)) for basis, parts in store.all().items()}
    wanted = {basis: found for basis, found in judged.items() if _fits(*found, chosen)}
    query = _query(chosen).where(study_bases.c.basis.in_(sorted(wanted)))
    with reading(connect(stores.database_url)) as connection:
        rows = connection.execute(query.limit(limit) if limit is not None else query).all()
    return tuple(StaleStudy(r.study_id, r.revision, r.status, *wanted[r.basis]) for r in rows)


def count_reasons(found: tuple[StaleStudy, ...]) -> dict[str, int]:
    """Return how many studies each reason holds for, the most frequent first; a study may have several."""
    counted = Counter(reason for study in found for reason in study.reasons or (NO_REASON,))
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def _fits(parts: Parts, why: tuple[str, ...], chosen: Chosen) -> bool:
    if chosen.only_stale and not why:
        return False
    if chosen.stage is not None and f"stage/{chosen.stage}" not in why:
        return False
    models = [value for name, value in parts.items() if name.startswith("models/")]
    return chosen.model is None or any(chosen.model in value for value in models)


def _query(chosen: Chosen) -> sa.Select[tuple[str, int, str, str]]:
    """Build the query for closed studies at their current revision, with the status of the pipeline's own version."""
    current = (study_bases.c.study_id == studies.c.study_id) & (study_bases.c.revision == studies.c.revision)
    released = (releases.c.study_id == studies.c.study_id) & (releases.c.revision == studies.c.revision)
    conditions: list[sa.ColumnElement[bool]] = [studies.c.finished_at.is_not(None)]
    if chosen.since is not None:
        conditions.append(studies.c.received_at >= chosen.since.isoformat())
    if chosen.until is not None:
        conditions.append(studies.c.received_at < (chosen.until + timedelta(days=1)).isoformat())
    conditions += [studies.c.source == chosen.source] if chosen.source is not None else []
    conditions += [studies.c.final_state == chosen.state] if chosen.state is not None else []
    return (
        sa.select(studies.c.study_id, studies.c.revision, releases.c.status, study_bases.c.basis)
        .select_from(study_bases.join(studies, current).join(releases, released))
        .where(*conditions)
        .order_by(studies.c.received_at, studies.c.study_id)
    )


def _check(chosen: Chosen) -> None:
    if chosen.stage is not None and chosen.stage not in STAGES:
        raise ValueError(f"there is no stage {chosen.stage!r}; use {', '.join(STAGES)}")
    states = (State.COMPLETE.name, State.ERROR.name)
    if chosen.state is not None and chosen.state not in states:
        raise ValueError(f"a closed study has no state {chosen.state!r}; use {' or '.join(states)}")
