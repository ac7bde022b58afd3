"""A pool of worker processes for the bulk job that survives the death of a worker.

Belongs here: processes. Not here: what a study is (pipeline/worker.py).
"""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType

from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.worker import WorkOrder, work

Finished = tuple[WorkOrder, dict[State, Dossier] | None]


class WorkerPool:
    """Worker processes that run studies; made once a run, because each costs its imports."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def run(self, orders: list[WorkOrder]) -> Iterator[Finished]:
        """Yield each order with its dossiers as it ends; with None where its worker died.

        When a worker dies, the pool breaks for all; what was not done is run again, each
        alone, so that only the study that kills its worker is given back undone.
        """
        undone = {order.study.study_id: order for order in orders}
        try:
            for finished in self._together(orders):
                del undone[finished[0].study.study_id]
                yield finished
        except BrokenProcessPool:
            self._executor = None
        for order in undone.values():
            yield order, self._alone(order)

    def _together(self, orders: list[WorkOrder]) -> Iterator[Finished]:
        executor = self._started()
        futures = {executor.submit(work, order): order for order in orders}
        for future in as_completed(futures):
            yield futures[future], future.result()

    def _alone(self, order: WorkOrder) -> dict[State, Dossier] | None:
        try:
            return self._started().submit(work, order).result()
        except BrokenProcessPool:
            self._executor = None
            return None

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["cardio_dagster.pipeline.worker"])
            self._executor = ProcessPoolExecutor(self._processes, mp_context=context)
        return self._executor
