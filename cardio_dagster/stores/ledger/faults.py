"""Faults: what was done to a ledger, named, in as few words as a thousand damaged records allow.

Belongs here: the kinds of damage, their texts, and the joining of neighbours. Not here: finding them.
"""

from dataclasses import dataclass
from enum import StrEnum

MOST_FAULTS = 1000  # further ones are counted, not listed: memory stays the same whatever was done


class Damage(StrEnum):
    """What was done."""

    CHANGED = "changed"
    FORGED = "forged"  # a whole record with a right hash, without the site's key
    MISSING = "missing"
    INSERTED = "inserted"
    MOVED = "moved"
    SHIFTED = "shifted"
    UNLINKED = "unlinked"
    CONTENT_CHANGED = "content changed"
    CONTENT_MISSING = "content missing"  # gone without the proof of a purge
    CONTENT_BACK = "content back"  # there although purged
    PURGES_CHANGED = "purges changed"
    TAIL_CUT = "tail cut"
    HEAD_FORGED = "head forged"
    DATABASE = "database damaged"  # its file or its tables, so that its rows cannot be believed
    GUARDS_MISSING = "guards missing"
    FOREIGN = "foreign"
    ANCHOR_MISSING = "anchor missing"
    ANCHOR_FORGED = "anchor forged"
    ANCHOR_DIFFERS = "anchor differs"
    ROWS_DIFFER = "rows differ"  # of releases, decisions and versions from their records


# after "record 7" or "records 7 to 9"
_TEXTS = {
    Damage.CHANGED: "the header is not what was sealed",
    Damage.FORGED: "written, or written anew, without the site's key",
    Damage.MISSING: "removed",
    Damage.INSERTED: "inserted beside or behind what this site wrote",
    Damage.UNLINKED: "sealed by this site, but not as the successor of the record before",
    Damage.CONTENT_CHANGED: "the content is not what was sealed",
    Damage.CONTENT_MISSING: "the content was removed, and no purge is recorded",
    Damage.CONTENT_BACK: "the content is there although its purge is recorded",
    Damage.PURGES_CHANGED: "the list of purges is not what the recorded purges say",
    Damage.TAIL_CUT: "cut off the end",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that was done: `seq` is the first record concerned, None where it is none in particular."""

    seq: int | None
    what: Damage
    text: str


class Faults:
    """Collects damage in the order of seq and joins neighbours of one kind."""

    def __init__(self) -> None:
        self.unlisted = 0
        self._told: list[Fault] = []
        self._runs: dict[tuple[Damage, int], tuple[int, int]] = {}

    def records(self, what: Damage, first: int, last: int | None = None, *, by: int = 0) -> None:
        """Add damage of the records from `first` to `last`; those SHIFTED were sealed as `by` later than where they stand."""
        end = first if last is None else last
        run = self._runs.get((what, by))
        if run is not None and run[0] <= first <= run[1] + 1:
            self._runs[what, by] = (run[0], max(run[1], end))
            return
        self._close(what, by)
        self._runs[what, by] = (first, end)

    def other(self, what: Damage, text: str, seq: int | None = None) -> None:
        """Add damage that is told in words."""
        if len(self._told) >= MOST_FAULTS:
            self.unlisted += 1
        else:
            self._told.append(Fault(seq, what, text.encode(errors="backslashreplace").decode()))

    def listed(self) -> tuple[Fault, ...]:
        """Return all faults by seq; those of no record in particular come last."""
        for what, by in list(self._runs):
            self._close(what, by)
        return tuple(sorted(self._told, key=lambda f: (f.seq is None, f.seq or 0, f.what.value, f.text)))

    def _close(self, what: Damage, by: int) -> None:
        run = self._runs.pop((what, by), None)
        if run is None:
            return
        named = Damage.MOVED if what is Damage.SHIFTED and run[0] == run[1] else what
        told = _TEXTS[what] if what in _TEXTS else f"sealed as {spell(run[0] + by, run[1] + by)}"
        if named is Damage.SHIFTED:
            told += f"; something before was {'removed' if by > 0 else 'inserted'}"
        self.other(named, f"{spell(*run)}: {told}", run[0])


def spell(first: int, last: int) -> str:
    """Return `record 7` or `records 7 to 9`."""
    return f"record {first}" if first == last else f"records {first} to {last}"
