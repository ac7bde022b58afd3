"""Asking: several questions at once, none of which can hold up the answer.

Belongs here: threads and time-outs. Not here: the questions (checks/).
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Answer(Generic[T]):
    done: threading.Event = field(default_factory=threading.Event)
    value: T | None = None
    error: Exception | None = None


class Asker(Generic[T]):
    """Asks; a question that hangs is not asked again before it has come back, so that threads do not pile up."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._hanging: dict[str, _Answer[T]] = {}

    def ask(self, questions: Mapping[str, Callable[[], T]]) -> dict[str, T | Exception]:
        """Return an answer to each, the exception that it raised, or TimeoutError where it does not come in time.

        All are asked at once, and the whole takes no longer than one time-out.
        """
        running = {name: self._start(name, question) for name, question in questions.items()}
        deadline_s = time.monotonic() + self._timeout_s
        return {name: self._wait(name, answer, deadline_s) for name, answer in running.items()}

    def _start(self, name: str, question: Callable[[], T]) -> _Answer[T] | None:
        earlier = self._hanging.get(name)
        if earlier is not None and not earlier.done.is_set():
            return None
        self._hanging.pop(name, None)
        answer: _Answer[T] = _Answer()
        threading.Thread(target=_run, args=(question, answer), name=f"watch: {name}", daemon=True).start()
        return answer

    def _wait(self, name: str, answer: _Answer[T] | None, deadline_s: float) -> T | Exception:
        if answer is None:
            return TimeoutError()
        if not answer.done.wait(max(0.0, deadline_s - time.monotonic())):
            self._hanging[name] = answer
            return TimeoutError()
        if answer.error is not None:
            return answer.error
        assert answer.value is not None
        return answer.value


def _run(question: Callable[[], T], answer: _Answer[T]) -> None:
    try:
        answer.value = question()
    except Exception as error:
        answer.error = error
    finally:
        answer.done.set()
