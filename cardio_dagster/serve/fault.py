"""One thing that stands in the way of a start.

Belongs here: its words. Not here: finding it (validation.py, used_ports.py, reachable.py).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What stands in the way of a start, and what to do about it."""

    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.what}; {self.cure}"
