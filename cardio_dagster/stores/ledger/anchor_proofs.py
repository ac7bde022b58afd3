"""Anchor proofs: the anchors held against the ledger, and the ledger against its anchors.

Belongs here: which anchors must be there, and what each proves. Not here: the walk that looks up their hashes (chain.py).

An anchor covers every record up to it. So every anchor that the ledger names must be there, and once there was any, what
was recorded since the last one must not be older than two days, told by the clock times of the records: the nightly
anchor may be late once and no more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from cardio_dagster.stores.ledger.anchors import PUBLIC_KEY, Anchor, days_of, from_bytes, public_pem, sign
from cardio_dagster.stores.ledger.chain import Walked
from cardio_dagster.stores.ledger.contents import LedgerAnchored
from cardio_dagster.stores.ledger.faults import Damage, Faults, spell
from cardio_dagster.stores.ledger.snapshot import Row

QUERY = """SELECT l.seq, c.content FROM ledger l JOIN ledger_contents c ON c.seq = l.seq
WHERE l.kind = 'ledger.anchored' ORDER BY l.seq"""
_GRACE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class AnchorProofs:
    """The anchors of a folder, and what the ledger says of its anchors; one small object a day each."""

    folder: Path
    files: dict[str, Anchor | None]  # by day; None for a file that is no anchor
    told: dict[str, LedgerAnchored]  # by day

    @property
    def wanted(self) -> frozenset[int]:
        """Return the seqs whose hashes the walk is to look up."""
        return frozenset(a.last_seq for a in (*self.files.values(), *self.told.values()) if a is not None)

    @property
    def anchored_to(self) -> int:
        """Return the last record that the ledger names as anchored; 0 if none is."""
        return max((content.last_seq for content in self.told.values()), default=0)

    def check(self, key: bytes, ledger_id: str, walked: Walked, faults: Faults) -> int:
        """Add what is wrong with the anchors, or by them with the ledger, to `faults`; return how many are sound."""
        if not self.files and not self.told:
            return 0
        self._check_public_key(key, faults)
        for first, last in _runs(set(self.told) - set(self.files)):
            days = first if first == last else f"{first} to {last}"
            faults.other(Damage.ANCHOR_MISSING, f"anchors of {days}: missing")
        self._check_tail(walked, faults)
        sound = 0
        for day, anchor in self.files.items():
            what, told = self._judge(day, anchor, key, ledger_id, walked.hash_at)
            sound += what is None
            if what is not None:
                faults.other(what, f"anchor of {day}: {told}", None if anchor is None else anchor.last_seq)
        return sound

    def _judge(
        self, day: str, anchor: Anchor | None, key: bytes, ledger_id: str, hash_at: dict[int, str]
    ) -> tuple[Damage | None, str]:
        if anchor is None or anchor.day != day or sign(anchor, key).signature != anchor.signature:
            return Damage.ANCHOR_FORGED, "not what this site signed"
        if anchor.ledger_id != ledger_id:
            return Damage.FOREIGN, "made of another ledger"
        found, last = hash_at.get(anchor.last_seq), anchor.last_seq
        if found is None:
            return Damage.ANCHOR_DIFFERS, f"record {last} stood there that day and is gone"
        if found != anchor.root_hash:
            return Damage.ANCHOR_DIFFERS, f"{spell(anchor.first_seq or last, last)}: not what was anchored that day"
        told = self.told.get(day)
        if told is not None and (told.root_hash, told.last_seq) != (anchor.root_hash, last):
            return Damage.ANCHOR_DIFFERS, "the ledger names another root for that day"
        return None, ""

    def _check_public_key(self, key: bytes, faults: Faults) -> None:
        path = self.folder / PUBLIC_KEY
        if not path.is_file():
            faults.other(Damage.ANCHOR_MISSING, "the public key beside the anchors is missing")
        elif path.read_bytes() != public_pem(key):
            faults.other(Damage.ANCHOR_FORGED, "the public key beside the anchors is not this site's")

    def _check_tail(self, walked: Walked, faults: Faults) -> None:
        """Name what was recorded since the last anchor, if some of it is older than the grace."""
        if walked.tail_since is None or walked.last_clock_at is None:
            return
        if datetime.fromisoformat(walked.last_clock_at) - datetime.fromisoformat(walked.tail_since) > _GRACE:
            first, since = self.anchored_to + 1, walked.tail_since[:10]
            told = (
                f"{spell(first, walked.last_seq)}: in no anchor, although begun on {since}, more than two days before"
            )
            faults.other(Damage.ANCHOR_MISSING, told, first)


def read_anchors(folder: Path, rows: Iterable[Row]) -> AnchorProofs:
    """Return the anchors of a folder beside the ledger's records of them."""
    files = {day: from_bytes(path.read_bytes()) for day, path in days_of(folder)}
    told = (content for _, row in rows for content in _decoded(row))
    return AnchorProofs(folder, files, {content.day: content for content in told})


def _decoded(content: str) -> Iterator[LedgerAnchored]:
    try:
        yield msgspec.json.decode(content, type=LedgerAnchored)
    except (msgspec.MsgspecError, UnicodeError):  # a changed record: the walk names it
        return


def _runs(days: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the first and the last of each run of days without a gap; what is no day stands alone."""
    ordered = sorted(days)
    start = 0
    for place in range(1, len(ordered) + 1):
        if place == len(ordered) or ordered[place] != _next_day(ordered[place - 1]):
            yield ordered[start], ordered[place - 1]
            start = place


def _next_day(day: str) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return ""
