"""Entry, Record and Actor: the words of the audit ledger.

Belongs here: what is recorded, of whom, and under which kind. Not here: what a kind holds
(audit_contents.py), keeping and proving records (stores/ledger/) or reading them for people (audit/).
Nothing in a record identifies a patient: studies are told by pseudonym, files by hash, people of the staff by name.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a record tells; the names are part of the chain and never change."""

    LEDGER_OPENED = "ledger.opened"
    LEDGER_ANCHORED = "ledger.anchored"
    STUDY_RECEIVED = "study.received"  # registered, or re-opened by a later drop
    STUDY_SET_ASIDE = "study.set_aside"  # quarantined, or a duplicate
    STAGE_PASSED = "stage.passed"
    GATES_JUDGED = "gates.judged"
    DECISIONS_MADE = "decisions.made"  # medical: statements and scores with their evidence
    ERROR_MET = "error.met"
    RUN_DIED = "run.died"
    REPORT_CLOSED = "report.closed"  # released, held, error response, released after review, rejected
    NOTICE_RAISED = "notice.raised"
    NOTICE_SENT = "notice.sent"
    NOTICE_ACKNOWLEDGED = "notice.acknowledged"
    NOTICE_ESCALATED = "notice.escalated"  # passed on to the next role, unacknowledged
    REVIEW_OPENED = "review.opened"
    REVIEW_DECIDED = "review.decided"
    CONFIG_CHANGED = "config.changed"
    MODELS_CHANGED = "models.changed"
    ACCESS_MADE = "access.made"
    BREAKER_MOVED = "breaker.moved"  # a circuit breaker opened or closed
    SERVICE_RESTARTED = "service.restarted"  # by the supervisor, after it had ended by itself
    EVALUATION_MADE = "evaluation.made"
    PROMOTION_DECIDED = "promotion.decided"  # of models, gates, or what is in force after an update
    HOLD_PLACED = "hold.placed"
    HOLD_LIFTED = "hold.lifted"
    CONTENT_PURGED = "content.purged"


class ActorKind(StrEnum):
    """Who or what acted."""

    PERSON = "person"
    SENSOR = "sensor"
    SCHEDULE = "schedule"
    BACKFILL = "backfill"
    CLI = "cli"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: a person by login and role, or a part of the system by its name."""

    kind: ActorKind
    name: str
    role: str | None = None

    def __str__(self) -> str:
        """Return `person:mk` or `sensor:new_study_sensor`."""
        return f"{self.kind.value}:{self.name}"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to be recorded. `content` is one of audit_contents.py; entries of one `key` are recorded once."""

    kind: Kind
    actor: Actor
    content: Any
    study_id: str | None = None
    revision: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it stands in the chain.

    `seq` is the order. `at` stands still while the clock is set back by up to a day, `clock_at` is what the machine's clock
    said; both ISO 8601, UTC. `content` is JSON, None once
    purged; its hash stays. `hash` is over every other field but `content`, `previous_hash` that of the record before.
    """

    seq: int
    at: str
    clock_at: str
    kind: Kind
    actor: str
    role: str | None
    study_id: str | None
    revision: int | None
    key: str | None
    content_sha256: str  # over salt and content
    previous_hash: str
    hash: str
    content: str | None
