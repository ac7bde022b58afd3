"""Explaining one revision of a study.

Belongs here: putting the parts together. Not here: the reasons (why.py, waiting.py) or the layout (terminal.py).
"""

from cardio_dagster.audit.explain.course import course_of
from cardio_dagster.audit.explain.parts import Explanation
from cardio_dagster.audit.explain.waiting import waits
from cardio_dagster.audit.explain.why import explain_stages
from cardio_dagster.audit.lineage.archive import Archive
from cardio_dagster.audit.lineage.story import Story, closed, purge_of, read_story
from cardio_dagster.audit_record import Kind
from cardio_dagster.stores.studies import StudyRow


def explain(archive: Archive, study_id: str, revision: int | None, *, max_attempts: int) -> Explanation:
    """Return why each stage of a revision (by default the current one) ran or did not, and what the study waits for.

    `max_attempts` is the setting of now. Raises UnknownStudyError for a study or revision that is not registered.
    """
    row = archive.row(study_id, revision)
    story = read_story(archive.ledger, study_id)
    course = course_of(story, row.study.revision)
    gone = _purged(archive, story, row)
    if gone is not None:
        return Explanation(study_id, row.study.revision, gone, waits=(), stages=())
    return Explanation(
        study_id=study_id,
        revision=row.study.revision,
        standing=_standing(story, row),
        waits=waits(archive, story, row, max_attempts),
        stages=explain_stages(course, row.study.modalities, story.closing(row.study.revision)),
    )


def _purged(archive: Archive, story: Story, row: StudyRow) -> str | None:
    """Return how a revision stands of whose records the hashes alone are left; None for any other."""
    records = story.purged(Kind.REPORT_CLOSED, revision=row.study.revision)
    if not records or story.closing(row.study.revision) is not None:
        return None
    proof = purge_of(archive.ledger, (record.seq for record in records))
    told = f" on {proof.at[:10]} after its retention, proof record {proof.seq}" if proof else " after its retention"
    return f"closed in {row.final_state}, purged{told}; why its stages ran is gone with its content"


def _standing(story: Story, row: StudyRow) -> str:
    closing = story.closing(row.study.revision)
    if closing is not None:
        content = closed(closing)
        code = f" with {content.code}" if content.code else ""
        return f"{content.status}{code}, version {content.version}, at {closing.record.at[:19].replace('T', ' ')} UTC"
    if row.finished_at is not None:
        return f"closed in {row.final_state} before there was a ledger"
    return "open"
