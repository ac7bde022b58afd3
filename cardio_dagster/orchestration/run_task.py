"""One task: one run, worked on in this very process; twice delivered, once done.

Belongs here: whether a task still has anything to do, doing it, and ending it when it is cancelled. Not here: the
process around it (worker_app.py) or the run itself (Dagster's in-process executor).

Dagster's state of the run decides: only one that is STARTING is begun. What ended meanwhile, what runs elsewhere and
what was cancelled is left alone, so a task may be delivered as often as Redis likes.
"""

import faulthandler
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import dagster as dg
from dagster._cli.api import _execute_run_command_body
from dagster._utils.interrupts import capture_interrupts

from cardio_dagster.orchestration.queues import PROCESS_TAG, WORKER_TAG
from cardio_dagster.orchestration.runs import MAX_RUNTIME_TAG
from cardio_dagster.stores.workers import this_machine

if TYPE_CHECKING:
    import redis

log = logging.getLogger(__name__)

_CLAIM_LASTS_S = 10  # two deliveries at the same moment; later ones see that the run is no longer STARTING
_AFTER_MAX_RUNTIME_S = 120.0  # run monitoring ends it before that, unless foreign code lets nobody in

Begin = Callable[[str, dg.DagsterInstance], object]


def _execute(run_id: str, instance: dg.DagsterInstance) -> object:
    return _execute_run_command_body(run_id, instance, lambda _: None, set_exit_code_on_failure=False)


def work_on(
    run_id: str, instance: dg.DagsterInstance, client: "redis.Redis", worker: str, *, begin: Begin = _execute
) -> str:
    """Execute a run unless it ended or lives elsewhere; return in a word what was done.

    `worker` names who does it. Ends with the run: SIGTERM (a cancelled run) interrupts it, and Dagster records it
    as cancelled. A database that does not answer raises before anything is begun.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        return "unknown"
    if run.status is not dg.DagsterRunStatus.STARTING:
        return f"left alone: it is {run.status.value}"
    if not _claim(client, run_id, worker):
        return "left alone: another worker has just begun it"
    instance.add_run_tags(run_id, {WORKER_TAG: worker, PROCESS_TAG: f"{this_machine()} {os.getpid()}"})
    with _ended_at_last(run), _interruptible():
        begin(run_id, instance)
    return "done"


def _claim(client: "redis.Redis", run_id: str, worker: str) -> bool:
    """Return whether nobody else began this run in the last seconds; a broker that is away decides nothing."""
    with suppress(Exception):
        return bool(client.set(f"cardio:claim:{run_id}", worker, nx=True, ex=_CLAIM_LASTS_S))
    return True


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM interrupt the run, not end the process; Celery's children ignore SIGINT and die of SIGTERM."""
    term, interrupt = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with capture_interrupts():
            yield
    finally:
        signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGTERM, term)


@contextmanager
def _ended_at_last(run: dg.DagsterRun) -> Iterator[None]:
    """End this process if the run outlives its longest time: code that never lets go of the interpreter hears no signal."""
    longest_s = run.tags.get(MAX_RUNTIME_TAG)
    if longest_s is None:
        yield
        return
    faulthandler.dump_traceback_later(float(longest_s) + _AFTER_MAX_RUNTIME_S, exit=True, file=2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
