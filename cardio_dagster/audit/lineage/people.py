"""The people behind a report, and the records in which its sentences were decided.

Belongs here: reading reviews and decisions. Not here: taking a decision (review/).
"""

from cardio_dagster.audit.lineage.parts import PersonTraced, Recorded
from cardio_dagster.audit.lineage.stages import recorded
from cardio_dagster.audit.lineage.story import Story, Told
from cardio_dagster.audit_record import Kind

_WORDS = {"accept": "accepted it", "amend": "amended it", "reject": "rejected it"}


def people(story: Story, revision: int) -> tuple[PersonTraced, ...]:
    """Return who decided what on which version of a report, in order."""
    return tuple(_person(told) for told in story.of(Kind.REVIEW_DECIDED, revision=revision))


def decided(story: Story, revision: int, statement_id: str, text_sha256: str) -> Recorded | None:
    """Return the last record that holds this very text as this sentence: a person's amendment or the pipeline's decision."""
    found = [
        t
        for t in story.of(Kind.DECISIONS_MADE, Kind.REVIEW_DECIDED, revision=revision)
        if _holds(t, statement_id, text_sha256)
    ]
    return recorded(found[-1].record) if found else None


def _holds(told: Told, statement_id: str, text_sha256: str) -> bool:
    if told.record.kind is Kind.REVIEW_DECIDED:
        return any((name, digest) == (statement_id, text_sha256) for _, name, digest in told.content.amendments)
    return any((d.statement_id, d.text_sha256) == (statement_id, text_sha256) for d in told.content.decisions)


def _person(told: Told) -> PersonTraced:
    content = told.content
    return PersonTraced(
        name=told.record.actor.removeprefix("person:"),
        role=told.record.role,
        did=_WORDS.get(content.decision, content.decision),
        version=content.version,
        reason=content.reason,
        amended=tuple(f"{action} {name}" for action, name, _ in content.amendments),
        recorded=recorded(told.record),
    )
