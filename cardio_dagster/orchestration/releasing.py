"""Closing a study: the decision on its report, its record, its review item and its notices in one transaction.

Belongs here: closing what the pipeline decided, and going on to what a person decided. Not here: the decision itself
(review/), its versions (reviewing.py) or sending notices (escalating.py). One transaction, because a report that is released unrecorded, or held without an item, would be lost.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from cardio_dagster.audit_contents import ReportClosed
from cardio_dagster.audit_record import Entry, Kind
from cardio_dagster.escalation.causes import causes
from cardio_dagster.orchestration.escalating import raise_notices
from cardio_dagster.orchestration.recording import Teller, stage_entries
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.reviewing import continue_study, review_store
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.stages import complete
from cardio_dagster.review.deciding import opened_entry
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger.row_proofs import release_key
from cardio_dagster.stores.results import ReleaseRow

FIRST = 1  # the version that the pipeline wrote
RUN_DEPENDENT = frozenset({"execution.json"})
PAGE = "report.html"


def release_study(written: Dossier, teller: Teller) -> Dossier:
    """Complete a study whose report is written, record the decision on it and mark it finished by the release that stands.

    A second call changes nothing, except that a better end takes the place of an error response.
    """
    dossier = complete(written)
    stores = teller.stores
    row, files = _row(dossier), report_files(dossier)
    with connect(stores.database_url).begin() as connection:
        if stores.results().release(row, connection=connection):
            told = (
                *stage_entries(teller, written, dossier, "release"),
                _closing(dossier, files, teller),
                *_review(row, teller, connection),
                *raise_notices(causes(dossier), stores, teller.actor, connection=connection),
            )
            stores.ledger().append(*told, connection=connection)
    _mark_finished(row, stores)
    continued = continue_study(written, stores, stores.ledger(), actor=teller.actor)
    return complete(continued.dossier) if continued else dossier


def _mark_finished(row: ReleaseRow, stores: Stores) -> None:
    standing = next(r for r in stores.results().released(row.study_id) if r.revision == row.revision)
    registry = stores.registry()
    if standing.status == ReleaseStatus.RELEASED.value:
        registry.mark_released(row.study_id, row.revision)
    registry.mark_finished(row.study_id, row.revision, standing.state.name)


def report_files(dossier: Dossier) -> dict[str, str]:
    """Return the sha256 of every file of a report by name, but of what differs from run to run."""
    found = sorted(p for p in Path(str(dossier.report_path)).iterdir() if p.is_file() and not p.name.startswith("."))
    return {p.name: _sha256(p) for p in found if p.name not in RUN_DEPENDENT}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _row(dossier: Dossier) -> ReleaseRow:
    decision = dossier.release
    if decision is None or dossier.report_path is None:
        raise ValueError(f"{dossier.study.study_id} has no report to release; materialize report first")
    return ReleaseRow(
        study_id=dossier.study.study_id,
        revision=dossier.study.revision,
        status=decision.status.value,
        state=dossier.state,
        coverage=_coverage(dossier),
        code=dossier.error.code if dossier.error else None,
        reasons=decision.reasons if decision.status is not ReleaseStatus.RELEASED else (),
        report_path=dossier.report_path,
        report_sha256=_sha256(Path(dossier.report_path) / PAGE),
        released_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _closing(dossier: Dossier, files: dict[str, str], teller: Teller) -> Entry:
    study, decision = dossier.study, dossier.release
    assert decision is not None
    closed = ReportClosed(
        status=decision.status.value,
        state=dossier.state.name,
        coverage=_coverage(dossier),
        version=FIRST,
        files=files,
        code=dossier.error.code if dossier.error else None,
        reasons=decision.reasons,
    )
    key = release_key(study.study_id, study.revision, closed.status, files[PAGE])
    return Entry(Kind.REPORT_CLOSED, teller.actor, closed, study.study_id, study.revision, key)


def _review(row: ReleaseRow, teller: Teller, connection: sa.Connection) -> tuple[Entry, ...]:
    """Let a held report or an error response wait for a person; return the record of that."""
    if row.status == ReleaseStatus.RELEASED.value:
        return ()
    about = (row.study_id, row.revision, FIRST, str(row.report_sha256))
    opened = review_store(teller.stores).open(*about, row.reasons, at=row.released_at, connection=connection)
    return (opened_entry(*about, reasons=row.reasons, actor=teller.actor),) if opened else ()


def _coverage(dossier: Dossier) -> str:
    return dossier.fusion.coverage.value if dossier.fusion else "NONE"
