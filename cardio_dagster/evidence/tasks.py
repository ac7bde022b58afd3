"""Tiers: a few independent tasks at once, each with a time-out, a default and a note on what its failure leaves out.

Belongs here: running tasks and saying how they ended. Not here: what the tasks do (retrieval.py,
reporting/appraisal/) or the retries of stages (pipeline/). A tier never fails a study: a task that
fails, or takes too long, or whose machine lets it down, leaves its default.

A thread cannot be stopped. One that ran out of time goes on, as a daemon, until its work ends: it holds
its memory, its share of the processor and perhaps a database connection, and its result is dropped.
It holds up neither the tier nor the end of the process. No further task starts while MAX_ABANDONED
such threads are alive, so that a hung disk does not collect threads from study to study.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cardio_dagster.statement import TaskRun, TaskStatus, TierRun

T = TypeVar("T")
MAX_ABANDONED = 16
_ABANDONED = "abandoned: "  # the name of a thread whose time is over begins with it


@dataclass(frozen=True, slots=True)
class TierOptions:
    """The toggles of the tiers: side by side or one after the other, the time of each task, tasks left out by name."""

    enable_parallel_tier1: bool = True
    enable_parallel_tier2: bool = True
    parallel_timeout_ms: float = 5000.0
    disabled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Task(Generic[T]):
    """A piece of work: `default` takes the place of its result, `note` says what is then left out, `off` why it is disabled."""

    run: Callable[[], T]
    default: T
    note: str
    off: str | None = None


def run_tier(
    tier: str, tasks: Mapping[str, Task[Any]], *, parallel: bool, timeout_ms: float
) -> tuple[dict[str, Any], TierRun]:
    """Run the tasks and return a result of each, in their order, with how they ended.

    Side by side they start together, else one after the other; each has `timeout_ms` from its own start, in both
    modes, and one that ends later is timed out even if its result came. An error is told by its type only, because
    its message may name a person. `speedup_vs_sequential` is the sum of the tasks' wall times over the wall time of
    the tier; tasks that wait for each other's processor or lock wait in both, so it overstates the gain for
    pure computation in Python. KeyboardInterrupt and SystemExit pass through. Raises ValueError unless
    `timeout_ms` is positive.
    """
    if not timeout_ms > 0:
        raise ValueError(f"timeout_ms must be positive, got {timeout_ms}")
    started = time.perf_counter()
    runners = {name: _Runner(name, task, timeout_ms) for name, task in tasks.items()}
    ends = _side_by_side(runners) if parallel else {name: _alone(runner) for name, runner in runners.items()}
    duration_ms = (time.perf_counter() - started) * 1000
    runs = tuple(run for _, run in ends.values())
    return {name: value for name, (value, _) in ends.items()}, TierRun(
        tier, parallel, round(duration_ms, 3), runs, _speedup(runs, duration_ms)
    )


class _Runner:
    """One task on a thread of its own."""

    def __init__(self, name: str, task: Task[Any], timeout_ms: float) -> None:
        self._name, self._task, self._timeout_ms = name, task, timeout_ms
        self._thread = threading.Thread(target=self._work, name=f"task: {name}", daemon=True)
        self._started = 0.0
        self._end: tuple[Any, BaseException | None, float] | None = None  # set once, as a whole

    def start(self) -> None:
        if self._task.off is None and _abandoned() < MAX_ABANDONED:
            self._started = time.perf_counter()
            self._thread.start()

    def finish(self) -> tuple[Any, TaskRun]:
        """Wait for the rest of the task's time and return its result, or its default, and how it ended."""
        if self._task.off is not None:
            return self._fallen_back(TaskStatus.DISABLED, 0.0, self._task.off)
        if not self._started:
            return self._fallen_back(TaskStatus.FAILED, 0.0, "too many earlier tasks have not ended")
        self._thread.join(max(0.0, self._timeout_ms / 1000 - (time.perf_counter() - self._started)))
        if self._end is None:
            self._thread.name = _ABANDONED + self._name
            return self._timed_out((time.perf_counter() - self._started) * 1000)
        value, error, duration_ms = self._end
        if error is not None and not isinstance(error, Exception):
            raise error
        if duration_ms > self._timeout_ms:
            return self._timed_out(duration_ms)
        if error is not None:
            return self._fallen_back(TaskStatus.FAILED, duration_ms, type(error).__name__)
        return value, TaskRun(self._name, TaskStatus.DONE, round(duration_ms, 3))

    def _work(self) -> None:
        value, error = None, None
        try:
            value = self._task.run()
        except BaseException as caught:  # noqa: BLE001, RUF100  (told by type, or raised again by the tier)
            error = caught
        self._end = value, error, (time.perf_counter() - self._started) * 1000

    def _timed_out(self, duration_ms: float) -> tuple[Any, TaskRun]:
        return self._fallen_back(TaskStatus.TIMED_OUT, duration_ms, f"not done in {self._timeout_ms:g} ms")

    def _fallen_back(self, status: TaskStatus, duration_ms: float, why: str) -> tuple[Any, TaskRun]:
        return self._task.default, TaskRun(
            self._name, status, round(duration_ms, 3), f"{self._task.note} ({status.value}: {why})"
        )


def _side_by_side(runners: Mapping[str, _Runner]) -> dict[str, tuple[Any, TaskRun]]:
    for runner in runners.values():
        runner.start()
    return {name: runner.finish() for name, runner in runners.items()}


def _alone(runner: _Runner) -> tuple[Any, TaskRun]:
    runner.start()
    return runner.finish()


def _abandoned() -> int:
    return sum(thread.name.startswith(_ABANDONED) for thread in threading.enumerate())


def _speedup(runs: tuple[TaskRun, ...], duration_ms: float) -> float | None:
    """Return the sum of the tasks' times over the time that passed; None if no task ran."""
    spent_ms = sum(run.duration_ms for run in runs)
    return round(spent_ms / duration_ms, 3) if spent_ms > 0 and duration_ms > 0 else None
