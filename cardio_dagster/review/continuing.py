"""continue_review: from decisions to versions of the report.

Belongs here: writing and recording what was decided. Not here: deciding (deciding.py), the sensor (defs/review.py).
Nothing waits: a decision is a row, and whoever comes next writes its version. Killed anywhere and called again, it
leaves one folder, one row and one record.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from cardio_dagster.audit_contents import ReportClosed
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.errors import StudyError
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.reported import as_report
from cardio_dagster.pipeline.reviewed import reviewed, reviewed_files
from cardio_dagster.reporting.json_report import from_json
from cardio_dagster.reporting.parts import Report
from cardio_dagster.review.proving import prove
from cardio_dagster.stores.ledger.row_proofs import version_key
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.stores.reviews import Recorder, ReviewError, ReviewStore, VersionRow

_STATUS = {ReleaseStatus.REVIEWED: "released", ReleaseStatus.CONFIRMED: "error", ReleaseStatus.REJECTED: "rejected"}


@dataclass(frozen=True, slots=True)
class Continued:
    """The dossier as it stands after every decision, its version, and how many versions this call recorded."""

    dossier: Dossier
    stands: VersionRow
    recorded: int


def continue_review(
    dossier: Dossier, *, store: ReviewStore, reports: ReportStore, ledger: Recorder, actor: Actor
) -> Continued | None:
    """Write and record the version of every decision that has none yet; None where nobody decided on this revision.

    `dossier` is as it was at FORMATTING, `reports` a store that writes (not StandingReports). Called again it changes nothing
    and returns the same. Raises ReviewError, with nothing written, where a decision or a version of it is not what the ledger
    proves, or where the dossier is no longer the one that the standing report was made of.
    """
    study = dossier.study
    decisions = store.decisions(study.study_id, study.revision)
    if not decisions:
        return None
    first = store.standing(study.study_id, study.revision)
    assert first is not None  # decisions rest on a release
    prove(decisions, first.base_sha256, store=store, ledger=ledger)
    unwritten = [d for d in decisions if not store.written(study.study_id, study.revision, d.makes)]
    if unwritten:
        _check_basis(dossier, reports.folder(study.study_id, study.revision))
    for decision in decisions:
        dossier = reviewed(dossier, decision)
        if decision in unwritten:
            _write(dossier, first.base_sha256, store=store, reports=reports, ledger=ledger, actor=actor)
    stands = store.standing(study.study_id, study.revision)
    assert stands is not None
    return Continued(replace(dossier, report_path=stands.report_path), stands, len(unwritten))


def _write(
    dossier: Dossier, base_sha256: str, *, store: ReviewStore, reports: ReportStore, ledger: Recorder, actor: Actor
) -> None:
    study, review, release = dossier.study, dossier.review, dossier.release
    assert review is not None
    assert release is not None
    files = reviewed_files(dossier)
    folder = reports.save_version(study.study_id, study.revision, dossier.version, files)
    row = VersionRow(
        study_id=study.study_id,
        revision=study.revision,
        version=dossier.version,
        status=_STATUS[release.status],
        state=State.ERROR if dossier.failed else State.COMPLETE,
        coverage=dossier.fusion.coverage.value if dossier.fusion else "NONE",
        code=dossier.error.code if dossier.error else None,
        report_path=str(folder),
        report_sha256=_sha256(files["report.html"]),
        base_sha256=base_sha256,
        at=review.last.at,
    )
    store.record(row, (_closed_entry(row, files, actor),), ledger)


def _closed_entry(row: VersionRow, files: dict[str, bytes], actor: Actor) -> Entry:
    """Return the record of the version; why it was decided so stands in the record of the decision."""
    content = ReportClosed(
        status=row.status,
        state=row.state.name,
        coverage=row.coverage,
        version=row.version,
        files={name: _sha256(content) for name, content in sorted(files.items())},
        code=row.code,
    )
    key = version_key(row.study_id, row.revision, row.version)
    return Entry(Kind.REPORT_CLOSED, actor, content, row.study_id, row.revision, key)


def _check_basis(dossier: Dossier, folder: Path) -> None:
    """Refuse to build on results that changed since: a later release of this software may lay a report out anew, not say another thing."""
    try:
        stood = from_json((folder / "report.json").read_bytes())
    except (OSError, StudyError) as error:
        raise ReviewError(f"version 1 of {dossier.study.study_id} cannot be read ({type(error).__name__}); restore the store") from None  # fmt: skip
    if _said(stood) != _said(as_report(dossier)):
        raise ReviewError(
            f"the results of {dossier.study.study_id} were made anew since its report was written, and are others; "
            "drop its files again, so that a revision of its own is made of them and read"
        )


def _said(report: Report) -> tuple[object, ...]:
    return report.written.statements, report.measurements, report.findings, report.scores, report.final_state


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
