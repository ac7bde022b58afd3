"""Cause, Notice and Policy: the words of escalation.

Belongs here: the values that stores and escalation share. Not here: reading a policy from its file
(escalation/policy.py) or which findings and failures are causes (escalation/causes.py).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from cardio_dagster.outcome import Impact


class Audience(StrEnum):
    """Who can act on a cause: those who look after the patient, or those who look after the machine."""

    CLINICAL = "clinical"
    TECHNICAL = "technical"


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason to tell somebody: a code, never a text, because a text could name a patient.

    It is about a revision of a study, or about a `subject` without one ("database", "disk"); `occasion` tells one
    outage of the subject from the next. `count` is how many recordings or findings have the code.
    """

    code: str
    impact: Impact
    audience: Audience
    study_id: str | None = None
    revision: int | None = None
    priority: str | None = None  # of the study
    count: int = 1
    subject: str | None = None
    occasion: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One cause as it stands in a notice."""

    code: str
    impact: Impact
    count: int = 1


class NoticeState(StrEnum):
    """Where a notice stands."""

    OPEN = "open"  # waits for somebody to acknowledge it
    TOLD = "told"  # needs no acknowledgment
    JOINED = "joined"  # the same failure of the machine is told by another notice already
    ACKNOWLEDGED = "acknowledged"
    UNANSWERED = "unanswered"  # every role was told and reminded, nobody answered


WAITING = (NoticeState.OPEN.value, NoticeState.UNANSWERED.value)  # for a person


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, with all causes of one study for one audience, the gravest first.

    `level` is 0 at first and one more with each role it was passed on to and each reminder of the last. Times are
    ISO 8601, UTC. `due_at` is when it is passed on; None where nobody waits for an answer.
    """

    notice_id: str
    audience: Audience
    impact: Impact
    causes: tuple[Told, ...]
    raised_at: str
    state: NoticeState
    role: str
    level: int = 0
    due_at: str | None = None
    study_id: str | None = None
    revision: int | None = None
    priority: str | None = None
    subject: str | None = None
    joined_to: str | None = None
    answered_at: str | None = None
    answered_by: str | None = None
    answered_role: str | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to reach a role: an Apprise URL, or `file:` for the folder of notices. The URL is a secret: it is never shown."""

    url: str = field(repr=False)

    @property
    def scheme(self) -> str:
        """Return what may be told of it: "slack", "mailto", "file"."""
        return self.url.split(":", 1)[0].lower()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long each role has to answer, in seconds, the last value also for those after it; empty: no answer is needed.

    `reminders` is how often the last role is told again.
    """

    within_s: tuple[float, ...]
    reminders: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """Whom each audience reaches in which order, through what, and how long each role has to answer."""

    chains: dict[Audience, tuple[str, ...]]
    channels: dict[str, tuple[Channel, ...]]
    waiting: dict[Impact, Waiting]

    def role(self, audience: Audience, level: int) -> str:
        """Return the role of a level; beyond the chain its last."""
        chain = self.chains[audience]
        return chain[min(level, len(chain) - 1)]

    def within_s(self, impact: Impact, level: int) -> float | None:
        """Return how long a level has to answer; None if no answer is needed."""
        times = self.waiting[impact].within_s
        return times[min(level, len(times) - 1)] if times else None

    def last_level(self, audience: Audience, impact: Impact) -> int:
        """Return the level after which nothing more is sent."""
        return len(self.chains[audience]) - 1 + self.waiting[impact].reminders


def stamp(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC with milliseconds, so that text sorts by time; raises ValueError without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be compared; use datetime.now(UTC)")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
