"""Stretches of a long recording, each with what surrounds it.

Belongs here: dividing samples into blocks, and working on several at once. Not here: reading (formats/blocks.py), filtering or measuring them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from cardio_dagster import deadline
from cardio_dagster.deadline import in_threads

A = TypeVar("A")
B = TypeVar("B")

BLOCK_S = 600.0
_MOST_VALUES = 8_000_000  # 32 MB as float32


@dataclass(frozen=True, slots=True)
class Block:
    """Samples `start` to `stop` (exclusive) are the block's own; `before` and `after` include its margins."""

    start: int
    stop: int
    before: int
    after: int


def blocks_of(
    n_samples: int, *, sampling_rate_hz: float, n_leads: int, margin_s: float = 0.0, length_s: float = BLOCK_S
) -> Iterator[Block]:
    """Yield consecutive blocks of `length_s` seconds, shorter where many leads or a high rate would make them large.

    All but the last are whole numbers of seconds, as quality counts them: of as many samples as the rounded rate says.
    """
    second = max(2, round(sampling_rate_hz))
    most = min(int(length_s * sampling_rate_hz), _MOST_VALUES // max(n_leads, 1))
    length = max(1, most // second) * second
    margin = round(margin_s * sampling_rate_hz)
    for start in range(0, n_samples, length):
        stop = min(start + length, n_samples)
        deadline.check()
        yield Block(start, stop, max(0, start - margin), min(n_samples, stop + margin))


def over_blocks(function: Callable[[A], B], items: Iterable[A], *, threads: int) -> Iterator[B]:
    """Yield what the function gives for each item, in their order, with so many items in work at once.

    NumPy, FFTs and models let other threads run while they compute. The first exception ends it, and so does the deadline.
    """
    yield from in_threads(function, items, threads=threads)
