"""What does not match, in plain words.

Belongs here: holding a traced report against its records. Not here: repairing anything, or proving the ledger itself
(`cardio audit verify`).
"""

from collections.abc import Iterator

from cardio_dagster.audit.lineage.parts import Lineage, Trust
from cardio_dagster.audit.lineage.story import Story, purge_of
from cardio_dagster.audit_record import Kind
from cardio_dagster.reporting.parts import Report
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.ledger.row_proofs import row_faults

_KINDS = (Kind.STUDY_RECEIVED, Kind.STAGE_PASSED, Kind.DECISIONS_MADE, Kind.REPORT_CLOSED, Kind.REVIEW_DECIDED)


def faults_of(lineage: Lineage, report: Report, story: Story, ledger: Ledger) -> tuple[str, ...]:
    """Return everything of a traced report that does not match its record; empty if all does."""
    of_report = (*_of_report(lineage, report, story), *_of_files(lineage), *_of_sentences(lineage))
    return (*of_report, *_of_rows(lineage, ledger), *_of_records(lineage, story, ledger))


def _of_report(lineage: Lineage, report: Report, story: Story) -> Iterator[str]:
    if lineage.closed is None and not story.purged(Kind.REPORT_CLOSED, revision=lineage.revision):
        yield "the ledger holds no closing of this report: nothing proves that it is the one that was written"
    if (report.study_id, report.revision) != (lineage.study_id, lineage.revision):
        yield f"report.json is that of study {report.study_id} revision {report.revision}"
    in_report = {r.recording_id: r.sha256 for r in report.recordings}
    for recording in lineage.recordings:
        if in_report.get(recording.recording_id) != recording.sha256:
            yield f"recording {recording.recording_id} in the report is not the one that was registered"


def _of_files(lineage: Lineage) -> Iterator[str]:
    for file in lineage.files:
        if file.trust is Trust.UNRECORDED and lineage.closed is not None:
            yield f"{file.name} of the report is in no record of its closing"
        elif file.trust in (Trust.CHANGED, Trust.GONE):
            yield f"{file.name} of the report is {file.trust.value}: it does not have the hash of its closing"
    for recording in lineage.recordings:
        if recording.trust is not Trust.AS_RECORDED:
            yield f"recording {recording.recording_id} is {recording.trust.value}: the store does not hold it as it was received"
        elif recording.received is None and lineage.received is not None:
            yield f"recording {recording.recording_id} with this hash is in no record of a receipt"


def _of_sentences(lineage: Lineage) -> Iterator[str]:
    lost = [s.statement_id for s in lineage.sentences if s.decided is None]
    if lost and lineage.closed is not None:
        yield f"no record of a decision holds the text of {', '.join(lost)}"


def _of_rows(lineage: Lineage, ledger: Ledger) -> Iterator[str]:
    """Yield what release, decisions and versions in the database say otherwise than their records."""
    with reading(ledger.engine) as connection:
        yield from row_faults(connection, study=(lineage.study_id, lineage.revision))


def _of_records(lineage: Lineage, story: Story, ledger: Ledger) -> Iterator[str]:
    purged = story.purged(*_KINDS, revision=lineage.revision)
    if purged:
        proof = purge_of(ledger, (record.seq for record in purged))
        on = f"purged on {proof.at[:10]}, proof record {proof.seq}" if proof else "purged, and no record proves it"
        yield f"the contents of {len(purged)} records of it were {on}; their hashes stand"
