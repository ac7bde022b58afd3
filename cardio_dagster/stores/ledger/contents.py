"""Contents to JSON and back, by the kind of their record.

Belongs here: which class a kind holds, and the two kinds that the ledger itself writes. Not here: the classes of all
other kinds (audit_contents.py).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from cardio_dagster import audit_contents as words
from cardio_dagster.audit_record import Kind, Record


@dataclass(frozen=True, slots=True)
class LedgerOpened:
    """LEDGER_OPENED: the random id of this ledger, and how its hashes are made."""

    ledger_id: str
    format: str


@dataclass(frozen=True, slots=True)
class LedgerAnchored:
    """LEDGER_ANCHORED: what an anchor says; earlier versions left `first_seq` None for a day without a record."""

    day: str
    first_seq: int | None
    last_seq: int
    count: int
    root_hash: str
    signature: str


CONTENT_TYPES: dict[Kind, type] = {
    Kind.LEDGER_OPENED: LedgerOpened,
    Kind.LEDGER_ANCHORED: LedgerAnchored,
    Kind.STUDY_RECEIVED: words.Received,
    Kind.STUDY_SET_ASIDE: words.SetAside,
    Kind.STAGE_PASSED: words.StagePassed,
    Kind.GATES_JUDGED: words.GatesJudged,
    Kind.DECISIONS_MADE: words.DecisionsMade,
    Kind.ERROR_MET: words.ErrorMet,
    Kind.RUN_DIED: words.RunDied,
    Kind.REPORT_CLOSED: words.ReportClosed,
    Kind.NOTICE_RAISED: words.NoticeTold,
    Kind.NOTICE_SENT: words.NoticeTold,
    Kind.NOTICE_ACKNOWLEDGED: words.NoticeTold,
    Kind.NOTICE_ESCALATED: words.NoticeTold,
    Kind.REVIEW_OPENED: words.ReviewOpened,
    Kind.REVIEW_DECIDED: words.ReviewDecided,
    Kind.CONFIG_CHANGED: words.ConfigChanged,
    Kind.MODELS_CHANGED: words.ModelsChanged,
    Kind.ACCESS_MADE: words.AccessMade,
    Kind.BREAKER_MOVED: words.BreakerMoved,
    Kind.SERVICE_RESTARTED: words.ServiceRestarted,
    Kind.EVALUATION_MADE: words.EvaluationMade,
    Kind.PROMOTION_DECIDED: words.PromotionDecided,
    Kind.HOLD_PLACED: words.HoldMoved,
    Kind.HOLD_LIFTED: words.HoldMoved,
    Kind.CONTENT_PURGED: words.ContentPurged,
}

_encoder = msgspec.json.Encoder(order="deterministic")


def encode(kind: Kind, content: Any) -> str:
    """Return the JSON of a content, the keys of dictionaries in order; NaN and infinity become null, as JSON has neither.

    Raises TypeError for a content that is not of the kind's class: what cannot be read back is not recorded.
    """
    if type(content) is not CONTENT_TYPES[kind]:
        raise TypeError(f"{kind.value} holds {CONTENT_TYPES[kind].__name__}, not {type(content).__name__}")
    return _encoder.encode(content).decode()


def decode(record: Record) -> Any:
    """Return the content of a record as the class of its kind; None once purged.

    Fields that a later version added and this one does not know are left out. Raises msgspec.ValidationError for a
    content that does not fit, which only a changed record has.
    """
    return None if record.content is None else _decoder(record.kind).decode(record.content)


@cache
def _decoder(kind: Kind) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(CONTENT_TYPES[kind])
