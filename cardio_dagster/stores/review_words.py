"""Roles, Amendment, ReviewDecision: the words of a review, shared by store, report and command line.

Belongs here: who may decide and what a decision is made of. Not here: keeping decisions (reviews.py), judging them
(review/) or drawing them (reporting/). Imports no database. Names are those of staff, never of patients.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from cardio_dagster.errors import CardioError
from cardio_dagster.finding import Grade


class ReviewError(CardioError, ValueError):
    """A decision that cannot be taken or carried out; the message says why and what to do."""


class UnreadableDecisionError(ReviewError):
    """A row of `review_decisions` that no version of this software writes: somebody's hand was in the database."""


class UnprovenDecisionError(ReviewError):
    """A decision, or a version made of one, that is not what the ledger proves."""


class Choice(StrEnum):
    """What a person makes of a version of a report."""

    ACCEPT = "accept"  # as it is
    AMEND = "amend"  # with changed sentences
    REJECT = "reject"  # not for use


class Action(StrEnum):
    """What an amendment does to the written part."""

    WITHDRAW = "withdraw"
    REPLACE = "replace"
    ADD = "add"


@dataclass(frozen=True, slots=True)
class Role:
    """A role: `may_decide` on reports; `verifies`: a report it accepts is attested by a reader (DICOM SR VERIFIED)."""

    title: str
    may_decide: bool
    verifies: bool


ROLES: dict[str, Role] = {
    "reader": Role("reader", True, True),
    "senior_reader": Role("senior reader", True, True),
    "head": Role("head of the laboratory", True, True),
    "admin": Role("administrator", True, False),  # unblocks a site, reads no hearts
    "operator": Role("operator", False, False),
    "auditor": Role("auditor", False, False),
    "researcher": Role("researcher", False, False),
}


@dataclass(frozen=True, slots=True)
class Amendment:
    """One change of the written part, with its reason.

    `statement_id` names the sentence; that of an added one is given when the decision is made ("a01"). `text` is the new
    sentence, None where one is withdrawn. `section` is that of an added sentence. `grade` is the new one; None keeps the
    grade of a sentence that is replaced, and makes an added one a note.
    """

    action: Action
    statement_id: str
    text: str | None
    reason: str
    section: str | None = None
    grade: Grade | None = None


@dataclass(frozen=True, slots=True)
class DecisionsWaiting:
    """Decisions whose version is not written yet, and the studies (id, revision) of which one cannot be read."""

    readable: tuple["ReviewDecision", ...]
    unreadable: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """One decision of one person.

    `version` and `report_sha256` (of its report.html) are what the person looked at, `makes` the number of the version that
    follows from it; `at` is ISO 8601, UTC.
    """

    study_id: str
    revision: int
    version: int
    report_sha256: str
    choice: Choice
    reason: str
    by: str
    role: str
    at: str
    amendments: tuple[Amendment, ...] = ()
    makes: int = 0  # 0 until it is recorded


def details_sha256(decision: ReviewDecision) -> str:
    """Return the hash over the time and every field of the amendments, by which the ledger holds what it does not repeat."""
    return hashlib.sha256(msgspec.json.encode((decision.at, decision.amendments))).hexdigest()
