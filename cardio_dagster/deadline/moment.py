"""Deadline: the moment at which a piece of work is to have ended, and asking for it between frames, batches and blocks.

Belongs here: the moment itself, and which one the work at hand has. Not here: leaving work behind (threads.py).
"""

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Iterator

from cardio_dagster.errors import StageTimeoutError, StudyTimeoutError


class Deadline:
    """A moment of the monotonic clock, which no one sets back; `of_study` where it is that of the whole study."""

    def __init__(self, seconds: float, *, of_study: bool = False) -> None:
        self._end_s = time.monotonic() + seconds
        self._of_study = of_study
        self._stops: set[Callable[[], None]] = set()
        self._lock = threading.Lock()
        self._is_over = False

    @property
    def left_s(self) -> float:
        """Return the seconds left, negative when it has passed."""
        return self._end_s - time.monotonic()

    @property
    def has_passed(self) -> bool:
        """Return whether the time is over."""
        return self._is_over or self.left_s <= 0

    def error(self) -> StageTimeoutError:
        """Return the error to raise when it has passed: StudyTimeoutError or StageTimeoutError."""
        return StudyTimeoutError("the study's time is over") if self._of_study else StageTimeoutError("out of time")

    def end(self) -> None:
        """Let every `check()` under this deadline raise from now on, and stop what can be stopped."""
        with self._lock:
            self._is_over = True
            stops = tuple(self._stops)
        for stop in stops:
            stop()

    @contextlib.contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` when the deadline ends while the body runs."""
        with self._lock:
            self._stops.add(stop)
        try:
            yield
        finally:
            with self._lock:
                self._stops.discard(stop)


current_deadline: contextvars.ContextVar[Deadline | None] = contextvars.ContextVar("deadline", default=None)


def current() -> Deadline | None:
    """Return the deadline under which this thread works; None where there is none."""
    return current_deadline.get()


def check() -> None:
    """Raise StageTimeoutError (StudyTimeoutError) if the deadline of this work has passed; costs less than 1 us."""
    deadline = current_deadline.get()
    if deadline is not None and deadline.has_passed:
        raise deadline.error()
