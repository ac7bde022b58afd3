"""One service while it runs: its process, its log, when it may be started again.

Belongs here: starting, asking and ending one service. Not here: the order of several (supervisor.py).
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil

from cardio_dagster.serve.services import Service

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
STEADY_S = 60.0  # who has lived so long starts again with the first pause
LARGEST_LOG_BYTES = 20 * 2**20


class ServiceProcess:
    """The process of one service, and how often it has been started again."""

    def __init__(self, service: Service, log_dir: Path, environment: dict[str, str]) -> None:
        self.service = service
        self.restarts = 0
        self.next_start_s = 0.0
        self._log = log_dir / f"{service.name}.log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._began_s = 0.0
        self._pause_s = FIRST_PAUSE_S

    @property
    def pid(self) -> int | None:
        """The process id; None while it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def age_s(self) -> float:
        """Seconds since its last start."""
        return time.monotonic() - self._began_s

    def start(self) -> None:
        """Start the process in a group of its own, so that a terminal's Ctrl-C reaches the supervisor alone."""
        if self._log.exists() and self._log.stat().st_size > LARGEST_LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.service.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                process_group=0,
            )
        self._began_s = time.monotonic()

    def ended(self) -> str | None:
        """Return how the process ended, None while it lives or waits for its next start."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._process = None
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def plan_restart(self) -> float:
        """Set when it may start again and return the pause in seconds: 1, 2, 4 ... 60; 1 after a steady minute."""
        if self.age_s > STEADY_S:
            self._pause_s = FIRST_PAUSE_S
        pause = self._pause_s
        self._pause_s = min(2 * pause, LONGEST_PAUSE_S)
        self.next_start_s = time.monotonic() + pause
        self.restarts += 1
        return pause

    def run_once(self, patience_s: float) -> str | None:
        """Start it and wait for its end; return None if that was good, else how it ended."""
        self.start()
        assert self._process is not None
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.stop()
            return f"not done within {patience_s:.0f} s"
        how = self.ended()
        return None if how == "exit code 0" else how

    def stop(self) -> None:
        """End it in order, and with it everything that it started; kill what does not end in its patience."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        tree = _tree(process.pid)
        process.send_signal(self.service.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.service.patience_s)
        for one in [*tree, *_tree(process.pid)]:
            with suppress(psutil.Error):
                one.kill()
        process.wait()

    def last_words(self, lines: int = 12) -> str:
        """Return the end of its log."""
        with suppress(OSError), self._log.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        return ""


def _tree(pid: int) -> list[psutil.Process]:
    """Return a process and all that it started; nothing for one that has gone."""
    with suppress(psutil.Error):
        top = psutil.Process(pid)
        return [*top.children(recursive=True), top]
    return []
