"""Meanings: what each kind of record is called in DICOM's audit vocabulary, and how its outcome is judged.

Belongs here: one table of event codes for FHIR AuditEvent and for DICOM audit messages. Not here: their syntax.

DICOM's own event (PS3.16 CID 400, its types CID 401) is taken where PS3.15 A.5.3 describes what happened; both groups are
extensible, and the rest has codes of this project under the private designator 99CARDIO (PS3.16 section 8: private
schemes begin with 99). Every record has its kind as an event type beside any of DICOM's.
"""

from dataclasses import dataclass
from typing import Any

from cardio_dagster.audit.export.told import Told
from cardio_dagster.audit_contents import (
    AccessMade,
    BreakerMoved,
    ErrorMet,
    EvaluationMade,
    NoticeTold,
    PromotionDecided,
    ReportClosed,
    ServiceRestarted,
    StagePassed,
)
from cardio_dagster.audit_record import Kind
from cardio_dagster.outcome import Severity, State

DCM, OWN = "DCM", "99CARDIO"


@dataclass(frozen=True, slots=True)
class Code:
    """A code with its scheme and its meaning in words."""

    code: str
    scheme: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """A kind of record as an audit event; `action` is one of C, R, U, D, E (PS3.15 A.5.1.1)."""

    event: Code
    action: str
    types: tuple[Code, ...]


SUCCESS, MINOR, SERIOUS = "0", "4", "8"  # EventOutcomeIndicator, the same codes as FHIR's AuditEvent.outcome

_START_STOP = Code("110100", DCM, "Application Activity")
_LOG_USED = Code("110101", DCM, "Audit Log Used")
_ACCESSED = Code("110103", DCM, "DICOM Instances Accessed")
_DELETED = Code("110105", DCM, "DICOM Study Deleted")
_IMPORT = Code("110107", DCM, "Import")
_SECURITY = Code("110113", DCM, "Security Alert")
_STARTED = Code("110120", DCM, "Application Start")
_STOPPED = Code("110121", DCM, "Application Stop")
_SOFTWARE = Code("110131", DCM, "Software Configuration")
_RECORDING = Code("110134", DCM, "Audit Recording Started")
_ATTRIBUTES = Code("110135", DCM, "Object Security Attributes Changed")

_WORDS: dict[Kind, tuple[str, str]] = {
    Kind.LEDGER_OPENED: ("E", "Ledger opened"),
    Kind.LEDGER_ANCHORED: ("R", "Ledger anchored"),
    Kind.STUDY_RECEIVED: ("C", "Study received"),
    Kind.STUDY_SET_ASIDE: ("C", "Drop set aside"),
    Kind.STAGE_PASSED: ("R", "Stage passed"),
    Kind.GATES_JUDGED: ("E", "Quality gates judged"),
    Kind.DECISIONS_MADE: ("C", "Medical decisions made"),
    Kind.ERROR_MET: ("E", "Error met"),
    Kind.RUN_DIED: ("E", "Run died"),
    Kind.REPORT_CLOSED: ("C", "Report closed"),
    Kind.NOTICE_RAISED: ("C", "Notice raised"),
    Kind.NOTICE_SENT: ("E", "Notice sent"),
    Kind.NOTICE_ACKNOWLEDGED: ("U", "Notice acknowledged"),
    Kind.NOTICE_ESCALATED: ("U", "Notice passed on to the next role"),
    Kind.REVIEW_OPENED: ("C", "Review opened"),
    Kind.REVIEW_DECIDED: ("U", "Review decided"),
    Kind.CONFIG_CHANGED: ("E", "Configuration changed"),
    Kind.MODELS_CHANGED: ("E", "Models changed"),
    Kind.ACCESS_MADE: ("E", "Access made"),
    Kind.BREAKER_MOVED: ("E", "Circuit breaker moved"),
    Kind.SERVICE_RESTARTED: ("E", "Service restarted"),
    Kind.EVALUATION_MADE: ("E", "Evaluation made"),
    Kind.PROMOTION_DECIDED: ("E", "Promotion decided"),
    Kind.HOLD_PLACED: ("E", "Legal hold placed"),
    Kind.HOLD_LIFTED: ("E", "Legal hold lifted"),
    Kind.CONTENT_PURGED: ("D", "Content purged"),
}
_DICOM: dict[Kind, tuple[Code, ...]] = {
    Kind.LEDGER_OPENED: (_SECURITY, _RECORDING),
    Kind.LEDGER_ANCHORED: (_LOG_USED,),
    Kind.STUDY_RECEIVED: (_IMPORT,),
    Kind.STUDY_SET_ASIDE: (_IMPORT,),
    Kind.STAGE_PASSED: (_ACCESSED,),
    Kind.RUN_DIED: (_START_STOP, _STOPPED),
    Kind.CONFIG_CHANGED: (_SECURITY, _SOFTWARE),
    Kind.MODELS_CHANGED: (_SECURITY, _SOFTWARE),
    Kind.ACCESS_MADE: (_ACCESSED,),
    Kind.SERVICE_RESTARTED: (_START_STOP, _STARTED),
    Kind.PROMOTION_DECIDED: (_SECURITY, _SOFTWARE),
    Kind.HOLD_PLACED: (_SECURITY, _ATTRIBUTES),
    Kind.HOLD_LIFTED: (_SECURITY, _ATTRIBUTES),
    Kind.CONTENT_PURGED: (_DELETED,),
}


