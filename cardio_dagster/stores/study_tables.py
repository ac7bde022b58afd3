"""The tables of the study registry and the row that is read from them.

Belongs here: columns, indexes and the conversion of a database row to a StudyRow. Not
here: the queries and the rules of the registry (studies.py).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from cardio_dagster.outcome import Problem
from cardio_dagster.stores.database import metadata
from cardio_dagster.study import Priority, Recording, Study

PRIORITY_RANK = {Priority.STAT: 0, Priority.URGENT: 1, Priority.ROUTINE: 2, Priority.BACKFILL: 3}

studies = sa.Table(
    "studies",
    metadata,
    sa.Column("study_id", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),  # the current one
    sa.Column("source", sa.String(64), nullable=False),  # pseudonym of the name it was dropped under
    sa.Column("priority_rank", sa.Integer, nullable=False),
    sa.Column("received_at", sa.String(40), nullable=False),  # of the current revision
    sa.Column("attempt", sa.Integer, nullable=False),  # of the current revision
    sa.Column("run_key", sa.String(128)),
    sa.Column("door", sa.String(32)),
    sa.Column("requested_at", sa.String(40)),
    sa.Column("finished_at", sa.String(40)),
    sa.Column("final_state", sa.String(32)),
    sa.Column("released_revision", sa.Integer),
    sa.Column("released_at", sa.String(40)),
    sa.Column("retired_at", sa.String(40)),  # left Dagster's window of partitions
)
# Partial indexes hold open (or closed and not yet retired) studies only: their cost does not grow with the archive.
sa.Index(
    "ix_studies_pending",
    studies.c.priority_rank,
    studies.c.received_at,
    sqlite_where=studies.c.finished_at.is_(None),
    postgresql_where=studies.c.finished_at.is_(None),
)
_IN_WINDOW = sa.and_(studies.c.finished_at.is_not(None), studies.c.retired_at.is_(None))
sa.Index("ix_studies_closed", studies.c.finished_at, sqlite_where=_IN_WINDOW, postgresql_where=_IN_WINDOW)
sa.Index("ix_studies_newest", studies.c.received_at, studies.c.study_id)  # the worklist, page by page
sa.Index("ix_studies_source", studies.c.source, studies.c.received_at)

revisions = sa.Table(
    "study_revisions",
    metadata,
    sa.Column("study_id", sa.String(64), sa.ForeignKey("studies.study_id"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("content_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("claim", sa.String(64), nullable=False, unique=True),  # the intake claim that brought it
    sa.Column("priority", sa.String(16), nullable=False),
    sa.Column("received_at", sa.String(40), nullable=False),
    sa.Column("input_path", sa.Text, nullable=False),  # relative to the store
    sa.Column("recordings", sa.Text, nullable=False),  # JSON
    sa.Column("problems", sa.Text, nullable=False),  # JSON
    sa.Column("final_state", sa.String(32)),
    sa.Column("finished_at", sa.String(40)),
)

_READ_REVISION = tuple(
    revisions.c[name]
    for name in ("content_sha256", "claim", "priority", "received_at", "input_path", "recordings", "problems")
)
_READ_STUDY = tuple(
    studies.c[name]
    for name in (
        "study_id",
        "source",
        "attempt",
        "run_key",
        "door",
        "requested_at",
        "released_revision",
        "released_at",
        "retired_at",
    )
)
ROW_COLUMNS = (
    *_READ_STUDY,
    *_READ_REVISION,
    revisions.c.revision,
    revisions.c.finished_at,
    revisions.c.final_state,
    studies.c.revision.label("current_revision"),
)


@dataclass(frozen=True, slots=True)
class StudyRow:
    """What the registry knows of one revision of a study.

    `source` is a pseudonym, `input_path` is relative to the store, `problems` are what
    intake left out and why. `attempt`, `run_key`, `door` and `requested_at` speak of the
    current revision; `finished_at` and `final_state` of the one in `study`. Times are ISO 8601, UTC; None is "not yet".
    """

    study: Study
    current_revision: int
    source: str
    claim: str
    input_path: str
    problems: tuple[Problem, ...]
    attempt: int
    run_key: str | None
    door: str | None
    requested_at: str | None
    finished_at: str | None
    final_state: str | None
    released_revision: int | None
    released_at: str | None
    retired_at: str | None

    def folder(self, store: Path) -> Path:
        """Return the folder that the paths of the recordings are relative to."""
        return store / self.input_path


def to_row(row: sa.Row[Any]) -> StudyRow:
    """Convert a row of ROW_COLUMNS."""
    study = Study(
        study_id=row.study_id,
        revision=row.revision,
        content_sha256=row.content_sha256,
        received_at=row.received_at,
        priority=Priority(row.priority),
        recordings=msgspec.json.decode(row.recordings, type=tuple[Recording, ...]),
    )
    return StudyRow(
        study=study,
        current_revision=row.current_revision,
        source=row.source,
        claim=row.claim,
        input_path=row.input_path,
        problems=msgspec.json.decode(row.problems, type=tuple[Problem, ...]),
        attempt=row.attempt,
        run_key=row.run_key,
        door=row.door,
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        final_state=row.final_state,
        released_revision=row.released_revision,
        released_at=row.released_at,
        retired_at=row.retired_at,
    )


def revision_values(
    study: Study, *, input_path: str, claim: str, problems: tuple[Problem, ...]
) -> dict[str, str | int | None]:
    """Return the values of the revisions row of `study`."""
    return {
        "study_id": study.study_id,
        "revision": study.revision,
        "content_sha256": study.content_sha256,
        "claim": claim,
        "priority": study.priority.value,
        "received_at": study.received_at,
        "input_path": input_path,
        "recordings": msgspec.json.encode(study.recordings).decode(),
        "problems": msgspec.json.encode(problems).decode(),
    }
