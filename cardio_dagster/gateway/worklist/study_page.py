"""What a person is shown of one study: its report, versions, notices, course and lineage.

Belongs here: gathering it from review, audit and escalation. Not here: HTTP (routes.py) or layout (pages/).
"""

import hashlib
from dataclasses import dataclass

from cardio_dagster.audit.explain.explanation import explain
from cardio_dagster.audit.explain.parts import Explanation
from cardio_dagster.audit.lineage.archive import Archive
from cardio_dagster.audit_contents import ReportClosed
from cardio_dagster.audit_record import Kind
from cardio_dagster.gateway.backend import Backend
from cardio_dagster.gateway.errors import GatewayError
from cardio_dagster.gateway.worklist.queries import Row, row_of
from cardio_dagster.reporting.summary import KeyNumber, key_numbers
from cardio_dagster.review.worklist import Shown, show
from cardio_dagster.stores.ledger import decode
from cardio_dagster.stores.notices import Notice, NoticeStore
from cardio_dagster.stores.report_paths import REPORTS_DIR
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.stores.review_words import ReviewDecision
from cardio_dagster.stores.reviews import ReviewError


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a report, as the ledger recorded it."""

    revision: int
    version: int
    closed: ReportClosed
    at: str

    @property
    def place(self) -> str:
        """Return the address below which its files are."""
        return f"r{self.revision}/v{self.version}"


@dataclass(frozen=True, slots=True)
class StudyPage:
    """One study. `shown` is None where no report stands or its files are not those recorded; `fault` says which."""

    row: Row
    shown: Shown | None
    fault: str | None
    numbers: tuple[KeyNumber, ...]
    versions: tuple[Version, ...]
    notices: tuple[Notice, ...]
    explained: Explanation

    @property
    def pending(self) -> ReviewDecision | None:
        """Return a decision whose version is not written yet."""
        decisions = self.shown.decisions if self.shown else ()
        return decisions[-1] if decisions and self.shown and decisions[-1].makes > self.shown.stands.version else None


def study_page(backend: Backend, study_id: str) -> StudyPage:
    """Return everything about a study; raises GatewayError (404) where none of this id is registered."""
    row = row_of(backend.engine, study_id)
    if row is None:
        raise GatewayError("E_HTTP_404", "no study of this id is registered")
    shown, fault = _shown(backend, study_id)
    explained = explain(archive_of(backend), study_id, None, max_attempts=backend.settings.max_attempts)
    return StudyPage(
        row=row,
        shown=shown,
        fault=fault,
        numbers=key_numbers(shown.report) if shown else (),
        versions=versions(backend, study_id),
        notices=NoticeStore(backend.engine).of_study(study_id),
        explained=explained,
    )


def archive_of(backend: Backend) -> Archive:
    """Return the installation's archive, for those who ask about the past."""
    return Archive(backend.settings.store_dir, backend.engine, backend.ledger)


def versions(backend: Backend, study_id: str) -> tuple[Version, ...]:
    """Return every version of every revision's report, the newest first; of one that was closed twice the later."""
    found = {}
    for record in backend.ledger.records(study_id=study_id, kinds=(Kind.REPORT_CLOSED,)):
        content = decode(record) if record.content is not None else None
        if isinstance(content, ReportClosed) and record.revision is not None:
            found[record.revision, content.version] = Version(record.revision, content.version, content, record.at)
    return tuple(found[key] for key in sorted(found, reverse=True))


def report_file(backend: Backend, study_id: str, revision: int, version: int, name: str) -> bytes:
    """Return a file of a report; raises GatewayError: 404 where there is none, 503 where it is not what was recorded."""
    mine = [v for v in versions(backend, study_id) if (v.revision, v.version) == (revision, version)]
    if not mine or name not in mine[0].closed.files:
        raise GatewayError("E_HTTP_404", "there is no such report, or it has no such file")
    folder = ReportStore(backend.settings.store_dir / REPORTS_DIR).folder(study_id, revision, version)
    try:
        content = (folder / name).read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != mine[0].closed.files[name]:
        raise GatewayError("E_JOB_004", "the report on disk is not the one that was recorded")
    return content


def _shown(backend: Backend, study_id: str) -> tuple[Shown | None, str | None]:
    if backend.reviews.standing(study_id) is None:
        return None, None
    try:
        return show(study_id, backend.reviews, backend.ledger), None
    except ReviewError as error:
        return None, str(error)
