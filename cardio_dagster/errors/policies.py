"""The table of policies: what follows from each class of failure.

Belongs here: one row for each class. Not here: sleeping, retrying or logging (pipeline/, orchestration/), who is told
of an impact (escalation/).
"""

from cardio_dagster.errors.classes import Change, FailureClass, Level, Policy, RetryRule, Then
from cardio_dagster.outcome import Impact, Severity

_REPORT = "report with the problem named, held for review"
_ERROR = "error response with every problem"
POLICIES: dict[FailureClass, Policy] = {
    FailureClass.TIMEOUT: Policy(
        Level.WORK, RetryRule(3, delay_s=1.0, factor=2.0, jitter=True), Change.NOTHING,
        Then.LESS, "E_TIMEOUT_<STAGE>", Severity.ERROR, Impact.HIGH, _REPORT,
    ),
    FailureClass.STUDY_TIMEOUT: Policy(
        Level.WORK, RetryRule(1), Change.NOTHING,
        Then.END_STUDY, "E_TIMEOUT_STUDY", Severity.CRITICAL, Impact.HIGH, _ERROR,
    ),
    FailureClass.OUT_OF_MEMORY: Policy(
        Level.WORK, RetryRule(2), Change.HALVE_BATCH,
        Then.END_STUDY, "E_HARD_002", Severity.CRITICAL, Impact.CRITICAL, _ERROR,
    ),
    FailureClass.MODEL_LOAD: Policy(
        Level.WORK, RetryRule(2), Change.RELOAD_MODELS,
        Then.LESS, "E_MODEL_001", Severity.ERROR, Impact.HIGH, _REPORT,
    ),
    FailureClass.TRANSIENT: Policy(
        Level.WORK, RetryRule(3, delay_s=2.0), Change.NOTHING,
        Then.LESS, "E_TRANSIENT_EXHAUSTED", Severity.ERROR, Impact.HIGH, _REPORT,
    ),
    FailureClass.VALIDATION: Policy(
        Level.WORK, RetryRule(1), Change.NOTHING,
        Then.NOTHING_RETRIED, None, Severity.ERROR, Impact.MEDIUM, "every problem with what was seen and allowed",
    ),
    FailureClass.CORRUPTED_INPUT: Policy(
        Level.WORK, RetryRule(1), Change.NOTHING,
        Then.NOTHING_RETRIED, None, Severity.ERROR, Impact.MEDIUM, "the recording and the byte, tag or frame",
    ),
    FailureClass.CRITICAL_MODEL: Policy(
        Level.WORK, RetryRule(1), Change.NOTHING,
        Then.END_STUDY, "E_HARD_003", Severity.CRITICAL, Impact.CRITICAL, _ERROR,
    ),
    FailureClass.INTERNAL: Policy(
        Level.WORK, RetryRule(1), Change.NOTHING,
        Then.LESS, "E_INTERNAL_001", Severity.CRITICAL, Impact.HIGH, _REPORT,
    ),
    FailureClass.PROCESS_LOST: Policy(
        Level.RUN, RetryRule(3, delay_s=2.0, factor=4.0), Change.HALVE_BATCH,
        Then.END_STUDY, "E_RETRIES_001", Severity.CRITICAL, Impact.HIGH, _ERROR,
    ),
    FailureClass.RETRIES_EXHAUSTED: Policy(
        Level.RUN, RetryRule(1), Change.NOTHING,
        Then.END_STUDY, "E_RETRIES_001", Severity.CRITICAL, Impact.HIGH, "error response with diagnostics, for review",
    ),
    FailureClass.DEPENDENCY_DOWN: Policy(
        Level.RUN, RetryRule(1), Change.NOTHING,
        Then.WAIT, None, Severity.ERROR, Impact.HIGH, "none while it lasts; the sensor says what is down since when",
    ),
}  # fmt: skip
RETRY_RULES: dict[FailureClass, RetryRule] = {name: policy.retry for name, policy in POLICIES.items()}
