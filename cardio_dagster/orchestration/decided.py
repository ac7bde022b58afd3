"""What follows from a decision of a person besides the next version: the notices that it answers, and one that it raises.

Belongs here: both, each once however often it is called. Not here: the version (review/continuing.py), or what the software itself
finds critical (escalation/causes.py).
"""

from datetime import UTC, datetime

from cardio_dagster.audit_record import Actor
from cardio_dagster.escalation.causes import REPORT_HELD
from cardio_dagster.escalation.entries import acknowledged_entries
from cardio_dagster.finding import Grade
from cardio_dagster.orchestration.escalating import raise_alone
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.outcome import Impact
from cardio_dagster.reporting.review_parts import Review
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.notices import Audience, Cause, NoticeStore
from cardio_dagster.stores.notices.words import WAITING
from cardio_dagster.study import Study

REVIEW_CRITICAL = "REVIEW_CRITICAL"


def tell_decided(study: Study, review: Review, stores: Stores, *, actor: Actor) -> None:
    """Answer the notice of a held report in the name of whom decided on it, and raise one for a critical sentence of a person.

    A notice that also tells a critical finding stays: somebody must look at the patient, whatever became of the report.
    """
    _answer(study, review, stores)
    newly = [c for c in review.changes if c.after_grade is Grade.CRITICAL and c.before_grade is not Grade.CRITICAL]
    if newly and not review.is_rejected:
        about = (study.study_id, study.revision, study.priority.value, len(newly))
        raise_alone([Cause(REVIEW_CRITICAL, Impact.CRITICAL, Audience.CLINICAL, *about)], stores, actor)


def _answer(study: Study, review: Review, stores: Stores) -> None:
    engine, last, now = connect(stores.database_url), review.last, datetime.now(UTC)
    store = NoticeStore(engine)
    for notice in store.of_study(study.study_id):
        is_of_report = notice.revision == study.revision and {c.code for c in notice.causes} == {REPORT_HELD}
        if not is_of_report or notice.state not in WAITING:
            continue
        with engine.begin() as connection:
            changed = store.acknowledge(notice.notice_id, by=last.by, role=last.role, now=now, connection=connection)
            if changed:
                entries = acknowledged_entries(changed, by=last.by, role=last.role)
                stores.ledger().append(*entries, connection=connection)
