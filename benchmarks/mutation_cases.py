"""What a benchmark of damaged files is made of: the trial, its limits, its numbered cases and their endings.

Belongs here: frozen dataclasses, the drawing of cases and the writing of one. Not here: running them (mutation_run.py),
what is run on which samples (ecg/mutations.py, echo/mutations.py).
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

Bundle = tuple[Path, ...]  # files that belong together; the first is the one that is analysed


@dataclass(frozen=True)
class Limits:
    """Of one case: seconds of processor and of wall time, and peak memory in MB.

    `is_whole`: the memory is that of the whole process; else only what comes on top of its start counts.
    """

    processor_s: float
    memory_mb: int
    wall_s: float
    is_whole: bool = False


@dataclass(frozen=True)
class Trial:
    """What is run on damaged files.

    `analyse` takes a path and returns "result" or the code of the problem in which it ended; whatever it raises is a
    fault. `damage` takes bytes and the chance. `samples` takes the folder of the reference data and one to write to, and
    returns every bundle; `written` takes the latter alone and returns those that are sound: before its first case a process
    runs `check` on each, which must return "result" and loads what any case needs.
    """

    analyse: Callable[[Path], str]
    damage: Callable[[bytes, random.Random], bytes]
    samples: Callable[[Path, Path], list[Bundle]]
    written: Callable[[Path], list[Bundle]]
    check: Callable[[Path], str]
    limits: Limits


@dataclass(frozen=True)
class Case:
    """A sample with the file of its bundle that is to be damaged, and the seed of the damage."""

    number: int
    sample: Bundle
    damaged: int
    seed: int


@dataclass(frozen=True)
class Ending:
    """How one case ended: "result", a code, or a fault with its place; seconds of processor, and the peak in MB."""

    case: Case
    kind: str
    seconds: float
    peak_mb: float

    def is_fault(self, limits: Limits) -> bool:
        """Return whether it was a traceback, late or too large."""
        return self.kind.startswith("FAULT") or self.seconds > limits.processor_s or self.peak_mb > limits.memory_mb


def cases(bundles: list[Bundle], seed: int) -> Iterator[Case]:
    """Yield cases without end, the samples in turn."""
    chance, number = random.Random(seed), 0
    while True:
        bundle = bundles[number % len(bundles)]
        yield Case(number, bundle, chance.randrange(len(bundle)), chance.randrange(2**31))
        number += 1


def write_case(trial: Trial, case: Case, folder: Path) -> Path:
    """Write the bundle of a case with its one damaged file; return the file that is to be analysed."""
    chance = random.Random(case.seed)
    for number, path in enumerate(case.sample):
        content = path.read_bytes()
        (folder / path.name).write_bytes(trial.damage(content, chance) if number == case.damaged else content)
    return folder / case.sample[0].name


def told(ending: Ending) -> str:
    """Return one line on an ending: case, kind, sample, seed, seconds and memory."""
    case = ending.case
    sample = case.sample[case.damaged]
    return (
        f"case {case.number}: {ending.kind}, {sample.parent.name}/{sample.name} seed {case.seed}, "
        f"{ending.seconds:.1f} s, {ending.peak_mb:.0f} MB"
    )
