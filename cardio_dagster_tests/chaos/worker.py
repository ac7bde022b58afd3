"""Watching and killing a run worker from outside, by what it tells and by its process id.

Belongs here: processes. Not here: what runs in them (child.py).
"""

import contextlib
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from itertools import pairwise

from cardio_dagster_tests.chaos.child import Order, work

_FORGE = multiprocessing.get_context("forkserver")
PATIENCE_S = 900.0  # a bulk run of a thousand studies takes its time


@dataclass(frozen=True)
class Told:
    """One message of a worker, with the machine's monotonic clock, which all processes share."""

    at_s: float
    kind: str
    text: str


@dataclass
class Worker:
    """A run worker: forked from a server that has imported everything, so that it starts in milliseconds."""

    order: Order
    told: list[Told] = field(default_factory=list)

    def start(self) -> "Worker":
        """Fork it."""
        _FORGE.set_forkserver_preload(["cardio_dagster_tests.chaos.site", "cardio_dagster.pipeline.worker"])
        self._pipe, theirs = _FORGE.Pipe(duplex=False)
        self._process = _FORGE.Process(target=work, args=(self.order, theirs))
        self._process.start()
        theirs.close()
        self.pid = self._process.pid
        return self

    def listen(self, seconds: float) -> None:
        """Take in what it tells for so long, or until it is gone."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                if self._pipe.poll(left):
                    self.told.append(Told(*self._pipe.recv()))
            except (EOFError, OSError):
                time.sleep(max(0.0, min(left, 0.005)))
                return

    def wait_for(self, kind: str, text: str) -> bool:
        """Return whether it told this before it went away."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.said(kind, text):
            before = len(self.told)
            self.listen(0.0005 if self._is_gone() else 0.05)
            if self._is_gone() and len(self.told) == before:
                return self.said(kind, text)
            assert time.monotonic() < deadline, f"the worker told nothing of {text}"
        return True

    def kill(self) -> None:
        """End it with SIGKILL and take in its last words."""
        if not self._is_gone():
            with contextlib.suppress(ProcessLookupError):  # it ended this very moment
                os.kill(self.pid, signal.SIGKILL)
        self.join()

    def join(self) -> None:
        """Wait until it is gone."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_gone():
            self.listen(0.05)
            assert time.monotonic() < deadline, "the worker does not end"
        self.listen(0.05)
        self._process.join()

    def _is_gone(self) -> bool:
        return not self._process.is_alive()

    def said(self, kind: str, text: str) -> bool:
        """Return whether it told this."""
        return any((t.kind, t.text) == (kind, text) for t in self.told)

    def texts(self, kind: str) -> list[str]:
        """Return all it told of one kind, in order."""
        return [t.text for t in self.told if t.kind == kind]

    def state(self) -> str:
        """Return the last state that it told of."""
        return next((t.text for t in reversed(self.told) if t.kind == "state"), "none")

    def durations_s(self) -> dict[str, float]:
        """Return how long it was in each state; a state of several steps counts from its first."""
        begun: dict[str, float] = {}
        for told in self.told:
            if told.kind in ("state", "end"):
                begun.setdefault(told.text if told.kind == "state" else "end", told.at_s)
        times = list(begun.items())
        return {state: after - at for (state, at), (_, after) in pairwise(times)}
