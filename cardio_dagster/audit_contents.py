"""What the records of the audit ledger hold, a class a kind.

Belongs here: the contents, made of plain values. Not here: when they are recorded (orchestration/, review/, escalation/)
or how they are shown (audit/). A field that is added needs a default: old records are read for seven years.
"""

from dataclasses import dataclass

from cardio_dagster.outcome import Verdict


@dataclass(frozen=True, slots=True)
class FileHash:
    """One received recording by its hash; without a name, which may identify a patient."""

    recording_id: str
    sha256: str
    size_bytes: int
    modality: str | None
    format: str | None


@dataclass(frozen=True, slots=True)
class Received:
    """STUDY_RECEIVED: what came. `source` is the pseudonym of the name it came under."""

    content_sha256: str
    priority: str
    source: str
    claim: str
    files: tuple[FileHash, ...]
    problems: tuple[str, ...] = ()  # codes


@dataclass(frozen=True, slots=True)
class SetAside:
    """STUDY_SET_ASIDE: a drop that made no study, or that was already held."""

    fate: str
    source: str
    claim: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModalityPassed:
    """What a stage made of one modality, and from what: together with code and models the reason why it ran or did not."""

    modality: str
    status: str
    reused: bool
    key: str | None = None  # of the checkpoint
    inputs_sha256: str | None = None
    code_version: str | None = None
    models: str | None = None  # hashes of the models in use
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StagePassed:
    """STAGE_PASSED: one transition of one study. `error` is the code of a study in ERROR."""

    stage: str
    from_state: str
    to_state: str
    status: str | None  # None: the study was in ERROR and passed through
    run_id: str
    door: str  # "study" or "bulk"
    code_version: str
    data_version: str
    config_sha256: str
    modalities: tuple[ModalityPassed, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class GatesJudged:
    """GATES_JUDGED: every verdict of one stage."""

    stage: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One sentence of a report as a medical decision: the findings and the evidence that it rests on."""

    statement_id: str
    grade: str
    findings: tuple[str, ...]
    recording_id: str | None
    citations: tuple[str, ...]
    text_sha256: str


@dataclass(frozen=True, slots=True)
class ScoreGiven:
    """One score; None and a reason where it was refused."""

    name: str
    value: float | None
    unit: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionsMade:
    """DECISIONS_MADE: what one report says, and the models behind it (name, version, sha256)."""

    decisions: tuple[Decision, ...]
    scores: tuple[ScoreGiven, ...]
    models: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ErrorMet:
    """ERROR_MET: one problem of a machine or of the study, by its code."""

    code: str
    severity: str
    impact: str | None
    stage: str | None = None
    modality: str | None = None
    recording_id: str | None = None
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class RunDied:
    """RUN_DIED: a run that ended without a word of its own, with the studies it carried."""

    run_id: str
    job: str
    studies: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class ReportClosed:
    """REPORT_CLOSED: the decision on one version of a report; `files` are the hashes of all its files by name."""

    status: str  # released, held, error, rejected
    state: str
    coverage: str
    version: int
    files: dict[str, str]
    code: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeTold:
    """NOTICE_RAISED, _SENT, _ACKNOWLEDGED, _ESCALATED: a notice by id, its impact, cause and the role it went to."""

    notice_id: str
    impact: str
    cause: str  # a finding or failure code
    role: str
    level: int = 0  # 0 at first, one more with each role it was passed on to
    channel: str | None = None  # scheme only, an address may hold a secret
    due_at: str | None = None
    delivered: bool | None = None


@dataclass(frozen=True, slots=True)
class ReviewOpened:
    """REVIEW_OPENED: why a person must look at a version of a report."""

    version: int
    report_sha256: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewDecided:
    """REVIEW_DECIDED: who decided what on which version; the texts of an amendment by their hash."""

    version: int
    report_sha256: str
    decision: str  # accept, amend, reject
    reason: str
    amendments: tuple[tuple[str, str, str], ...] = ()  # action, statement id, sha256 of the new text
    details_sha256: str | None = None  # over the time and every field of the amendments: grade, section, reason, order


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    """CONFIG_CHANGED: the settings in force from now on; secrets by hash."""

    sha256: str
    values: dict[str, str]
    software_version: str


@dataclass(frozen=True, slots=True)
class ModelsChanged:
    """MODELS_CHANGED: the models in force from now on: name, version, sha256."""

    models: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class AccessMade:
    """ACCESS_MADE: who looked at or changed what."""

    action: str
    resource: str
    outcome: str


@dataclass(frozen=True, slots=True)
class BreakerMoved:
    """BREAKER_MOVED: a dependency that is down, or is back."""

    dependency: str
    state: str  # open, half-open, closed
    failures: int
    why: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceRestarted:
    """SERVICE_RESTARTED: a process that ended by itself and was started again, the `restarts`-th time under this supervisor.

    `ended_at` is ISO 8601, UTC: it may lie well before the record, because a database that is down records nothing.
    """

    service: str
    how: str  # signal SIGKILL, exit code 1
    restarts: int
    ended_at: str


@dataclass(frozen=True, slots=True)
class EvaluationMade:
    """EVALUATION_MADE: one night's evaluation. `figures`: metric and value, None where it could not be had.

    `worse` and `drifted` say what raised a notice, with both figures. `is_standing`: the run became the one that later ones are
    compared with, because there was none.
    """

    night: str
    size: str
    software_version: str
    has_reference: bool
    figures: tuple[tuple[str, float | None], ...]
    worse: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    is_standing: bool = False


@dataclass(frozen=True, slots=True)
class PromotionDecided:
    """PROMOTION_DECIDED: whether a candidate takes the place of what stands; `reasons` only where it was refused.

    `figures`: primary metric, standing and new value as they are shown, verdict.
    """

    decision: str  # promoted, approved (limits of gates), accepted (what is in force), refused
    what: str
    figures: tuple[tuple[str, str, str], ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldMoved:
    """HOLD_PLACED, HOLD_LIFTED: a legal hold on a study, with its reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class ContentPurged:
    """CONTENT_PURGED: whose content went after its retention; what stays are hashes."""

    records: tuple[int, ...]  # seq of records whose content went
    files: dict[str, str]  # what lay in the store, by relative name without identity, and its sha256
    before: str
