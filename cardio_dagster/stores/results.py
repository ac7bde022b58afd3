"""Results: measurements, findings, scores, verdicts and problems in SQL, with the dossier of each stage.

Belongs here: the tables that researchers and the worklist read, and writing them whole. Not
here: the registry of studies (studies.py) or signals and images (checkpoints.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cardio_dagster.finding import Finding, Measurement, Score
from cardio_dagster.outcome import Problem, State, Verdict
from cardio_dagster.stores.database import metadata, reading
from cardio_dagster.stores.report_paths import kept_path, path_of

T = TypeVar("T")


def _results_table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("study_id", sa.String(64), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        *columns,
    )


measurements = _results_table(
    "measurements",
    sa.Column("modality", sa.String(32)),
    sa.Column("recording_id", sa.String(32)),
    sa.Column("name", sa.String(64), index=True),
    sa.Column("value", sa.Float),
    sa.Column("unit", sa.String(32)),
    sa.Column("reference_low", sa.Float),
    sa.Column("reference_high", sa.Float),
    sa.Column("confidence", sa.Float),
    sa.Column("loinc", sa.String(16)),
    sa.Column("method", sa.Text),
    sa.Column("reason", sa.Text),
)
findings = _results_table(
    "findings",
    sa.Column("modality", sa.String(32)),
    sa.Column("recording_id", sa.String(32)),
    sa.Column("code", sa.String(64), index=True),
    sa.Column("grade", sa.String(16)),
    sa.Column("text", sa.Text),
    sa.Column("rule", sa.Text),
    sa.Column("confidence", sa.Float),
)
scores = _results_table(
    "scores",
    sa.Column("name", sa.String(64), index=True),
    sa.Column("value", sa.Float),
    sa.Column("unit", sa.String(32)),
    sa.Column("reason", sa.Text),
    sa.Column("source", sa.Text),
)
verdicts = _results_table(
    "verdicts",
    sa.Column("modality", sa.String(32)),
    sa.Column("recording_id", sa.String(32)),
    sa.Column("gate", sa.String(64), index=True),
    sa.Column("version", sa.String(16)),
    sa.Column("passed", sa.Boolean),
    sa.Column("value", sa.Float),
    sa.Column("unit", sa.String(32)),
    sa.Column("minimum", sa.Float),
    sa.Column("maximum", sa.Float),
)
problems = _results_table(
    "problems",
    sa.Column("modality", sa.String(32)),
    sa.Column("recording_id", sa.String(32)),
    sa.Column("code", sa.String(32), index=True),
    sa.Column("severity", sa.String(16)),
    sa.Column("message", sa.Text),
    sa.Column("seen", sa.Text),
    sa.Column("allowed", sa.Text),
)
stage_records = sa.Table(
    "stage_records",
    metadata,
    sa.Column("study_id", sa.String(64), primary_key=True),
    sa.Column("stage", sa.String(32), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("state", sa.Integer, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
)
releases = sa.Table(
    "releases",
    metadata,
    sa.Column("study_id", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("state", sa.Integer, nullable=False),
    sa.Column("coverage", sa.String(32), nullable=False),
    sa.Column("code", sa.String(32)),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("report_path", sa.Text),  # below the reports: a store may be moved
    sa.Column("report_sha256", sa.String(64)),
    sa.Column("released_at", sa.String(40), nullable=False),
)


@dataclass(frozen=True, slots=True)
class StudyResults:
    """The rows of one revision of one study, ready to be written together.

    `measurements` come with the modality that measured them.
    """

    study_id: str
    revision: int
    measurements: Sequence[tuple[str, Measurement]]
    findings: Sequence[Finding]
    scores: Sequence[Score]
    verdicts: Sequence[Verdict]
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One released, held or failed report."""

    study_id: str
    revision: int
    status: str
    state: State
    coverage: str
    code: str | None
    reasons: tuple[str, ...]
    report_path: str | None
    report_sha256: str | None
    released_at: str


