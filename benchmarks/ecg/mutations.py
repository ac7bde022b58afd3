"""Damaged files of every ECG format: each must end in a result or a coded problem, in 5 s of CPU and 1 GB.

Usage: python -m benchmarks.ecg.mutations [--data FOLDER] [--count 5000] [--offset 0] [--seed 20261122]

The samples are the reference files and, of every format, a small one by the writers of the tests. Cases are numbered and each has
a seed of its own: `--offset` and `--count` run a part of the same 5,000.

Belongs here: running the analysis under limits and counting how it ended. Not here: the readers, or the damage and the samples (of the tests).
"""

import argparse
import os
import random
import resource
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from cardio_dagster_tests.modalities.ecg.damage import damage
from cardio_dagster_tests.modalities.ecg.sample_files import WRITERS, long_ishne

LIMIT_S, LIMIT_MB, WALL_S = 5.0, 1024, 60.0
_HELD_MB = {"start": 0.0}  # what the process holds before its first case


@dataclass(frozen=True)
class Case:
    """A sample with the file of its bundle that is to be damaged, and the seed of the damage."""

    number: int
    sample: tuple[Path, ...]
    damaged: int
    seed: int


@dataclass(frozen=True)
class Ending:
    """How one case ended: "result", a code, or a fault with its place; seconds of CPU, and the peak above the start in MB."""

    case: Case
    kind: str
    seconds: float
    peak_mb: float

    @property
    def is_fault(self) -> bool:
        """Return whether it was a traceback, late or too large."""
        return self.kind.startswith("FAULT") or self.seconds > LIMIT_S or self.peak_mb > LIMIT_MB


def samples(data: Path, folder: Path) -> list[tuple[Path, ...]]:
    """Return bundles of every format, the written ones below `folder`; the first file of a bundle is the one that is analysed."""
    single = [(p,) for p in sorted((data / "formats").rglob("*")) if p.is_file() and p.suffix != ".md"]
    folders = (data / "ludb/data", data / "mitdb", data / "cinc2017", data / "cinc2017/original_headers")
    headers = [header for folder_ in folders for header in sorted(folder_.glob("*.hea"))[:1]]
    bundles = [(h, *(p for p in h.parent.glob(f"{h.stem}.*") if p.suffix in {".dat", ".mat"})) for h in headers]
    return single + bundles + written(folder)


def written(folder: Path) -> list[tuple[Path, ...]]:
    """Return a bundle of every format and a long recording, written below `folder`."""
    bundles: list[tuple[Path, ...]] = []
    for name, write in (*WRITERS.items(), ("long", long_ishne)):
        (folder / name).mkdir()
        paths: tuple[Path, ...] = write(folder / name)  # type: ignore[no-untyped-call]
        bundles.append(paths)
    return bundles


def _late(*_: object) -> None:
    raise TimeoutError


def run(case: Case) -> Ending:
    """Analyse one damaged bundle in a folder of its own."""
    chance = random.Random(case.seed)
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        for number, path in enumerate(case.sample):
            content = path.read_bytes()
            target = Path(folder) / path.name
            target.write_bytes(damage(content, chance) if number == case.damaged else content)
        _forget_peak()
        started = time.process_time()
        kind = _ending(Path(folder) / case.sample[0].name)
        seconds = time.process_time() - started
    return Ending(case, kind, seconds, _peak_mb() - _HELD_MB["start"])


def _ending(path: Path) -> str:
    """Return how the analysis of a file ended; the timers end it where it hangs."""
    from cardio_dagster.errors import StudyError
    from cardio_dagster.modalities.branch import Options
    from cardio_dagster.modalities.ecg.document import describe

    signal.setitimer(signal.ITIMER_PROF, 2 * LIMIT_S)
    signal.setitimer(signal.ITIMER_REAL, WALL_S)
    try:
        describe(path, Options(threads=1))
        return "result"
    except StudyError as refused:
        return refused.problem.code
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


def _prepare() -> None:
    """Import all that any case needs, by reading a sound file of every format; then limit the address space."""
    signal.signal(signal.SIGALRM, _late)
    signal.signal(signal.SIGPROF, _late)
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        endings = {bundle[0].parent.name: _ending(bundle[0]) for bundle in written(Path(folder))}
    if set(endings.values()) != {"result"}:
        raise RuntimeError(f"a sound sample is not read: {endings}")
    _forget_peak()
    _HELD_MB["start"] = _peak_mb()
    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (size + 3 * LIMIT_MB * 2**20, resource.RLIM_INFINITY))


def cases(bundles: list[tuple[Path, ...]], seed: int) -> Iterator[Case]:
    """Yield cases without end, the samples in turn."""
    chance, number = random.Random(seed), 0
    while True:
        bundle = bundles[number % len(bundles)]
        yield Case(number, bundle, chance.randrange(len(bundle)), chance.randrange(2**31))
        number += 1


def report(endings: list[Ending]) -> int:
    """Print how many cases ended how; return how many were faults."""
    for kind, number in Counter(e.kind for e in endings).most_common():
        print(f"{number:6d}  {kind}")
    slowest, largest = max(endings, key=lambda e: e.seconds), max(endings, key=lambda e: e.peak_mb)
    for word, ending in (("slowest", slowest), ("largest", largest)):
        print(f"{word} {_told(ending)}")
    faults = [e for e in endings if e.is_fault]
    for ending in faults[:40]:
        print(_told(ending))
    print(f"{len(endings)} cases, {len(faults)} faults")
    return len(faults)


def _told(ending: Ending) -> str:
    case = ending.case
    sample = case.sample[case.damaged]
    return (
        f"case {case.number}: {ending.kind}, {sample.parent.name}/{sample.name} seed {case.seed}, "
        f"{ending.seconds:.1f} s, {ending.peak_mb:.0f} MB"
    )


def main() -> int:
    """Run the cases, print the endings; 1 where one was a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CARDIO_REFERENCE_DATA", "../shared/data")))
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samples-") as folder:
        every = cases(samples(arguments.data, Path(folder)), arguments.seed)
        chosen = islice(every, arguments.offset, arguments.offset + arguments.count)
        with get_context("spawn").Pool(arguments.processes, initializer=_prepare, maxtasksperchild=50) as pool:
            endings = list(pool.imap_unordered(run, chosen, chunksize=10))
    return 1 if report(endings) else 0


if __name__ == "__main__":
    raise SystemExit(main())
