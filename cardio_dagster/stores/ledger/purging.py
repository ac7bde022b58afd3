"""Purging: a content goes, its header and a proof stay.

Belongs here: the one transaction that does it. Not here: whose content may go, and when (audit/).
"""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.audit_contents import ContentPurged
from cardio_dagster.audit_record import Actor, Entry, Kind, Record
from cardio_dagster.stores.ledger import tables
from cardio_dagster.stores.ledger.ledger import Ledger

_CHUNK = 500  # seqs in one statement
# Without these nobody could prove what stands, what went and who held what.
NEVER_PURGED = frozenset(
    {Kind.LEDGER_OPENED, Kind.LEDGER_ANCHORED, Kind.CONTENT_PURGED, Kind.HOLD_PLACED, Kind.HOLD_LIFTED}
)


def purge_contents(
    ledger: Ledger,
    seqs: Iterable[int],
    files: Mapping[str, str],
    before: str,
    actor: Actor,
    *,
    study_id: str | None = None,
    connection: Connection | None = None,
) -> Record:
    """Remove the contents of records and return the record that proves it; all in one transaction.

    `files` are the SHA-256 of what goes from the store with them, by a name without identity; `before` is the end of the
    retention that allowed it. A connection given must be a writing one; the ledger's end stays locked until it commits.
    On SQLite the freed pages are overwritten with zeros; PostgreSQL frees them for new rows at its next vacuum.

    Raises ValueError, with nothing changed, for a seq whose content is not there or is of a kind that is never purged.
    """
    chosen = sorted(set(seqs))
    entry = Entry(Kind.CONTENT_PURGED, actor, ContentPurged(tuple(chosen), dict(files), before), study_id=study_id)
    with ledger.engine.begin() if connection is None else nullcontext(connection) as own:
        (proof,) = ledger.append(entry, connection=own)  # first, because it takes the lock
        _refuse_wrong(own, chosen)
        if own.dialect.name == "sqlite":
            own.execute(sa.text("PRAGMA secure_delete = ON"))
        for start in range(0, len(chosen), _CHUNK):
            part = chosen[start : start + _CHUNK]
            own.execute(tables.purges.insert(), [{"seq": seq, "proof_seq": proof.seq} for seq in part])
            own.execute(tables.contents.delete().where(tables.contents.c.seq.in_(part)))
    return proof


def _refuse_wrong(connection: Connection, seqs: list[int]) -> None:
    """Raise ValueError unless every seq has a content that may go."""
    header, content = tables.ledger.c, tables.contents.c
    for start in range(0, len(seqs), _CHUNK):
        part = seqs[start : start + _CHUNK]
        query = sa.select(header.seq).join(tables.contents, content.seq == header.seq)
        query = query.where(header.seq.in_(part), header.kind.not_in(sorted(k.value for k in NEVER_PURGED)))
        wrong = sorted(set(part) - set(connection.scalars(query)))
        if wrong:
            raise ValueError(
                f"record {wrong[0]} has no content that may be purged; {len(wrong)} such records were given"
            )