class ResultStore:
    """The results of all studies in one database, and where below `reports` the report of each lies."""

    def __init__(self, engine: sa.Engine, reports: Path) -> None:
        self._engine = engine
        self._reports = reports

    def save(self, results: StudyResults) -> None:
        """Replace the rows of this revision in one transaction."""
        groups = {
            measurements: [{**_row(measurements, m), "modality": modality} for modality, m in results.measurements],
            findings: [_row(findings, f) for f in results.findings],
            scores: [_row(scores, s) for s in results.scores],
            verdicts: [_row(verdicts, v) for v in results.verdicts],
            problems: [_row(problems, p) for p in results.problems],
        }
        key = {"study_id": results.study_id, "revision": results.revision}
        with self._engine.begin() as connection:
            for table, rows in groups.items():
                mine = (table.c.study_id == results.study_id) & (table.c.revision == results.revision)
                connection.execute(sa.delete(table).where(mine))
                if rows:
                    connection.execute(sa.insert(table), [{**key, "position": i, **row} for i, row in enumerate(rows)])

    def save_stage(self, study_id: str, revision: int, stage: str, state: State, record: Any) -> None:
        """Keep the record of one stage as JSON; the newest replaces the former."""
        values = {
            "study_id": study_id,
            "stage": stage,
            "revision": revision,
            "state": int(state),
            "record": msgspec.json.encode(record).decode(),
        }
        mine = (stage_records.c.study_id == study_id) & (stage_records.c.stage == stage)
        with self._engine.begin() as connection:
            connection.execute(sa.delete(stage_records).where(mine))
            connection.execute(sa.insert(stage_records), values)

    def stage(self, study_id: str, stage: str, record_type: type[T]) -> T | None:
        """Return the record of one stage, or None if the study has not reached it."""
        query = sa.select(stage_records.c.record).where(
            stage_records.c.study_id == study_id, stage_records.c.stage == stage
        )
        with reading(self._engine) as connection:
            text = connection.execute(query).scalar_one_or_none()
        return None if text is None else msgspec.json.decode(text, type=record_type)

    def release(self, row: ReleaseRow, *, connection: sa.Connection) -> bool:
        """Record a release once in the caller's transaction; return False if this revision already has one that stands.

        An error response does not stand: a study that a machine's failure ended is launched again.
        """
        path = None if row.report_path is None else kept_path(row.report_path, self._reports)
        values = {**msgspec.to_builtins(row), "reasons": msgspec.json.encode(row.reasons).decode(), "report_path": path}
        mine = (releases.c.study_id == row.study_id) & (releases.c.revision == row.revision)
        connection.execute(sa.delete(releases).where(mine, releases.c.status == "error"))
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        return connection.execute(insert(releases).values(values).on_conflict_do_nothing()).rowcount == 1

    def released(self, study_id: str) -> list[ReleaseRow]:
        """Return the releases of a study, oldest revision first."""
        query = sa.select(releases).where(releases.c.study_id == study_id).order_by(releases.c.revision)
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [_release_row(dict(row), self._reports) for row in rows]

    def recent(self, limit: int = 200) -> list[ReleaseRow]:
        """Return the newest releases, newest first."""
        query = sa.select(releases).order_by(releases.c.released_at.desc()).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [_release_row(dict(row), self._reports) for row in rows]


def _row(table: sa.Table, item: Any) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(item)
    return {c.name: values[c.name] for c in table.columns if c.name in values}


def _release_row(row: dict[str, Any], reports: Path) -> ReleaseRow:
    values = {str(name): value for name, value in row.items()}  # SQLAlchemy's names are a subclass of str
    path = None if row["report_path"] is None else str(path_of(row["report_path"], reports))
    return msgspec.convert({**values, "reasons": msgspec.json.decode(row["reasons"]), "report_path": path}, ReleaseRow)
