"""The nightly evaluation of an installation: measuring, comparing, keeping, telling.

Belongs here: from the stores to the files, the notice and the ledger. Not here: the asset (defs/evaluation.py) or any figure
(evaluation/).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from cardio_dagster.audit_contents import EvaluationMade
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.evaluation.drift.seen import Seen, seen_between
from cardio_dagster.evaluation.history import keep
from cardio_dagster.evaluation.measure import Size, measure
from cardio_dagster.evaluation.night import Night, make_night
from cardio_dagster.evaluation.page.make import to_page
from cardio_dagster.evaluation.page.words import shown
from cardio_dagster.evaluation.standing import Standing, read_standing, set_standing
from cardio_dagster.orchestration.escalating import raise_notices
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.outcome import Impact
from cardio_dagster.pipeline.versions import digest
from cardio_dagster.stores.atomic import write_atomically
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.notices import Audience, Cause

FOLDER = "evaluation"  # below the store
PAGE, JSON, HISTORY = "evaluation.html", "evaluation.json", "history.parquet"
WORSE, DRIFTED = "EVALUATION_WORSE", "EVALUATION_DRIFTED"
RECENT, BEFORE = timedelta(days=1), timedelta(days=30)
_SUBJECT = "nightly evaluation"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What was found, and where its files lie."""

    folder: Path
    night: Night
    notices: int


def evaluate_night(
    stores: Stores, actor: Actor, *, size: Size, reference: Path | None, now: datetime | None = None
) -> Evaluated:
    """Evaluate what is in force, write page, JSON and history, record it, and tell people where something became worse.

    Without a standing run of this size the run becomes the standing one, which the record says. A night that is evaluated again
    leaves no second row and no second notice, and a second record only where it found something else.
    """
    at = now or datetime.now(UTC)
    folder = Path(stores.store_dir) / FOLDER
    run = measure(size, stores.options(), reference=reference)
    standing = read_standing(folder, size.name)
    recent, before = _spans(stores, at)
    night = make_night(at.date().isoformat(), run, standing, recent=recent, before=before)
    _write(folder, night)
    notices = _tell(stores, actor, night)
    if standing is None:
        set_standing(folder, Standing(night.night, run))
    return Evaluated(folder, night, notices)


def _spans(stores: Stores, at: datetime) -> tuple[tuple[Seen, ...], tuple[Seen, ...]]:
    """Return the studies of the last day and of the 30 days before it."""
    engine, end = connect(stores.database_url), at.astimezone(UTC)
    ends = [moment.isoformat(timespec="seconds") for moment in (end, end - RECENT, end - RECENT - BEFORE)]
    return seen_between(engine, ends[1], ends[0]), seen_between(engine, ends[2], ends[1])


def _write(folder: Path, night: Night) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    history = keep(folder / HISTORY, night, digest(night.run.models))
    write_atomically(folder / JSON, msgspec.json.format(msgspec.json.encode(night, order="deterministic"), indent=1))
    write_atomically(folder / PAGE, to_page(night, history).encode())


def _tell(stores: Stores, actor: Actor, night: Night) -> int:
    """Record a night and raise its notices, in one transaction; return how many are new."""
    causes = []
    if night.worse:
        causes.append(Cause(WORSE, Impact.HIGH, Audience.TECHNICAL, subject=_SUBJECT, occasion=night.night))
    if night.drifted:
        causes.append(Cause(DRIFTED, Impact.MEDIUM, Audience.TECHNICAL, subject=_SUBJECT, occasion=night.night))
    with connect(stores.database_url).begin() as connection:
        raised = raise_notices(causes, stores, actor, connection=connection) if causes else ()
        stores.ledger().append(_record(night, actor), *raised, connection=connection)
    return len(raised)


def _record(night: Night, actor: Actor) -> Entry:
    """Return the record of a night; the same findings of the same night have the same key, so they are recorded once."""
    made = EvaluationMade(
        night.night,
        night.run.size,
        night.run.software_version,
        night.run.has_reference,
        tuple((f.metric, f.value) for f in night.figures),
        worse=tuple(
            f"{c.metric} {shown(c.metric, c.standing.value)} -> {shown(c.metric, c.now.value)}" for c in night.worse
        ),
        drifted=tuple(shift.feature.name for shift in night.drifted),
        is_standing=night.standing_since is None,
    )
    found = digest(made.figures, made.worse, made.drifted)
    return Entry(Kind.EVALUATION_MADE, actor, made, key=f"evaluation:{night.night}:{made.size}:{found}")
