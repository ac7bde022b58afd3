"""Misplaced: records whose hash does not fit their number, and which number it does fit.

Belongs here: telling a record that was changed from one that was only moved. Not here: finding them (chain.py).

A header that hashes right under another seq is whole: it was moved, or everything behind a removed or inserted record was
renumbered. The search is bounded, so that a wrecked ledger costs little more than a sound one; what it does not find is
called changed.
"""

from typing import Any

from cardio_dagster.stores.ledger.faults import Damage, Faults
from cardio_dagster.stores.ledger.seals import header_hash

_REACH = 1000  # places looked at to either side
_SEARCHES = 300  # records for which so many places are looked at
_HELD = 300  # records compared with each other at once

Header = tuple[Any, ...]


class Misplaced:
    """Names the records whose hash does not fit."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._shift = 0
        self._searches = _SEARCHES
        self._held: list[tuple[Header, str]] = []

    def add(self, header: Header, hashed: str) -> None:
        """Add a record, by seq; most are named at once, some wait for others that they may have changed places with."""
        shift = self._distance(header, hashed)
        if shift is not None:
            self._shift = shift
            self._faults.records(Damage.SHIFTED, header[0], by=shift)
            return
        self._held.append((header, hashed))
        if len(self._held) == _HELD:
            self.settle()

    def settle(self) -> None:
        """Name what waits: records that fit each other's places are moved, all others changed."""
        places = [header[0] for header, _ in self._held]
        for header, hashed in self._held:
            fitting = (place for place in places if _fits(header, hashed, place))
            place = next(fitting, None)
            if place is None:
                self._faults.records(Damage.CHANGED, header[0])
            else:
                self._faults.records(Damage.SHIFTED, header[0], by=place - header[0])
        self._held.clear()

    def _distance(self, header: Header, hashed: str) -> int | None:
        """Return how far from here the record fits; first tried where its predecessor did."""
        if self._shift and _fits(header, hashed, header[0] + self._shift):
            return self._shift
        if self._searches == 0:
            return None
        self._searches -= 1
        steps = (sign * step for step in range(1, _REACH + 1) for sign in (1, -1))
        return next((step for step in steps if _fits(header, hashed, header[0] + step)), None)


def _fits(header: Header, hashed: str, seq: int) -> bool:
    try:
        return header_hash((seq, *header[1:])) == hashed
    except UnicodeEncodeError:
        return False
