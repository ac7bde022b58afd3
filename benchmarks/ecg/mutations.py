"""Damaged files of every ECG format: each must end in a result or a coded problem, in 5 s and 1 GB.

Usage: python -m benchmarks.ecg.mutations [--data FOLDER] [--count 5000] [--seed 20261122]

Belongs here: damaging files, running the analysis under limits and counting how it ended. Not here: the readers.
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
from multiprocessing import get_context
from pathlib import Path

LIMIT_S, LIMIT_MB = 5.0, 1024
_WORDS = (b"0", b"-1", b"99999999999", b"NaN", b"1e308", b"\x00", b"\xff\xff\xff\xff", b"<a>", b'"', b"")


@dataclass(frozen=True)
class Case:
    """A sample with the file of its bundle that is to be damaged, and the seed of the damage."""

    sample: tuple[Path, ...]
    damaged: int
    seed: int


@dataclass(frozen=True)
class Ending:
    """How one case ended: "result", a code, or a fault with its place; seconds and the peak of memory in MB."""

    case: Case
    kind: str
    seconds: float
    peak_mb: float


def samples(data: Path) -> list[tuple[Path, ...]]:
    """Return one or more bundles per format; the first file of a bundle is the one that is analysed."""
    single = [(p,) for p in sorted((data / "formats").rglob("*")) if p.is_file() and p.suffix != ".md"]
    headers = [data / "ludb/data/1.hea", data / "mitdb/100.hea", data / "cinc2017/A00001.hea"]
    headers += sorted((data / "cinc2017/original_headers").glob("*.hea"))[:1]
    bundles = [
        (h, *(p for p in h.parent.glob(f"{h.stem}.*") if p.suffix in {".dat", ".mat"})) for h in headers if h.exists()
    ]
    return single + bundles


def damage(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes cut off, flipped, overwritten, doubled, removed or with a number changed, once to four times."""
    for _ in range(chance.randint(1, 4)):
        content = chance.choice((_cut, _flip, _overwrite, _double, _remove, _number))(content, chance)
    return content


def _place(content: bytes, chance: random.Random) -> int:
    """Return a position; headers are hit as often as samples."""
    length = max(len(content), 1)
    return chance.randrange(length) if chance.random() < 0.5 else chance.randrange(min(length, 2048))


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: _place(content, chance)]


def _flip(content: bytes, chance: random.Random) -> bytes:
    out = bytearray(content)
    for _ in range(chance.choice((1, 8, 64)) if out else 0):
        out[_place(content, chance)] ^= 1 << chance.randrange(8)
    return bytes(out)


def _overwrite(content: bytes, chance: random.Random) -> bytes:
    at, word = _place(content, chance), chance.choice(_WORDS)
    return content[:at] + word + content[at + len(word) :]


def _double(content: bytes, chance: random.Random) -> bytes:
    at = _place(content, chance)
    end = at + chance.choice((1, 16, 512, 65536))
    return content[:end] + content[at:end] + content[end:]


def _remove(content: bytes, chance: random.Random) -> bytes:
    at = _place(content, chance)
    return content[:at] + content[at + chance.choice((1, 16, 512, 65536)) :]


def _number(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes with the first digit after a place, and those that follow it, replaced."""
    at = _place(content, chance)
    while at < len(content) and not content[at : at + 1].isdigit():
        at += 1
    end = at
    while end < len(content) and content[end : end + 1].isdigit():
        end += 1
    return content[:at] + chance.choice(_WORDS[:5]) + content[end:]


def _late(*_: object) -> None:
    raise TimeoutError


def run(case: Case) -> Ending:
    """Analyse one damaged bundle in a folder of its own."""
    from cardio_dagster.errors import StudyError
    from cardio_dagster.modalities.branch import Options
    from cardio_dagster.modalities.ecg.document import describe

    chance = random.Random(case.seed)
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        for number, path in enumerate(case.sample):
            content = path.read_bytes()
            target = Path(folder) / path.name
            target.write_bytes(damage(content, chance) if number == case.damaged else content)
        signal.signal(signal.SIGALRM, _late)
        signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
        started = time.perf_counter()
        try:
            describe(Path(folder) / case.sample[0].name, Options(threads=1))
            kind = "result"
        except StudyError as refused:
            kind = refused.problem.code
        except Exception as fault:
            frame = fault.__traceback__
            while frame is not None and frame.tb_next is not None:
                frame = frame.tb_next
            place = "" if frame is None else f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
            kind = f"FAULT {type(fault).__name__} at {place}"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return Ending(case, kind, time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _limit() -> None:
    """Give the process 1 GB above what it needs to be there at all, and import what every case needs."""
    import cardio_dagster.modalities.ecg.document  # noqa: F401

    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (size + 3 * LIMIT_MB * 2**20, resource.RLIM_INFINITY))


def cases(data: Path, count: int, seed: int) -> Iterator[Case]:
    """Yield the cases, the samples in turn."""
    chance, bundles = random.Random(seed), samples(data)
    for number in range(count):
        bundle = bundles[number % len(bundles)]
        yield Case(bundle, chance.randrange(len(bundle)), chance.randrange(2**31))


def main() -> int:
    """Run all cases, print the endings; 1 where one was a fault, late or too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CARDIO_REFERENCE_DATA", "../shared/data")))
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=20261122)
    arguments = parser.parse_args()
    with get_context("spawn").Pool(2, initializer=_limit, maxtasksperchild=100) as pool:
        endings = list(pool.imap_unordered(run, cases(arguments.data, arguments.count, arguments.seed), chunksize=10))
    for kind, number in Counter(e.kind for e in endings).most_common():
        print(f"{number:6d}  {kind}")
    print(f"slowest {max(e.seconds for e in endings):.2f} s, largest {max(e.peak_mb for e in endings):.0f} MB")
    faults = [e for e in endings if e.kind.startswith("FAULT") or e.seconds > LIMIT_S or e.peak_mb > LIMIT_MB]
    for ending in faults[:20]:
        print(
            f"{ending.kind}: {ending.case.sample[ending.case.damaged].name} seed {ending.case.seed}, {ending.seconds:.1f} s, {ending.peak_mb:.0f} MB"
        )
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
