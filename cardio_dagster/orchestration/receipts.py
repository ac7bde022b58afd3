"""What intake leaves in the audit ledger: every drop, whatever became of it.

Belongs here: from a taken claim to its record. Not here: taking it (intake/). The scan calls this before it closes a
claim, so that a crash between the two repeats the call; the key lets the repetition record nothing.
"""

from cardio_dagster.audit_contents import FileHash, Received, SetAside
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.escalation.machine import set_aside_cause
from cardio_dagster.intake.accept import Fate, Taken
from cardio_dagster.orchestration.escalating import raise_notices
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.stores.database import connect


def record_taken(taken: Taken, stores: Stores, actor: Actor) -> None:
    """Record what became of one drop, once; somebody is told of one that made no study and is no duplicate."""
    is_study = taken.fate in {Fate.REGISTERED, Fate.REOPENED}
    entry = _received(taken, stores, actor) if is_study else _set_aside(taken, actor)
    lost = [set_aside_cause(taken.claim_id)] if taken.fate is Fate.QUARANTINED else []
    with connect(stores.database_url).begin() as connection:
        raised = raise_notices(lost, stores, actor, connection=connection)
        stores.ledger().append(entry, *raised, connection=connection)


def _received(taken: Taken, stores: Stores, actor: Actor) -> Entry:
    row = stores.row(str(taken.study_id), taken.revision)
    study = row.study
    files = tuple(FileHash(r.recording_id, r.sha256, r.size_bytes, r.modality, r.format) for r in study.recordings)
    codes = tuple(p.code for p in taken.problems)
    content = Received(study.content_sha256, study.priority.value, taken.source, taken.claim_id, files, codes)
    key = f"received:{study.study_id}:r{study.revision}"
    return Entry(Kind.STUDY_RECEIVED, actor, content, study.study_id, study.revision, key)


def _set_aside(taken: Taken, actor: Actor) -> Entry:
    content = SetAside(taken.fate.value, taken.source, taken.claim_id, tuple(p.code for p in taken.problems))
    key = f"set-aside:{taken.claim_id}"
    return Entry(Kind.STUDY_SET_ASIDE, actor, content, taken.study_id, taken.revision, key)
