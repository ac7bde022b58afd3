"""Which report stands of a study, and reading it.

Belongs here: choosing revision and version, and the file. Not here: what is made of it (trace.py, ../replay/).
"""

from cardio_dagster.audit.lineage.archive import Archive
from cardio_dagster.audit.lineage.story import Story, Told, purge_of
from cardio_dagster.audit_record import Kind
from cardio_dagster.errors import CardioError
from cardio_dagster.reporting.json_report import from_json
from cardio_dagster.reporting.parts import Report
from cardio_dagster.stores.studies import StudyRow

REPORT = "report.json"
RUN_DEPENDENT = "execution.json"  # differs from run to run, so that its hash is not recorded


class NoReportError(CardioError, LookupError):
    """No report stands of a study."""


def standing(archive: Archive, story: Story, study_id: str, revision: int | None) -> tuple[StudyRow, Told | None]:
    """Return a revision, by default the newest closed one, with the closing of the version that stands; None where none is.

    Raises UnknownStudyError for a study or revision that is not registered.
    """
    newest = max((t.record.revision or 0 for t in story.of(Kind.REPORT_CLOSED)), default=None)
    row = archive.row(study_id, revision if revision is not None else newest)
    return row, story.closing(row.study.revision)


def read_report(archive: Archive, story: Story, row: StudyRow, version: int) -> Report:
    """Return one version of a report; raises NoReportError where it is gone and StudyError where it is no report."""
    study = row.study
    try:
        return from_json((archive.report_folder(study.study_id, study.revision, version) / REPORT).read_bytes())
    except FileNotFoundError:
        why = _why_gone(archive, story, row)
        raise NoReportError(f"no report stands of study {study.study_id} revision {study.revision}: {why}") from None


def _why_gone(archive: Archive, story: Story, row: StudyRow) -> str:
    purged = story.purged(Kind.REPORT_CLOSED, revision=row.study.revision)
    proof = purge_of(archive.ledger, (record.seq for record in purged)) if purged else None
    if proof is not None:
        return f"it was purged on {proof.at[:10]} after its retention, proof record {proof.seq}"
    if row.finished_at:
        return "it was closed, but its file is gone; restore the store from the backup"
    return f"it has not ended yet; `cardio explain {row.study.study_id}` says how far it came"
