"""Damaged files by the thousand: each must end in a result or a coded problem, within a time and a memory.

Belongs here: the command line and the report that the benchmarks of all modalities share. Not here: cases
(mutation_cases.py), running them under limits (mutation_run.py), what is run, on which samples, damaged how
(ecg/mutations.py, echo/mutations.py).
"""

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from benchmarks.mutation_cases import Case, Ending, Limits, Trial, cases, told, write_case
from benchmarks.mutation_run import endings


def report(found: list[Ending], limits: Limits) -> int:
    """Print how many cases ended how; return how many were faults."""
    for kind, number in Counter(e.kind for e in found).most_common():
        print(f"{number:6d}  {kind}")
    slowest, largest = max(found, key=lambda e: e.seconds), max(found, key=lambda e: e.peak_mb)
    for word, ending in (("slowest", slowest), ("largest", largest)):
        print(f"{word} {told(ending)}")
    faults = [e for e in found if e.is_fault(limits)]
    for ending in faults[:40]:
        print(told(ending))
    print(f"{len(found)} cases, {len(faults)} faults")
    return len(faults)


def parser(description: str | None, *, count: int) -> argparse.ArgumentParser:
    """Return the parser of the options that every such benchmark has; `count` is its own number of cases."""
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--data", type=Path, default=Path(os.environ.get("CARDIO_REFERENCE_DATA", "../shared/data")))
    found.add_argument("--count", type=int, default=count)
    found.add_argument("--offset", type=int, default=0)
    found.add_argument("--seed", type=int, default=20261122)
    found.add_argument("--processes", type=int, default=2)
    found.add_argument("--write", type=Path, help="write the damaged files to this folder instead of running them")
    return found


def main(trial: Trial, arguments: argparse.Namespace) -> int:
    """Run the cases that the arguments ask for and print the endings; 1 where one was a fault."""
    with tempfile.TemporaryDirectory(prefix="samples-") as folder:
        every = cases(trial.samples(arguments.data, Path(folder)), arguments.seed)
        chosen = islice(every, arguments.offset, arguments.offset + arguments.count)
        if arguments.write:
            return _write_all(trial, chosen, arguments.write)
        found = list(endings(trial, chosen, arguments.processes))
    return 1 if report(found, trial.limits) else 0


def _write_all(trial: Trial, chosen: Iterable[Case], folder: Path) -> int:
    for case in chosen:
        target = folder / str(case.number)
        target.mkdir(parents=True, exist_ok=True)
        print(write_case(trial, case, target), f"of {case.sample[0].parent.name}")
    return 0
