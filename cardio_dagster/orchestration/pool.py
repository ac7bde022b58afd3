"""A pool of worker processes for the bulk job: neither a worker's death nor a defect spoils the others' work.

Belongs here: processes. Not here: what a study is (pipeline/worker.py).
"""

import faulthandler
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import connection
from types import TracebackType

from cardio_dagster.errors import dependency_of
from cardio_dagster.orchestration.retrying import told
from cardio_dagster.orchestration.warm import BEFORE_THE_FORK
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.worker import WorkOrder, work

_STDERR = 2
# each worker imports the main module of its run anew, which is Dagster's command: 1.5 s of processor, unless it is there
_PRELOAD = ("dagster._cli", *BEFORE_THE_FORK)


@dataclass(frozen=True, slots=True)
class Finished:
    """A study that left the pool: its dossier after each stage, or the reason why it comes back undone."""

    order: WorkOrder
    passed: dict[State, Dossier] | None
    why: str = ""
    dependency: str | None = None  # what all studies need and this one came back for


class WorkerPool:
    """Worker processes that run studies; made once a chunk, because each costs its imports."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def run(self, orders: list[WorkOrder]) -> Iterator[Finished]:
        """Yield each order with its dossiers as it ends, or undone where its worker died or raised.

        When a worker dies, the pool breaks for all; what was not done is run again, each
        alone, so that only the study that kills its worker is given back undone.
        """
        undone = {order.study.study_id: order for order in orders}
        try:
            for finished in self._together(orders):
                del undone[finished.order.study.study_id]
                yield finished
        except BrokenProcessPool:
            self._executor = None
        for order in undone.values():
            yield self._alone(order)

    def _together(self, orders: list[WorkOrder]) -> Iterator[Finished]:
        executor = self._started()
        futures = {executor.submit(_bounded, work, order): order for order in orders}
        for future in as_completed(futures):
            yield _finished(futures[future], future)

    def _alone(self, order: WorkOrder) -> Finished:
        try:
            return _finished(order, self._started().submit(_bounded, work, order))
        except BrokenProcessPool:
            self._executor = None
            return Finished(order, None, "its worker died")

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(list(_PRELOAD))
            self._executor = ProcessPoolExecutor(self._processes, mp_context=context, initializer=_end_with_parent)
        return self._executor


def _finished(order: WorkOrder, future: "Future[dict[State, Dossier]]") -> Finished:
    """Return what a future holds; raises BrokenProcessPool alone. An exception's text stays out: it may carry a name."""
    try:
        return Finished(order, future.result())
    except BrokenProcessPool:
        raise
    except Exception as error:
        return Finished(order, None, told(error), dependency_of(error))


def _bounded(do: "Callable[[WorkOrder], dict[State, Dossier]]", order: WorkOrder) -> dict[State, Dossier]:
    """Do a study; end this process if it takes longer than the study and its response may.

    The pipeline keeps its deadlines by itself. What this is for is foreign code that never lets go of the interpreter:
    faulthandler waits in a thread that needs none, prints the places of the code, and ends the process.
    """
    options = order.options
    faulthandler.dump_traceback_later(
        options.study_deadline_s + 2 * options.decision_deadline_s, exit=True, file=_STDERR
    )
    try:
        return do(order)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _end_with_parent() -> None:
    """Let this worker end when its run is killed: otherwise it waits for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
