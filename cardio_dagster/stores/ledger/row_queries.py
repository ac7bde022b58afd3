"""Row queries: releases, decisions and versions beside their records, joined by the key of the record.

Belongs here: the SQL. Not here: what differs (row_proofs.py). Keys are made by orchestration/releasing.py (version 1),
review/deciding.py and review/continuing.py; `RELEASES` and the others make the same in SQL.
"""

from typing import Any

import sqlalchemy as sa

from cardio_dagster.audit_record import Kind
from cardio_dagster.stores.ledger.tables import contents, ledger
from cardio_dagster.stores.results import releases
from cardio_dagster.stores.review_tables import report_versions, review_decisions, reviews

DECIDED, CLOSED, OPENED = "review.decided:", "report.closed:", "review.opened:"  # how the keys begin
CLOSED_FIRST = "closed:"
HASH_CUT = 16  # characters of the hash in the key of a release
_HOLDS = sa.table("legal_holds", sa.column("study_id"))  # stores/holds.py, which imports the ledger


def are_missing(connection: sa.Connection) -> bool:
    """Return whether the database has none of these tables yet."""
    needed = (releases, review_decisions, report_versions, reviews, _HOLDS)
    return not all(sa.inspect(connection).has_table(t.name) for t in needed)


def of_study(query: sa.Select[Any], study_id: str, revision: int) -> sa.Select[Any]:
    """Narrow one of the queries below to one revision."""
    column = query.selected_columns
    return query.where(column["study_id"] == study_id, column["revision"] == revision)


def _key(begin: str, table: sa.Table, number: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    revision, version = (sa.cast(n, sa.Text) for n in (table.c.revision, number))
    return sa.literal(begin) + table.c.study_id + ":r" + revision + ":v" + version


def _recorded(table: sa.Table, key: sa.ColumnElement[str]) -> sa.Select[Any]:
    """Build the rows of a table, each with its record if there is one."""
    told = (
        ledger.c.seq.label("record"),
        ledger.c.actor.label("recorded_actor"),
        ledger.c.role.label("recorded_role"),
        contents.c.content.label("told"),
    )
    joined = table.outerjoin(ledger, ledger.c.key == key).outerjoin(contents, contents.c.seq == ledger.c.seq)
    return sa.select(*table.c, *told).select_from(joined)


def _lost(table: sa.Table, key: sa.ColumnElement[str], kind: Kind, begin: str) -> sa.Select[Any]:
    """Build the records whose row is gone, their content not being purged."""
    same = (table.c.study_id == ledger.c.study_id) & (table.c.revision == ledger.c.revision) & (key == ledger.c.key)
    joined = ledger.join(contents, contents.c.seq == ledger.c.seq).outerjoin(table, same)
    columns = (ledger.c.study_id, ledger.c.revision, ledger.c.seq.label("record"))
    gone = (ledger.c.kind == kind.value, ledger.c.key.startswith(begin), table.c.study_id.is_(None))
    return sa.select(*columns).select_from(joined).where(*gone)


_DECISION_KEY = _key(DECIDED, review_decisions, review_decisions.c.makes)
_VERSION_KEY = _key(CLOSED, report_versions, report_versions.c.version)
_RELEASE_KEY = (
    _key(CLOSED_FIRST, releases, sa.literal(1))
    + ":"
    + releases.c.status
    + ":"
    + sa.func.substr(releases.c.report_sha256, 1, HASH_CUT, type_=sa.Text)
)
_DECIDED = ledger.alias("decided")

RELEASES = _recorded(releases, _RELEASE_KEY)
DECISIONS = _recorded(review_decisions, _DECISION_KEY)
VERSIONS = _recorded(report_versions, _VERSION_KEY).add_columns(
    sa.select(_DECIDED.c.seq)
    .where(_DECIDED.c.key == _key(DECIDED, report_versions, report_versions.c.version))
    .scalar_subquery()
    .label("decision_record")
)


def _lost_of_revision(table: sa.Table, kind: Kind, begin: str) -> sa.Select[Any]:
    """Build the revisions with such a record and no row at all; of a row that was replaced by a later one nothing is lost."""
    same = (table.c.study_id == ledger.c.study_id) & (table.c.revision == ledger.c.revision)
    joined = ledger.join(contents, contents.c.seq == ledger.c.seq).outerjoin(table, same)
    columns = (ledger.c.study_id, ledger.c.revision, sa.func.max(ledger.c.seq).label("record"))
    gone = (ledger.c.kind == kind.value, ledger.c.key.startswith(begin), table.c.study_id.is_(None))
    return sa.select(*columns).select_from(joined).where(*gone).group_by(ledger.c.study_id, ledger.c.revision)


def _lost_holds() -> sa.Select[Any]:
    """Build the holds that were placed, not lifted, and have no row."""
    moves = (Kind.HOLD_PLACED.value, Kind.HOLD_LIFTED.value)
    of_study = sa.select(sa.func.max(ledger.c.seq).label("seq")).where(ledger.c.kind.in_(moves))
    last = of_study.group_by(ledger.c.study_id).subquery("last")
    joined = ledger.join(last, last.c.seq == ledger.c.seq).outerjoin(_HOLDS, _HOLDS.c.study_id == ledger.c.study_id)
    columns = (ledger.c.study_id, ledger.c.revision, ledger.c.seq.label("record"))
    gone = (ledger.c.kind == Kind.HOLD_PLACED.value, _HOLDS.c.study_id.is_(None))
    return sa.select(*columns).select_from(joined).where(*gone)


LOST_RELEASES = _lost_of_revision(releases, Kind.REPORT_CLOSED, CLOSED_FIRST)
LOST_REVIEWS = _lost_of_revision(reviews, Kind.REVIEW_OPENED, OPENED)
LOST_HOLDS = _lost_holds()
LOST_DECISIONS = _lost(review_decisions, _DECISION_KEY, Kind.REVIEW_DECIDED, DECIDED)
LOST_VERSIONS = _lost(report_versions, _VERSION_KEY, Kind.REPORT_CLOSED, CLOSED)
