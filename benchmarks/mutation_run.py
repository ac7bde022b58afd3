"""Damaged files, one after the other, in processes with limits on time and memory.

Belongs here: the processes, the timers, the counting of memory. Not here: the cases (mutation_cases.py), the report
(mutations.py).
"""

import os
import resource
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.pool import ThreadPool
from pathlib import Path

from benchmarks.mutation_cases import Case, Ending, Trial, told, write_case

_PER_PROCESS = 500  # cases, so that what a decoder leaks does not count for ever
_HELD_MB = {"start": 0.0}  # what the process holds before its first case


def run(trial: Trial, case: Case) -> Ending:
    """Analyse one damaged bundle in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        path = write_case(trial, case, Path(folder))
        _forget_peak()
        started = time.process_time()
        kind = _ending(trial, path)
        seconds = time.process_time() - started
    return Ending(case, kind, seconds, _peak_mb() - (0.0 if trial.limits.is_whole else _HELD_MB["start"]))


def endings(trial: Trial, chosen: Iterable[Case], processes: int) -> Iterator[Ending]:
    """Run the cases, so many processes at a time, and yield how they ended, in any order."""
    every = iter(chosen)
    parts = iter(lambda: list(islice(every, _PER_PROCESS)), [])
    with ThreadPool(processes) as threads:
        for part in threads.imap_unordered(partial(_run_part, trial), parts):
            yield from part


def _run_part(trial: Trial, part: list[Case]) -> list[Ending]:
    found: list[Ending] = []
    while len(found) < len(part):
        found += _run_in_process(trial, part[len(found) :])
    return found


def _run_in_process(trial: Trial, part: list[Case]) -> list[Ending]:
    """Run cases in a process of their own until they are done or one of them ends the process, which is a fault."""
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(trial, part, theirs), daemon=True)
    child.start()
    theirs.close()
    found: list[Ending] = []
    try:
        ours.recv()  # that it is prepared; raises EOFError where it could not be
        for case in part:
            found.append(_received(ours, case, 2 * trial.limits.wall_s))
            if found[-1].kind.startswith("FAULT process"):
                break
    finally:
        child.kill()
        child.join()
    return found


def _received(ours: Connection, case: Case, wait_s: float) -> Ending:
    try:
        if ours.poll(wait_s):
            ending: Ending = ours.recv()
            return ending
        return Ending(case, "FAULT process hangs", wait_s, 0.0)
    except EOFError:
        return Ending(case, "FAULT process died", 0.0, 0.0)


def _work(trial: Trial, part: list[Case], theirs: Connection) -> None:
    _prepare(trial)
    theirs.send(None)
    for case in part:
        ending = run(trial, case)
        if ending.is_fault(trial.limits):
            print(told(ending), flush=True)
        theirs.send(ending)


def _late(*_: object) -> None:
    raise TimeoutError


def _ending(trial: Trial, path: Path) -> str:
    """Return how the analysis of a file ended; the timers end it where it hangs."""
    signal.setitimer(signal.ITIMER_PROF, 2 * trial.limits.processor_s)
    signal.setitimer(signal.ITIMER_REAL, trial.limits.wall_s)
    try:
        return trial.analyse(path)
    except BaseException as fault:
        frame = fault.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = "" if frame is None else f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
        return f"FAULT {type(fault).__name__} at {place}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _forget_peak() -> None:
    """Begin the peak of memory anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def _prepare(trial: Trial) -> None:
    """Import all that any case needs, by reading a sound file of every format; then limit the address space."""
    signal.signal(signal.SIGALRM, _late)
    signal.signal(signal.SIGPROF, _late)
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        found = {bundle[0].parent.name: trial.check(bundle[0]) for bundle in trial.written(Path(folder))}
    if set(found.values()) != {"result"}:
        raise RuntimeError(f"a sound sample is not read: {found}")
    _forget_peak()
    _HELD_MB["start"] = _peak_mb()
    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (size + 3 * trial.limits.memory_mb * 2**20, resource.RLIM_INFINITY))
