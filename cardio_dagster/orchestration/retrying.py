"""From the taxonomy to Dagster's retrying: the one place where domain failures meet the engine."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from cardio_dagster.errors import RETRY_RULES, classify
from cardio_dagster.pipeline.retry import RetryError, place_of

# For what fails outside a stage's own code (an IO manager's connection): blind, so few and short.
OUTSIDE_POLICY = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


@contextmanager
def by_taxonomy(attempt: int) -> Iterator[None]:
    """Retry what the taxonomy lets retry; fail for good, without run or op retry, what it does not.

    The exception's text stays out of the failure, and the exception out of its chain, which
    Dagster stores: it may carry a path or a name.
    """
    try:
        yield
    except RetryError as again:
        raise dg.RetryRequested(max_retries=again.max_attempts - 1, seconds_to_wait=again.wait_s) from None
    except dg.Failure:
        raise
    except Exception as error:
        failure_class = classify(error)
        rule = RETRY_RULES[failure_class]
        if attempt < rule.attempts:
            wait = rule.delay_before(attempt + 1)
            raise dg.RetryRequested(max_retries=rule.attempts - 1, seconds_to_wait=wait) from None
        what = f"{failure_class.value}: {type(error).__name__} {place_of(error)}"
        raise dg.Failure(what, allow_retries=False, metadata={"failure_class": failure_class.value}) from None
