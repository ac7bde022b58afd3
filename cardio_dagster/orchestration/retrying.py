"""From the taxonomy to Dagster's retrying and timing: the one place where domain failures meet the engine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import dagster as dg

from cardio_dagster.errors import RETRY_RULES, classify, dependency_of
from cardio_dagster.pipeline.branch_task import Workplace
from cardio_dagster.pipeline.clock import StudyClock
from cardio_dagster.pipeline.retry import RetryError, place_of

# For what fails outside a stage's own code (an IO manager's connection): blind, so few and short.
OUTSIDE_POLICY = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
DEPENDENCY, FAILURE_CLASS = "dependency", "failure_class"  # metadata of a failure
DEPENDENCY_TAG = "cardio/dependency"  # of a bulk run that gave studies back for it
_MOST_CLOCKS = 64

_clocks: dict[str, StudyClock] = {}


@contextmanager
def by_taxonomy(attempt: int) -> Iterator[None]:
    """Retry what the taxonomy lets retry; fail for good, without run or op retry, what it does not.

    The exception's text stays out of the failure, and the exception out of its chain, which
    Dagster stores: it may carry a path or a name. What failed of what all studies need is in its metadata.
    """
    try:
        yield
    except RetryError as again:
        raise dg.RetryRequested(max_retries=again.max_attempts - 1, seconds_to_wait=again.wait_s) from None
    except dg.Failure:
        raise
    except Exception as error:
        rule = RETRY_RULES[classify(error)]
        if attempt < rule.attempts:
            wait = rule.delay_before(attempt + 1)
            raise dg.RetryRequested(max_retries=rule.attempts - 1, seconds_to_wait=wait) from None
        raise _failure(error) from None


def _failure(error: Exception) -> dg.Failure:
    failure_class, dependency = classify(error), dependency_of(error)
    metadata = {FAILURE_CLASS: failure_class.value} | ({DEPENDENCY: dependency} if dependency else {})
    return dg.Failure(told(error), allow_retries=False, metadata=metadata)


def told(error: Exception) -> str:
    """Return a failure as `transient: OSError at checkpoints.py:150`, with the dependency that it was of."""
    dependency = dependency_of(error)
    where = f" ({dependency})" if dependency else ""
    return f"{classify(error).value}: {type(error).__name__} {place_of(error)}{where}"


def timed(context: dg.OpExecutionContext | dg.AssetExecutionContext, place: Workplace) -> Workplace:
    """Return the place with the clock of this run: its study has until `study_deadline_s` after the run's start."""
    run_id = context.run.run_id
    if run_id not in _clocks:
        if len(_clocks) >= _MOST_CLOCKS:
            _clocks.clear()
        record = context.instance.get_run_record_by_id(run_id)
        started_at_s = record.start_time if record and record.start_time else time.time()
        passed_s = max(0.0, time.time() - started_at_s)  # a clock that was set back counts as no time
        _clocks[run_id] = StudyClock(place.options.study_deadline_s - passed_s)
    return replace(place, clock=_clocks[run_id])
