"""Progress: what became of a job so far, read from what intake and the stages recorded.

Belongs here: state, stage, percent and place in the queue of a job. Not here: HTTP (jobs.py, events.py), or any record of its
own: a job that is asked for twice, or after a restart, says the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cardio_dagster.audit_contents import Received, ReportClosed, SetAside, StagePassed
from cardio_dagster.audit_record import Kind, Record
from cardio_dagster.gateway.backend import Backend
from cardio_dagster.outcome import State
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.jobs import Job
from cardio_dagster.stores.ledger import decode
from cardio_dagster.stores.review_tables import VersionRow
from cardio_dagster.stores.study_tables import StudyRow, studies

_TOLD = (Kind.STUDY_RECEIVED, Kind.STAGE_PASSED, Kind.REPORT_CLOSED)
REGISTERED, DUPLICATE = "registered", "duplicate"


class JobState(StrEnum):
    """Where a job is."""

    RECEIVED = "received"  # in the landing zone
    WAITING = "waiting"  # registered, no stage passed yet
    RUNNING = "running"
    HELD = "held"  # a person must look at the report
    RELEASED = "released"
    REJECTED = "rejected"  # by a person
    ERROR = "error"  # the study ended in an error response
    SET_ASIDE = "set_aside"  # nothing in it can be a recording


FINAL = frozenset({JobState.HELD, JobState.RELEASED, JobState.REJECTED, JobState.ERROR, JobState.SET_ASIDE})
_DECIDED = {
    "released": JobState.RELEASED,
    "released after review": JobState.RELEASED,
    "held": JobState.HELD,
    "error": JobState.ERROR,
    "error confirmed after review": JobState.ERROR,
    "rejected": JobState.REJECTED,
}
# percent of the way once a state is passed: shares of the time that a study with a cine takes on two cores, rounded
PASSED_PCT = {
    State.INIT: 0, State.RECEIPT: 5, State.VALIDATION: 20, State.PREPROCESSING: 35, State.DETECTION: 55, State.ANALYSIS: 75,
    State.FUSION: 80, State.SCORING: 85, State.FORMATTING: 95, State.COMPLETE: 100, State.ERROR: 95,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a job. `stage` is the state that is worked on; `ahead` the open studies before it while it waits.

    `event_id` grows from moment to moment. `reasons` say why a report is held or rejected, or the codes of a refusal.
    """

    event_id: int
    state: JobState
    percent: int
    message: str
    stage: str | None = None
    ahead: int | None = None
    reasons: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether nothing follows without a person."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True)
class Course:
    """A job with every moment that was recorded of it, in order, and the version of its report that stands, if any."""

    job: Job
    moments: tuple[Progress, ...]
    stands: VersionRow | None = None
    closed: ReportClosed | None = None

    @property
    def now(self) -> Progress:
        """The newest moment."""
        return self.moments[-1]


def course(backend: Backend, job: Job) -> Course:
    """Return the course of a job; what intake made of it is noted in the job at the first time that it is known."""
    job = _settled(backend, job)
    received = Progress(0, JobState.RECEIVED, 0, "in the landing zone; intake takes it within seconds")
    if job.fate is None:
        return Course(job, (received,))
    if job.study_id is None or job.revision is None:
        codes = ", ".join(job.codes) or "no code"
        aside = Progress(job.ledger_seq + 1, JobState.SET_ASIDE, 100, f"set aside: {codes}", reasons=job.codes)
        return Course(job, (received, aside))
    row = backend.registry.get(job.study_id, job.revision)
    stands = backend.reviews.standing(job.study_id, job.revision)
    told = [(r.seq, decode(r)) for r in _records(backend, job) if r.content is not None]
    closed = next((c for _, c in reversed(told) if isinstance(c, ReportClosed)), None)
    moments = [_moment(backend, seq, content, row) for seq, content in told] or [_waiting(backend, 1, row)]
    return Course(job, (received, *_without_past(moments)), stands, closed)


def _settled(backend: Backend, job: Job) -> Job:
    if job.fate is not None:
        return job
    for record in _of_source(backend, job):
        content = decode(record) if record.content is not None else None
        if isinstance(content, Received | SetAside) and content.source == job.source:
            fate = content.fate if isinstance(content, SetAside) else REGISTERED
            return backend.jobs.settle(
                job, fate=fate, study_id=record.study_id, revision=record.revision, codes=content.problems
            )
    return job


def _of_source(backend: Backend, job: Job) -> Iterator[Record]:
    """Yield the records that may tell of a job: those of the study that came under its name, then what was set aside since."""
    row = backend.registry.by_source(job.source)
    since = job.ledger_seq + 1
    if row is not None:
        study_id = row.study.study_id
        yield from backend.ledger.records(study_id=study_id, kinds=(Kind.STUDY_RECEIVED,), since_seq=since)
    yield from backend.ledger.records(kinds=(Kind.STUDY_SET_ASIDE,), since_seq=since)


def _records(backend: Backend, job: Job) -> list[Record]:
    return [r for r in backend.ledger.records(study_id=job.study_id, kinds=_TOLD) if r.revision == job.revision]


def _moment(backend: Backend, seq: int, content: Any, row: StudyRow | None) -> Progress:
    if isinstance(content, ReportClosed):
        state = _DECIDED[content.status]
        reasons = content.reasons or ((content.code,) if content.code else ())
        return Progress(seq, state, 100, _said(state, reasons), reasons=reasons)
    if isinstance(content, StagePassed):
        passed = State[content.to_state]
        upcoming = State(passed + 1) if State.INIT <= passed < State.COMPLETE else State.FORMATTING
        done = f"{content.stage} done, {upcoming.name} under way"
        return Progress(seq, JobState.RUNNING, PASSED_PCT[passed], done, stage=upcoming.name)
    return _waiting(backend, seq, row)


def _said(state: JobState, reasons: tuple[str, ...]) -> str:
    why = f": {'; '.join(reasons)}" if reasons else ""
    told = {
        JobState.RELEASED: "the report is released",
        JobState.HELD: "the report is held for review",
        JobState.ERROR: "the study ended in an error response",
        JobState.REJECTED: "the report was rejected in review",
    }
    return told[state] + why


def _waiting(backend: Backend, seq: int, row: StudyRow | None) -> Progress:
    ahead = studies_ahead(backend.engine, row) if row is not None and row.finished_at is None else 0
    told = "next in the queue" if ahead == 0 else f"waits, {ahead} open {'study' if ahead == 1 else 'studies'} ahead"
    return Progress(seq, JobState.WAITING, 0, told, ahead=ahead)


def _without_past(moments: list[Progress]) -> list[Progress]:
    """Drop the place in the queue from moments that are over."""
    past = [replace(m, ahead=None, message="registered") if m.ahead is not None else m for m in moments[:-1]]
    return [*past, moments[-1]]


def studies_ahead(engine: sa.Engine, row: StudyRow) -> int:
    """Return how many open studies are more urgent, or as urgent and older; by the index of open studies only."""
    mine = sa.select(studies.c.priority_rank, studies.c.received_at).where(studies.c.study_id == row.study.study_id)
    place = mine.subquery()
    before = (studies.c.priority_rank < place.c.priority_rank) | (
        (studies.c.priority_rank == place.c.priority_rank) & (studies.c.received_at < place.c.received_at)
    )
    query = sa.select(sa.func.count()).select_from(studies.join(place, before)).where(studies.c.finished_at.is_(None))
    with reading(engine) as connection:
        return int(connection.scalar(query) or 0)
