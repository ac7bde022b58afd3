"""The run worker of the suite: one Dagster run in a forked process, which tells its parent where it is.

Belongs here: what runs in the child. Not here: killing it (worker.py). The body is that of `dagster api execute_run`; it is
told apart from a real worker only by listening to the run's own events and to the calls of the verbs.
"""

import contextlib
import json
import os
import resource
import sys
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import dagster as dg
import sqlalchemy as sa
from dagster._core.events import DagsterEventType, EngineEventData
from dagster._grpc.impl import core_execute_run

import cardio_dagster.definitions
from cardio_dagster.definitions import build_definitions
from cardio_dagster.modalities import BRANCHES
from cardio_dagster.orchestration.events import STAGES
from cardio_dagster.settings import Settings
from cardio_dagster.stores.checkpoints import ParquetCheckpoints

_FOUND = dg.load_from_defs_folder(path_within_project=Path(cardio_dagster.definitions.__file__).parent)
VERBS = {"validate": "VALIDATION", "preprocess": "PREPROCESSING", "detect": "DETECTION", "analyse": "ANALYSIS"}


@dataclass(frozen=True)
class Order:
    """One run to execute, and what the machine denies to it."""

    home: str  # of Dagster's instance
    settings: dict
    job: str
    run_id: str
    log: str
    max_file_bytes: int | None = None  # a larger file is refused by the kernel (RLIMIT_FSIZE)
    spare_pages: int | None = None  # so many more pages SQLite gives, then SQLITE_FULL


class Teller:
    """Messages to the parent: (monotonic seconds, kind, text). One that has gone away is not missed."""

    def __init__(self, pipe: Connection | None) -> None:
        self._pipe = pipe

    def __call__(self, kind: str, text: str) -> None:
        with contextlib.suppress(OSError):
            if self._pipe is not None:
                self._pipe.send((time.monotonic(), kind, text))


def definitions_of(settings: Settings) -> dg.Definitions:
    """Return the definitions of an installation; those below defs/, the same for all, are found once a process tree."""
    with mock.patch.object(dg, "load_from_defs_folder", return_value=_FOUND):
        return build_definitions(settings)


def job_of(name: str, settings_json: str) -> dg.JobDefinition:
    """Return a job of an installation, for Dagster to build it anew."""
    return definitions_of(Settings(_env_file=None, **json.loads(settings_json))).resolve_job_def(name)


def work(order: Order, pipe: Connection | None) -> None:
    """Execute the run and leave without a word, as a worker process does."""
    _log_to(order.log)
    tell = Teller(pipe)
    tell("state", "INIT")
    _limit(order)
    _listen_to_verbs(tell)
    tell("end", execute(order, tell))
    os._exit(0)


def execute(order: Order, tell: Teller) -> str:
    """Execute the run in this process and return how it ended."""
    job = dg.build_reconstructable_job(__name__, "job_of", (order.job, json.dumps(order.settings)))
    ended = "died"
    with dg.DagsterInstance.from_config(order.home) as instance, contextlib.suppress(Exception):  # the run's log has it
        run = instance.get_run_by_id(order.run_id)
        instance.report_engine_event("Started process for run.", run, EngineEventData.in_process(os.getpid()))
        for event in core_execute_run(job, run, instance, inject_env_vars=False):
            if event.event_type is DagsterEventType.STEP_START:
                _tell_state(tell, event.step_key)
            elif event.event_type in (DagsterEventType.PIPELINE_SUCCESS, DagsterEventType.PIPELINE_FAILURE):
                ended = event.event_type_value
    return ended


def _tell_state(tell: Teller, step_key: str) -> None:
    stage = step_key.split(".", maxsplit=1)[0]
    if stage in STAGES:
        tell("state", STAGES[stage].name)


def _listen_to_verbs(tell: Teller) -> None:
    for name, branch in list(BRANCHES.items()):
        heard = {v: _heard(getattr(branch, v), tell, f"{state}/{name}") for v, state in VERBS.items()}
        BRANCHES[name] = replace(branch, **heard)
    save = ParquetCheckpoints.save

    def saved(store, result):
        head = save(store, result)
        tell("saved", f"{head.state.name}/{head.modality}")
        return head

    ParquetCheckpoints.save = saved


def _heard(verb, tell: Teller, what: str):
    def call(*given, **named):
        tell("verb", what)
        return verb(*given, **named)

    return call


def _limit(order: Order) -> None:
    if order.max_file_bytes is not None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then the write fails with EFBIG
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.max_file_bytes, order.max_file_bytes))
    if order.spare_pages is not None:
        spare = order.spare_pages

        def full(connection, _record) -> None:
            is_ours = any(row[2].endswith("cardio.db") for row in connection.execute("PRAGMA database_list"))
            if is_ours:
                (pages,) = connection.execute("PRAGMA page_count").fetchone()
                limits.setdefault("pages", pages + spare)
                connection.execute(f"PRAGMA max_page_count={limits['pages']}")

        limits: dict[str, int] = {}
        sa.event.listen(sa.engine.Engine, "connect", full)


def _log_to(path: str) -> None:
    sys.stdout.flush()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
