"""Purge proofs: which contents may be gone, as the records of the purges say.

Belongs here: reading those records and holding the table of purges against them. Not here: whether the records themselves
are sound; the walk (chain.py) names them if not.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

import msgspec

from cardio_dagster.audit_contents import ContentPurged
from cardio_dagster.stores.ledger.faults import Damage, Faults
from cardio_dagster.stores.ledger.snapshot import Row

QUERY = """SELECT l.seq, c.content FROM ledger l JOIN ledger_contents c ON c.seq = l.seq
WHERE l.kind = 'content.purged' ORDER BY l.seq"""
LIST_QUERY = "SELECT seq, proof_seq FROM ledger_purges ORDER BY seq"


class PurgeProofs:
    """The purged seqs as ranges: memory grows with the gaps between them, not with the records."""

    def __init__(self, rows: Iterable[Row]) -> None:
        ranges = sorted((first, last, proof) for proof, content in rows for first, last in _ranges(content, proof))
        self._firsts = [first for first, _, _ in ranges]
        self._ranges: list[tuple[int, int, int]] = ranges

    def covers(self, seq: int) -> bool:
        """Return whether a purge of this record is recorded."""
        return bool(self._ranges) and self._proof_of(seq) is not None

    def check_list(self, rows: Iterable[Row], faults: Faults) -> None:
        """Hold the table of purges against the proofs: each names what the other names, and the same proof."""
        listed = 0
        for seq, proof in rows:
            if type(seq) is int and type(proof) is int and self._proof_of(seq) == proof:
                listed += 1
            else:
                faults.other(Damage.PURGES_CHANGED, f"record {seq}: listed as purged, and no such purge is recorded")
        proven = sum(last - first + 1 for first, last, _ in self._ranges)
        if listed != proven:
            faults.other(
                Damage.PURGES_CHANGED, f"{proven} contents are recorded as purged, {listed} of them are listed"
            )

    def _proof_of(self, seq: int) -> int | None:
        place = bisect_right(self._firsts, seq) - 1
        if place < 0 or self._ranges[place][1] < seq:
            return None
        return self._ranges[place][2]


def _ranges(content: str, proof_seq: int) -> Iterator[tuple[int, int]]:
    """Yield the runs of seqs that a proof names; none of a proof that cannot be read or names records after itself."""
    try:
        seqs = sorted(set(msgspec.json.decode(content, type=ContentPurged).records))
    except (msgspec.MsgspecError, UnicodeError, TypeError):
        return
    start = 0
    for place in range(1, len(seqs) + 1):
        if place == len(seqs) or seqs[place] != seqs[place - 1] + 1:
            if seqs[place - 1] < proof_seq:
                yield seqs[start], seqs[place - 1]
            start = place