def own_code(kind: Kind) -> Code:
    """Return the project's own code of a kind."""
    return Code(kind.value, OWN, _WORDS[kind][1])


def meaning(kind: Kind) -> Meaning:
    """Return what a kind is called; raises KeyError for a kind that the table lacks."""
    own = own_code(kind)
    event, *types = _DICOM.get(kind, (own,))
    return Meaning(event, _WORDS[kind][0], (*types, own))


_ACCESS_ACTIONS = {"create": "C", "upload": "C", "read": "R", "list": "R", "update": "U", "delete": "D"}
_WENT_WELL = {"ok", "success", "allowed", "granted", "given", "changed"}  # the last two are the gateway's words
_GRAVE = {Severity.ERROR.value, Severity.CRITICAL.value}


def action(item: Told) -> str:
    """Return the action code; that of an access by its verb, E (execute) for a verb of no such class."""
    if isinstance(item.content, AccessMade):
        return _ACCESS_ACTIONS.get(item.content.action.lower(), "E")
    return meaning(item.record.kind).action


def outcome(item: Told) -> tuple[str, str | None]:
    """Return the outcome code and why it is none of success.

    0 is also the standard's code for "unknown", as of a record whose content was purged (PS3.15 A.5.1.1).
    """
    if item.proof is not None:
        return SUCCESS, f"content {item.proof}"
    if item.record.kind is Kind.STUDY_SET_ASIDE:
        return MINOR, "the drop made no study"
    if item.record.kind is Kind.RUN_DIED:
        return SERIOUS, "the run ended without a word of its own"
    return _judged(item.content)


def _judged(content: Any) -> tuple[str, str | None]:
    code, why = SUCCESS, None
    match content:
        case ErrorMet():
            code, why = (SERIOUS if content.severity in _GRAVE else MINOR), content.code
        case StagePassed() if content.error or content.to_state == State.ERROR.name:
            code, why = SERIOUS, content.error
        case ReportClosed() if content.code:
            code, why = SERIOUS, content.code
        case NoticeTold() if content.delivered is False:
            code, why = MINOR, "not delivered"
        case AccessMade() if content.outcome.lower() not in _WENT_WELL:
            code, why = MINOR, content.outcome
        case BreakerMoved() if content.state == "open":
            code, why = MINOR, content.why or "the dependency is down"
        case ServiceRestarted():
            code, why = MINOR, f"it had ended ({content.how})"
        case EvaluationMade() if content.worse or content.drifted:
            code, why = MINOR, "; ".join((*content.worse, *content.drifted))
        case PromotionDecided() if content.reasons:
            code, why = MINOR, "; ".join(content.reasons)
    return code, why
