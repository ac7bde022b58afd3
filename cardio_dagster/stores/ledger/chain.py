"""Chain: walking through the records and naming every one that is not what was sealed.

Belongs here: the walk over headers and contents. Not here: head, guards (verify.py), purges
(purge_proofs.py) and anchors (anchor_proofs.py), which look at what the walk has gathered.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product

import msgspec

from cardio_dagster.stores.ledger.faults import Damage, Faults
from cardio_dagster.stores.ledger.misplaced import Misplaced
from cardio_dagster.stores.ledger.purge_proofs import PurgeProofs
from cardio_dagster.stores.ledger.seals import FIRST_HASH, FORMAT, SALT_CHARACTERS, Seals, content_hash
from cardio_dagster.stores.ledger.snapshot import Row

QUERY = """SELECT l.seq, l.at, l.clock_at, l.kind, l.actor, l.role, l.study_id, l.revision, l.key, l.content_sha256,
l.previous_hash, l.hash, l.mac, c.salt, c.content
FROM ledger l LEFT JOIN ledger_contents c ON c.seq = l.seq ORDER BY l.seq"""

_HEADER = 11  # columns under the hash
_SEQ, _AT, _CLOCK, _KIND, _CONTENT_SHA256, _PREVIOUS, _HASH, _MAC, _SALT, _CONTENT = 0, 1, 2, 3, 9, 10, 11, 12, 13, 14
_NONE = type(None)
# every combination of types that a sealed row may have; a number where a text was would else encode alike
_TYPES = {
    (int, str, str, str, str, role, study, revision, key, str, str, str, str, *content)
    for role, study, revision, key, content in product(
        (str, _NONE), (str, _NONE), (int, _NONE), (str, _NONE), ((str, str), (_NONE, _NONE))
    )
}
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Sought:
    """What the anchors ask of the walk: the hashes of some seqs, and the age of what comes after the last anchored one."""

    hashes_of: frozenset[int] = frozenset()
    anchored_to: int = 0


@dataclass(slots=True)
class Walked:
    """What the walk gathered; its size does not depend on the number of records."""

    records: int = 0
    purged: int = 0
    last_seq: int = 0
    last_hash: str = FIRST_HASH
    last_at: str = ""
    last_clock_at: str | None = None
    tail_since: str | None = None  # the earliest clock time of a record that no anchor covers
    set_back: int = 0  # records with an earlier time than the one before
    first_kind: str | None = None
    is_sound: bool = True  # the record before is what was sealed
    hash_at: dict[int, str] = field(default_factory=dict)  # of the seqs that were asked for


def walk(rows: Iterable[Row], seals: Seals, proofs: PurgeProofs, faults: Faults, sought: Sought) -> Walked:
    """Go through all rows by seq, add what is wrong to `faults`, and return what was gathered on the way."""
    walked, misplaced = Walked(), Misplaced(faults)
    of_record = seals.of_record
    for row in rows:
        walked.records += 1
        if tuple(map(type, row)) not in _TYPES:
            _name_alien(row, walked, faults)
            continue
        is_sealed, is_proven = _sealed(row), of_record(row[_HASH]) == row[_MAC]
        in_line = row[_SEQ] == walked.last_seq + 1 and row[_PREVIOUS] == walked.last_hash
        if not (in_line and is_sealed and is_proven):
            _name(row, walked, (is_sealed, is_proven), misplaced, faults)
        _check_content(row, proofs, walked, faults)
        if row[_SEQ] > walked.last_seq:
            _gather(row, walked, is_sealed and is_proven, sought)
    misplaced.settle()
    return walked


def _name_alien(row: Row, walked: Walked, faults: Faults) -> None:
    """Name a row with a type that no record has, and let the next one follow it."""
    is_next = type(row[_SEQ]) is int and row[_SEQ] > walked.last_seq
    walked.last_seq = row[_SEQ] if is_next else walked.last_seq
    walked.is_sound = False
    faults.records(Damage.CHANGED, max(walked.last_seq, 1))


def _sealed(row: Row) -> bool:
    try:
        return sha256(_encode((FORMAT, *row[:_HEADER]))).hexdigest() == str(row[_HASH])
    except UnicodeEncodeError:  # bytes that are no text
        return False


def _name(row: Row, before: Walked, seals: tuple[bool, bool], misplaced: Misplaced, faults: Faults) -> None:
    (is_sealed, is_proven), seq = seals, row[_SEQ]
    if seq <= before.last_seq:
        faults.records(Damage.INSERTED, seq)
        return
    if seq > before.last_seq + 1:
        faults.records(Damage.MISSING, before.last_seq + 1, seq - 1)
    if not is_sealed:
        misplaced.add(row[:_HEADER], row[_HASH])
    elif not is_proven:
        faults.records(Damage.FORGED, seq)
    elif seq == before.last_seq + 1 and before.is_sound:
        faults.records(Damage.UNLINKED, seq)


def _check_content(row: Row, proofs: PurgeProofs, walked: Walked, faults: Faults) -> None:
    seq, salt, content = row[_SEQ], row[_SALT], row[_CONTENT]
    is_purged = proofs.covers(seq)
    if content is None:
        walked.purged += is_purged
        if not is_purged:
            faults.records(Damage.CONTENT_MISSING, seq)
    elif is_purged:
        faults.records(Damage.CONTENT_BACK, seq)
    elif len(salt) != SALT_CHARACTERS or content_hash(salt, content) != row[_CONTENT_SHA256]:
        faults.records(Damage.CONTENT_CHANGED, seq)


def _gather(row: Row, walked: Walked, is_sound: bool, sought: Sought) -> None:
    seq = row[_SEQ]
    walked.last_seq, walked.last_hash, walked.is_sound = seq, row[_HASH], is_sound
    if walked.first_kind is None:
        walked.first_kind = row[_KIND]
    if is_sound:
        walked.set_back += row[_AT] < walked.last_at
        walked.last_at, walked.last_clock_at = row[_AT], row[_CLOCK]
        if seq > sought.anchored_to:
            walked.tail_since = min(walked.tail_since or row[_CLOCK], row[_CLOCK])
    if seq in sought.hashes_of:
        walked.hash_at[seq] = row[_HASH]
