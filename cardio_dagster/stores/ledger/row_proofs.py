"""Row proofs: releases, decisions of people and versions of reports, each held against its record.

Belongs here: what a row must have in the ledger, and what differs. Not here: whether the records themselves are sound: the
walk (chain.py) looks at all, `Ledger.proven` at one. A row whose record lost its content by a purge is not looked at.
"""

import hashlib
from collections.abc import Iterator

import msgspec
import sqlalchemy as sa

from cardio_dagster.audit_contents import ReportClosed, ReviewDecided
from cardio_dagster.audit_record import Actor, ActorKind, Record
from cardio_dagster.outcome import State
from cardio_dagster.stores.ledger import row_queries
from cardio_dagster.stores.review_queries import decision_of
from cardio_dagster.stores.review_words import ROLES, ReviewDecision, details_sha256

_PAGE = "report.html"
_ROWS = 1000  # fetched at once
_LOST = (
    (row_queries.LOST_RELEASES, "a release"),
    (row_queries.LOST_DECISIONS, "a decision"),
    (row_queries.LOST_VERSIONS, "a version"),
    (row_queries.LOST_REVIEWS, "a review"),
    (row_queries.LOST_HOLDS, "a legal hold"),
)
_UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    msgspec.MsgspecError,
)  # of a row, or of a record that is no longer its own


def decision_key(study_id: str, revision: int, makes: int) -> str:
    """Return the key of the record of the decision that makes a version."""
    return f"{row_queries.DECIDED}{study_id}:r{revision}:v{makes}"


def release_key(study_id: str, revision: int, status: str, report_sha256: str) -> str:
    """Return the key of the record of version 1, the pipeline's own; `report_sha256` is that of its page."""
    cut = row_queries.HASH_CUT
    return f"{row_queries.CLOSED_FIRST}{study_id}:r{revision}:v1:{status}:{report_sha256[:cut]}"


def version_key(study_id: str, revision: int, version: int) -> str:
    """Return the key of the record of a version that a decision made."""
    return f"{row_queries.CLOSED}{study_id}:r{revision}:v{version}"


def decision_fault(decision: ReviewDecision, record: Record | None) -> str | None:
    """Return what of a decision differs from its record, None if nothing does; a purged content proves nothing."""
    named = f"the decision that makes version {decision.makes}"
    if record is None or record.content is None:
        return f"{named}: the ledger holds no record of it"
    return _decision_fault(named, decision, record.actor, record.role, record.content)


def version_fault(version: int, status: str, report_sha256: str, record: Record | None) -> str | None:
    """Return what of a recorded version (2 or later) differs from its record, None if nothing does."""
    if record is None or record.content is None:
        return f"version {version}: the ledger holds no record of it"
    return _version_fault(f"version {version}", version, status, report_sha256, record.content)


def row_faults(connection: sa.Connection, *, study: tuple[str, int] | None = None) -> Iterator[str]:
    """Yield what differs between rows and records, of all studies or of one revision of one, in one pass over each table."""
    if row_queries.are_missing(connection):
        return
    for query, look in _LOOKS:
        for row in _rows(connection, query, study):
            try:
                yield from look(row)
            except _UNREADABLE:
                yield f"{_name(row)}: a row of it, or the record of the row, cannot be read"
    for query, what in _LOST:
        for row in _rows(connection, query, study):
            yield f"{_name(row)}: {what} is recorded (record {row['record']}), and its row is gone"


def _rows(
    connection: sa.Connection, query: sa.Select[tuple[object, ...]], study: tuple[str, int] | None
) -> Iterator[sa.RowMapping]:
    named = row_queries.of_study(query, *study) if study else query
    yield from connection.execution_options(yield_per=_ROWS).execute(named).mappings()


def _of_release(row: sa.RowMapping) -> Iterator[str]:
    named = f"{_name(row)}, {row['status']}"
    if row["record"] is None:
        yield f"{named}: the ledger holds no closing with this status and hash"
    elif row["told"] is not None:
        told = msgspec.json.decode(row["told"], type=ReportClosed)
        values = (row["status"], State(row["state"]).name, row["coverage"], row["code"], row["report_sha256"])
        if values != (told.status, told.state, told.coverage, told.code, told.files.get(_PAGE)):
            yield f"{named}: the release is not what record {row['record']} says"


def _of_decision(row: sa.RowMapping) -> Iterator[str]:
    named = f"{_name(row)}: the decision that makes version {row['makes']}"
    if row["record"] is None:
        yield f"{named}: the ledger holds no record of it"
    elif row["version"] == 1 and row["report_sha256"] != row["base_sha256"]:
        yield f"{named}: it was not made on the report that it is said to rest on"
    elif row["told"] is not None:
        fault = _read_decision_fault(named, row)
        if fault is not None:
            yield fault


def _read_decision_fault(named: str, row: sa.RowMapping) -> str | None:
    try:
        decision = decision_of(row)
    except (ValueError, msgspec.MsgspecError):  # a word that no version of this software writes
        return f"{named}: the row cannot be read"
    return _decision_fault(named, decision, row["recorded_actor"], row["recorded_role"], row["told"])


def _of_version(row: sa.RowMapping) -> Iterator[str]:
    named = f"{_name(row)}, version {row['version']}"
    if row["record"] is None:
        yield f"{named}: the ledger holds no record of it"
    elif row["told"] is not None:
        fault = _version_fault(named, row["version"], row["status"], row["report_sha256"], row["told"])
        if fault is not None:
            yield fault
    if row["decision_record"] is None:
        yield f"{named}: the ledger holds no decision that makes it"


_LOOKS = (
    (row_queries.RELEASES, _of_release),
    (row_queries.DECISIONS, _of_decision),
    (row_queries.VERSIONS, _of_version),
)


def _decision_fault(named: str, decision: ReviewDecision, actor: str, role: str | None, content: str) -> str | None:
    told = msgspec.json.decode(content, type=ReviewDecided)
    reasons = {decision.reason, f"sha256:{_sha256(decision.reason)}"}  # the second of one that looks like an identity
    row = ReviewDecided(
        version=decision.version,
        report_sha256=decision.report_sha256,
        decision=decision.choice.value,
        reason=told.reason if told.reason in reasons else decision.reason,
        amendments=tuple((a.action.value, a.statement_id, _sha256(a.text or "")) for a in decision.amendments),
        details_sha256=None if told.details_sha256 is None else details_sha256(decision),
    )
    if str(Actor(ActorKind.PERSON, decision.by)) != actor or decision.role != role:
        return f"{named}: the ledger names another person or role"
    if role not in ROLES or not ROLES[role].may_decide:
        return f"{named}: the role may not decide"
    return None if row == told else f"{named}: it is not what was recorded"


def _version_fault(named: str, version: int, status: str, report_sha256: str, content: str) -> str | None:
    told = msgspec.json.decode(content, type=ReportClosed)
    is_same = (version, status, report_sha256) == (told.version, told.status, told.files.get(_PAGE))
    return None if is_same else f"{named}: status or hash is not what was recorded"


def _name(row: sa.RowMapping) -> str:
    revision = "" if row["revision"] is None else f" revision {row['revision']}"
    return f"{row['study_id']}{revision}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
