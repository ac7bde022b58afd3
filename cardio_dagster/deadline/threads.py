"""Work in threads that end with their deadline, or are left behind.

Belongs here: one piece of work under a deadline, and many items in several threads under that of their caller. Not
here: the deadline itself (moment.py).

Python cannot stop a thread. So work runs in a daemon thread that is left to itself when its time is over: it ends at its
next `check()`, and a process ends without waiting for it. Code that holds the interpreter lock for ever stops all of
this; the pool of the bulk job and Dagster's run monitoring then end the process.
"""

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from cardio_dagster.deadline.moment import Deadline, check, current_deadline

A = TypeVar("A")
B = TypeVar("B")
_WAIT_S = threading.TIMEOUT_MAX / 2


class _Call(Generic[A]):
    """A call in a thread of its own, and how it ended."""

    def __init__(self, work: Callable[[], A], deadline: Deadline) -> None:
        self._future: Future[A] = Future()
        self._work, self._deadline = work, deadline
        _start(self._run)

    def _run(self) -> None:
        current_deadline.set(self._deadline)  # in the copy of the context that belongs to this thread
        _settle(self._future, self._work)

    def result(self) -> A:
        try:
            return self._future.result(min(max(self._deadline.left_s, 0.0), _WAIT_S))
        except MemoryError:
            raise
        except Exception:
            # a reader may have turned the time-out into a problem of the file: what fails when time is over, failed for it
            if self._future.done() and not self._deadline.has_passed:
                raise
            self._deadline.end()
            raise self._deadline.error() from None


def within(deadline: Deadline, work: Callable[[], A]) -> A:
    """Return what `work()` returns, or raise what it raises; StageTimeoutError as soon as the deadline has passed.

    The work runs in a daemon thread with a copy of the caller's context. MemoryError where no thread can be had.
    """
    if deadline.has_passed:
        raise deadline.error()
    return _Call(work, deadline).result()


def in_threads(function: Callable[[A], B], items: Iterable[A], *, threads: int) -> Iterator[B]:
    """Yield what the function gives for each item, in their order, with so many items in work at once.

    The deadline of the caller holds in each thread and is asked for before each item. The first exception ends it. The
    threads are daemons: an executor's would be joined when the process ends, hanging or not.
    """
    if threads < 2:
        for item in items:
            check()
            yield function(item)
        return
    todo: SimpleQueue[tuple[Future[B], A]] = SimpleQueue()
    results: list[Future[B]] = []
    for item in items:
        results.append(Future())
        todo.put((results[-1], item))
    for _ in range(min(threads, len(results))):
        _start(partial(_work_off, function, todo))
    try:
        for place in range(len(results)):
            yield results[place].result()
            results[place] = Future()  # let the result go
    finally:
        with contextlib.suppress(Empty):
            while True:
                todo.get_nowait()


def _work_off(function: Callable[[A], B], todo: "SimpleQueue[tuple[Future[B], A]]") -> None:
    with contextlib.suppress(Empty):
        while True:
            future, item = todo.get_nowait()
            _settle(future, partial(_checked, function, item))


def _checked(function: Callable[[A], B], item: A) -> B:
    check()
    return function(item)


def _settle(future: "Future[A]", work: Callable[[], A]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # it is raised where it is waited for
        future.set_exception(error)


def _start(run: Callable[[], None]) -> None:
    context = contextvars.copy_context()
    try:
        threading.Thread(target=context.run, args=(run,), daemon=True, name="under-deadline").start()
    except RuntimeError as error:  # "can't start new thread": its stack found no room
        raise MemoryError("no room for another thread") from error
