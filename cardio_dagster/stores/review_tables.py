"""The tables of reviews.

Belongs here: tables and their rows as values. Not here: asking for them (review_queries.py), deciding and recording
(reviews.py). A report has versions: 1 is the pipeline's own and stands in `releases`; each decision of a person makes
the next. Every later version names the hash of the version 1 that it rests on (`base_sha256`): where an error response
is taken over by a better report of the same revision, the versions that rested on it stand no longer, and stay as rows.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from cardio_dagster.outcome import State
from cardio_dagster.stores.database import metadata

reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("study_id", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("report_sha256", sa.String(64), nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),  # JSON
    sa.Column("opened_at", sa.String(40), nullable=False),
)
review_decisions = sa.Table(
    "review_decisions",
    metadata,
    sa.Column("study_id", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("makes", sa.Integer, primary_key=True),  # the number of the version that follows
    sa.Column("version", sa.Integer, nullable=False),  # what the person looked at
    sa.Column("report_sha256", sa.String(64), nullable=False),
    sa.Column("base_sha256", sa.String(64), nullable=False),
    sa.Column("choice", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("amendments", sa.Text, nullable=False),  # JSON
    sa.UniqueConstraint("study_id", "revision", "version", "report_sha256"),  # one decision on one version
)
report_versions = sa.Table(
    "report_versions",
    metadata,
    sa.Column("study_id", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("base_sha256", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("report_path", sa.Text, nullable=False),  # below the reports, as in `releases`
    sa.Column("report_sha256", sa.String(64), nullable=False),
    sa.Column("decided_at", sa.String(40), nullable=False),
)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a report: `status` is released, held, error or rejected; `at` is when that was decided.

    `report_path` is the whole path of its folder.
    """

    study_id: str
    revision: int
    version: int
    status: str
    state: State
    coverage: str
    code: str | None
    report_path: str
    report_sha256: str
    base_sha256: str
    at: str


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A report that waits for a person. `priority` and `received_at` are None where the registry does not know it."""

    study_id: str
    revision: int
    version: int
    report_sha256: str
    status: str  # held or error
    reasons: tuple[str, ...]
    opened_at: str
    report_path: str
    priority: str | None
    received_at: str | None
