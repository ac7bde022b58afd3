"""Replay and its parts: the answer of `cardio replay` as plain frozen data; its JSON is a public interface.

Belongs here: the shape. Not here: rebuilding (rebuild.py) or comparing (compare.py).
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What came of a replay."""

    IDENTICAL = "identical"
    DIFFERENT = "different"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference in one file: where it is, what stands there and what was rebuilt; None is nothing there."""

    file: str
    where: str
    stood: str | None
    rebuilt: str | None


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of rebuilding one version of a report.

    `compared` are the files that were held against each other and against the ledger; `differences` what differs, one
    a file; `reasons` why nothing can be compared, which leaves the other two empty.
    """

    study_id: str
    revision: int
    version: int
    verdict: Verdict
    compared: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    reasons: tuple[str, ...] = ()
