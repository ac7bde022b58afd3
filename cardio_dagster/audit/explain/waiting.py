"""What a study waits for: a run, a machine, or a person.

Belongs here: reading that from the registry and the ledger. Not here: asking for runs (orchestration/requests.py). What
Dagster alone knows (whether a run stands in its queue or is at work) is said to be its to tell.
"""

from collections.abc import Iterator

from cardio_dagster.audit.lineage.archive import Archive
from cardio_dagster.audit.lineage.story import Story, closed
from cardio_dagster.audit_contents import RunDied
from cardio_dagster.audit_record import Kind
from cardio_dagster.stores.ledger import decode
from cardio_dagster.stores.studies import StudyRow

_CUT = 12


def waits(archive: Archive, story: Story, row: StudyRow, max_attempts: int) -> tuple[str, ...]:
    """Return what a revision waits for, in plain words; empty for one that is done."""
    if row.finished_at is None:
        return (*_for_run(archive, story, row, max_attempts), *_for_dependency(archive))
    return tuple(_for_person(story, row.study.revision))


def _for_run(archive: Archive, story: Story, row: StudyRow, max_attempts: int) -> Iterator[str]:
    revision, current = row.study.revision, row.current_revision
    if revision != current:
        yield f"it never ended; revision {current} took its place, and only that is worked on"
        return
    attempts = f"attempt {row.attempt} of {max_attempts}"
    if row.requested_at is None:
        yield "no run has been asked for: new_study_sensor does so at its next tick, if Dagster's daemon runs"
        return
    died = _deaths(archive, story, row)
    asked = (
        f"a run was asked for at {row.requested_at[:19].replace('T', ' ')} UTC through the {row.door} door ({attempts})"
    )
    if not died:
        yield f"{asked}; Dagster's UI shows under the run key {row.run_key} whether it is queued or at work"
        return
    yield f"{asked}, and run {died[-1].run_id[:_CUT]} died: {died[-1].why}"
    if row.attempt >= max_attempts:
        yield "every attempt is used up: new_study_sensor closes it with E_RETRIES_001 at its next tick"
    else:
        yield "new_study_sensor asks for another run at its next tick"


def _deaths(archive: Archive, story: Story, row: StudyRow) -> list[RunDied]:
    """Return the runs of the present request that died with the study on board, the oldest first."""
    received = story.of(Kind.STUDY_RECEIVED, revision=row.study.revision)
    since = received[0].record.seq if received else 0
    requested_at = row.requested_at or ""
    records = archive.ledger.records(kinds=(Kind.RUN_DIED,), since_seq=since)
    deaths = [decode(record) for record in records if record.at >= requested_at]
    return [died for died in deaths if isinstance(died, RunDied) and row.study.study_id in died.studies]


def _for_dependency(archive: Archive) -> Iterator[str]:
    """Tell every dependency whose circuit breaker is open: no run is asked for meanwhile."""
    last = {}
    for record in archive.ledger.records(kinds=(Kind.BREAKER_MOVED,)):
        moved = decode(record)
        if moved is not None:
            last[moved.dependency] = (record, moved)
    for name in sorted(last):
        record, moved = last[name]
        if moved.state != "closed":
            why = f" ({moved.why})" if moved.why else ""
            yield f"{name} is down since {record.at[:19].replace('T', ' ')} UTC{why}; no run is asked for until it is back"


def _for_person(story: Story, revision: int) -> Iterator[str]:
    """Tell a report that waits for a decision, and a decision that waits for its version."""
    opened = story.of(Kind.REVIEW_OPENED, revision=revision)
    if not opened:
        return
    decided = story.of(Kind.REVIEW_DECIDED, revision=revision)
    item = opened[-1].content
    if not decided or decided[-1].record.seq < opened[-1].record.seq:
        yield f"a person must decide on version {item.version} (`cardio review`): {'; '.join(item.reasons)}"
        return
    closing = story.closing(revision)
    if closing is None or closed(closing).version <= decided[-1].content.version:
        who, what = decided[-1].record.actor, decided[-1].content.decision
        yield f"{who} decided to {what} version {decided[-1].content.version}; the next run of `release` writes what follows"
