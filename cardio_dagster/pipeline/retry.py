"""Retry by the taxonomy: what is tried again, how often, after how long.

Belongs here: the decision, and the loop of the plain doors. Not here: Dagster's own
retrying (defs/ turns Retry into RetryRequested).
"""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from cardio_dagster.errors import (
    CODES,
    POLICIES,
    RETRY_RULES,
    CardioError,
    Change,
    FailureClass,
    StudyError,
    classify,
    problem,
)
from cardio_dagster.modalities.branch import Options
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import Problem

T = TypeVar("T")


class RetryError(CardioError):
    """A failure that its class allows to try again; `wait_s` is how long to wait before."""

    def __init__(self, failure_class: FailureClass, attempt: int) -> None:
        rule = RETRY_RULES[failure_class]
        delay = rule.delay_before(attempt + 1)
        self.failure_class = failure_class
        self.max_attempts = rule.attempts
        self.wait_s = delay * (0.5 + random.random()) if rule.jitter else delay
        super().__init__(f"{failure_class.value}: attempt {attempt} of {rule.attempts} failed")


def give_up_or_retry(error: Exception, *, attempt: int, stage: str) -> Problem:
    """Return the Problem of a failure that is final; raise RetryError if its class allows another attempt.

    What the class changes for the next attempt is done before; the batch is halved by `gentler`, whatever failed.
    The exception's own text stays out of the Problem: it may carry a path or a name.
    """
    failure_class = classify(error)
    if attempt < RETRY_RULES[failure_class].attempts:
        if POLICIES[failure_class].change is Change.RELOAD_MODELS:
            catalogue.reload()
        raise RetryError(failure_class, attempt) from error
    return final_problem(error, attempts=attempt, stage=stage)


def final_problem(error: Exception, *, attempts: int, stage: str) -> Problem:
    """Return the coded problem of a failure after which nothing is tried again."""
    if isinstance(error, StudyError):
        return error.problem
    code = (POLICIES[classify(error)].code or "E_INTERNAL_001").replace("<STAGE>", stage)
    return problem(code, CODES[code].title, seen=f"{type(error).__name__} {place_of(error)} after {attempts} attempts")


def place_of(error: BaseException) -> str:
    """Return 'at module.py:line' of the innermost frame, without any path."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "at an unknown place"
    return f"at {trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"


def gentler(options: Options, attempt: int) -> Options:
    """Return the options with the batch halved once for each attempt after the first."""
    return replace(options, batch_size=max(1, options.batch_size >> (attempt - 1)))


def shared(options: Options, n_recordings: int) -> Options:
    """Return the options with the threads divided among recordings that run side by side."""
    return replace(options, threads=max(1, options.threads // max(1, n_recordings)))


def tried(work: Callable[[], T], *, attempt: int, stage: str) -> T:
    """Return what `work()` returns; raise RetryError if its failure may be tried again, else the failure itself."""
    try:
        return work()
    except RetryError:
        raise
    except Exception as error:
        give_up_or_retry(error, attempt=attempt, stage=stage)
        raise


def with_retry(work: Callable[[int], T], *, sleep: Callable[[float], None] = time.sleep) -> T:
    """Call `work(attempt)`, counted from 1, until it returns.

    `work` raises RetryError as long as another attempt is allowed, so the loop ends.
    """
    attempt = 1
    while True:
        try:
            return work(attempt)
        except RetryError as again:
            sleep(again.wait_s)
            attempt += 1
