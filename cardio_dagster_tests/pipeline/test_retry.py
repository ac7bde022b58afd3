"""Retry: the table decides how often and how long; nothing else is tried again."""

import pytest

from cardio_dagster.errors import (
    CODES,
    RETRY_RULES,
    FailureClass,
    ModelHashError,
    ModelLoadError,
    StageTimeoutError,
    StudyError,
    classify,
    problem,
)
from cardio_dagster.modalities.branch import Options
from cardio_dagster.pipeline.retry import RetryError, gentler, give_up_or_retry, with_retry


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (StageTimeoutError(), FailureClass.TIMEOUT),
        (TimeoutError(), FailureClass.TIMEOUT),
        (MemoryError(), FailureClass.OUT_OF_MEMORY),
        (ModelLoadError(), FailureClass.MODEL_LOAD),
        (ModelHashError(), FailureClass.CRITICAL_MODEL),
        (ConnectionResetError(), FailureClass.TRANSIENT),
        (StudyError("E_CORRUPT_001", "x"), FailureClass.CORRUPTED_INPUT),
        (StudyError("E_VALID_001", "x"), FailureClass.VALIDATION),
        (ZeroDivisionError(), FailureClass.INTERNAL),
    ],
)
def test_every_exception_has_a_class(error, expected):
    assert classify(error) is expected


def test_database_errors_are_transient():
    sa = pytest.importorskip("sqlalchemy")
    assert classify(sa.exc.OperationalError("select 1", {}, Exception())) is FailureClass.TRANSIENT


def test_every_code_and_class_has_a_rule_and_a_cure():
    assert set(RETRY_RULES) == set(FailureClass)
    assert all(spec.cure.endswith(".") and spec.failure_class in RETRY_RULES for spec in CODES.values())


def test_published_attempts():
    attempts = {c: r.attempts for c, r in RETRY_RULES.items()}
    assert attempts[FailureClass.TIMEOUT] == 3
    assert attempts[FailureClass.OUT_OF_MEMORY] == 2
    assert attempts[FailureClass.MODEL_LOAD] == 2
    assert attempts[FailureClass.TRANSIENT] == 3
    assert attempts[FailureClass.VALIDATION] == attempts[FailureClass.CORRUPTED_INPUT] == 1


def test_backoff_doubles_for_timeouts_and_stays_for_transients():
    timeout, transient = RETRY_RULES[FailureClass.TIMEOUT], RETRY_RULES[FailureClass.TRANSIENT]
    assert [timeout.delay_before(n) for n in (2, 3)] == [1.0, 2.0]
    assert [transient.delay_before(n) for n in (2, 3)] == [2.0, 2.0]


def test_loop_tries_as_often_as_allowed_and_waits_between():
    waits, attempts = [], []

    def work(attempt):
        attempts.append(attempt)
        if attempt < 3:
            give_up_or_retry(ConnectionError(), attempt=attempt, stage="ANALYSIS")
        return "done"

    assert with_retry(work, sleep=waits.append) == "done"
    assert (attempts, waits) == ([1, 2, 3], [2.0, 2.0])


def test_corrupted_input_is_never_tried_again():
    met = give_up_or_retry(StudyError("E_CORRUPT_001", "cut"), attempt=1, stage="VALIDATION")
    assert met.code == "E_CORRUPT_001"


def test_timeout_names_its_stage_when_given_up():
    with pytest.raises(RetryError):
        give_up_or_retry(TimeoutError(), attempt=2, stage="DETECTION")
    assert give_up_or_retry(TimeoutError(), attempt=3, stage="DETECTION").code == "E_TIMEOUT_DETECTION"


def test_batch_is_halved_each_time_and_never_zero():
    assert [gentler(Options(batch_size=3), n).batch_size for n in (1, 2, 3, 4)] == [3, 1, 1, 1]


def test_unknown_code_is_refused():
    with pytest.raises(KeyError):
        problem("E_NO_SUCH", "x")
