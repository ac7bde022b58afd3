"""Keep the services alive: start them in order, start again what dies, stop them in reverse order.

Belongs here: the life of all services together. Not here: which they are (services.py), one of them
(service_process.py), or what others may know (state.py). Run as `python -m cardio_dagster.serve.supervisor
SITE_FILE`, or with DATA_DIR UI_PORT REPORT_PORT CODE_PORT for the local profile.
"""

import logging
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from cardio_dagster.serve.connections import environment, environment_file, write_environment
from cardio_dagster.serve.launching import launch, stop
from cardio_dagster.serve.logs import LOGGER, log_to
from cardio_dagster.serve.restarts import Restarts
from cardio_dagster.serve.service_process import ServiceProcess
from cardio_dagster.serve.services import prepare, services
from cardio_dagster.serve.site import Site, read_site
from cardio_dagster.serve.state import (
    FAILED,
    STARTING,
    STOPPING,
    UP,
    end_survivors,
    lock,
    running,
    state_file,
    tell,
)

__all__ = ["Supervisor", "launch", "main", "running", "state_file", "stop"]

TICK_S = 0.25
START_PATIENCE_S = 180.0
RECORD_PATIENCE_S = 10.0  # before the end, of what is not in the ledger yet
_log = logging.getLogger(LOGGER)


class Supervisor:
    """The running services of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._running: list[ServiceProcess] = []
        self._phase = STARTING
        self._stopping = False
        self._failure: str | None = None
        self._restarts = Restarts({})

    def run(self) -> int:
        """Start everything and stay until SIGTERM or SIGINT; return 0, or 1 where a start failed."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._site.run_dir.mkdir(parents=True, exist_ok=True)
        held = lock(self._site.data_dir)
        if held is None:
            _log.error("another supervisor runs for this data folder")
            return 1
        with held:
            for name in end_survivors(self._site.data_dir):
                _log.warning("ended %s, which a killed supervisor had left", name)
            prepare(self._site)
            self._tell()
            if self._start_all():
                write_environment(self._site)
                self._phase = UP
                _log.info("all services answer: %s", ", ".join(f"{n} {u}" for n, u in self._site.urls().items()))
                self._watch()
            self._stop_all()
        return 0 if self._failure is None else 1

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start_all(self) -> bool:
        """Start in order; return False where one did not start, or where the end was asked for meanwhile."""
        surroundings = environment(self._site)
        self._restarts = Restarts(surroundings)
        together: list[ServiceProcess] = []
        for service in services(self._site):
            process = ServiceProcess(service, self._site.run_dir, surroundings)
            if service.once:
                if not self._judge(process, process.run_once(START_PATIENCE_S)):
                    return False
                continue
            process.start()
            self._running.append(process)
            self._tell()
            together.append(process)
            if service.needed:
                if not self._await(together):
                    return False
                together = []
        return self._await(together)

    def _await(self, processes: list[ServiceProcess]) -> bool:
        return all(self._judge(process, self._first_answer(process)) for process in processes)

    def _first_answer(self, process: ServiceProcess) -> str | None:
        """Wait until a service answers and return None, or why it does not; the others are kept alive meanwhile."""
        while not self._stopping:
            time.sleep(TICK_S)
            if (how := process.ended()) is not None:
                return how
            if (fault := process.service.probe.fault()) is None:
                return None
            if process.age_s > START_PATIENCE_S:
                return fault
            self._revive(besides=process)
        return None

    def _judge(self, process: ServiceProcess, fault: str | None) -> bool:
        name = process.service.name
        if fault is None and not self._stopping:
            _log.info("%s %s after %.1f s", name, "done" if process.service.once else "answers", process.age_s)
        elif fault is not None:
            self._failure = f"{name} did not start: {fault}\n{process.last_words()}".strip()
            _log.error("%s did not start: %s", name, fault)
        return fault is None and not self._stopping

    def _watch(self) -> None:
        self._tell()
        while not self._stopping:
            time.sleep(TICK_S)
            self._revive()

    def _revive(self, besides: ServiceProcess | None = None) -> None:
        for process in self._running:
            if process is besides or self._stopping:
                continue
            name = process.service.name
            if (how := process.ended()) is not None:
                _log.warning("%s ended (%s); it is started again in %g s", name, how, process.plan_restart())
                self._restarts.add(name, how, process.restarts)
                self._tell()
            elif process.pid is None and time.monotonic() >= process.next_start_s:
                process.start()
                _log.warning("%s started again, for the %d. time", name, process.restarts)
                self._tell()
        self._restarts.go_on()

    def _stop_all(self) -> None:
        self._phase = STOPPING
        self._tell()
        self._restarts.finish(RECORD_PATIENCE_S)
        for process in reversed(self._running):
            process.stop()
            _log.info("%s stopped", process.service.name)
        end_survivors(self._site.data_dir)
        environment_file(self._site).unlink(missing_ok=True)
        if self._failure is None:
            state_file(self._site.data_dir).unlink(missing_ok=True)
        else:
            self._phase, self._running = FAILED, []
            self._tell()

    def _tell(self) -> None:
        told = {p.service.name: (p.pid, p.restarts) for p in self._running}
        tell(self._site, phase=self._phase, failure=self._failure, processes=told)


def main(arguments: list[str]) -> int:
    """Run the supervisor of the site that the arguments name, and return its exit code."""
    if len(arguments) == 1:
        site = read_site(Path(arguments[0]))
    else:
        data_dir, ui, reports, code = arguments
        site = Site(Path(data_dir), int(ui), int(reports), int(code))
    log_to(site, screen=False)
    return Supervisor(site).run()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
