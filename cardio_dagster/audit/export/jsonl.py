"""JSON lines: the ledger as it stands, one record a line, with all that recomputing its hashes takes.

Belongs here: the fields of a line. Not here: how hashes are made (stores/ledger/seals.py; for auditors
docs/audit_export.md, which holds a checker that needs nothing of this package).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
import sqlalchemy as sa

from cardio_dagster.audit.export.told import Told
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.ledger.seals import FORMAT, HEADER
from cardio_dagster.stores.ledger.tables import contents

_BLOCK = 500  # records whose salts are looked up at once


def to_jsonl(items: Iterable[Told], ledger: Ledger) -> Iterator[bytes]:
    """Yield one line of JSON for each record; the same records give the same bytes.

    A line has `format`, the fields of the header in the order in which they are hashed, `hash`, `salt` and `content`.
    `content` is a text: the very JSON that was hashed after the salt. Of a purged record both are null and
    `purged` says when and by which record; the header and its hash stand.
    """
    waiting = iter(items)
    while block := list(islice(waiting, _BLOCK)):
        salts = _salts(ledger, [item.record.seq for item in block if item.record.content is not None])
        for item in block:
            yield msgspec.json.encode(line(item, salts.get(item.record.seq))) + b"\n"


def line(item: Told, salt: str | None) -> dict[str, Any]:
    """Return one record as the object of its line; without a salt (purged meanwhile) without its content."""
    record = item.record
    proof = item.proof
    return {
        "format": FORMAT,
        **{name: getattr(record, name) for name in HEADER},
        "hash": record.hash,
        "salt": salt,
        "content": record.content if salt is not None else None,
        "purged": {"at": proof.at, "proof_seq": proof.seq, "text": str(proof)} if proof else None,
    }


def _salts(ledger: Ledger, seqs: Sequence[int]) -> dict[int, str]:
    query = sa.select(contents.c.seq, contents.c.salt).where(contents.c.seq.in_(seqs))
    with reading(ledger.engine) as connection:
        return {row.seq: row.salt for row in connection.execute(query)}
