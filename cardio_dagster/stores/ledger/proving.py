"""Proving one record: that it is all that this site sealed, before anything is built upon it.

Belongs here: the look at a single record, and at what an append left. Not here: the look at all of them (verify.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cardio_dagster.errors import MachineError
from cardio_dagster.stores.ledger.seals import HEADER, Seals, content_hash, header_hash
from cardio_dagster.stores.ledger.tables import contents, head, ledger

WHOLE = sa.select(*ledger.c, contents.c.salt, contents.c.content).select_from(
    ledger.outerjoin(contents, ledger.c.seq == contents.c.seq)
)
# built once: building a statement costs more than running it
_SPAN = WHOLE.where(ledger.c.seq.between(sa.bindparam("first"), sa.bindparam("last"))).order_by(ledger.c.seq)
_END = sa.select(head.c.seq, head.c.hash, head.c.mac)


class LedgerError(MachineError):
    """The ledger is not what it was left as; nothing may be built upon it."""


def is_proven(row: sa.Row[Any], seals: Seals) -> bool:
    """Return whether a row of `WHOLE` is what this site sealed: header, proof, and the content unless it is gone."""
    is_whole = row.salt is None or content_hash(row.salt, row.content) == row.content_sha256
    is_sealed = header_hash([getattr(row, name) for name in HEADER]) == row.hash
    return is_whole and is_sealed and seals.of_record(row.hash) == str(row.mac)


def check_kept(
    connection: Connection, headers: Sequence[Mapping[str, Any]], bodies: Sequence[Mapping[str, Any]], end_mac: str
) -> None:
    """Read back what was just inserted; raise LedgerError unless every column and the end are there as they were given.

    A trigger, a rule or a row policy of somebody else can swallow or change a row without any error.
    """
    span = {"first": headers[0]["seq"], "last": headers[-1]["seq"]}
    kept = connection.execute(_SPAN, span).all()
    given = [tuple({**header, **body}.values()) for header, body in zip(headers, bodies, strict=True)]
    ends = [tuple(row) for row in connection.execute(_END)]
    if [tuple(row) for row in kept] != given or ends != [(span["last"], headers[-1]["hash"], end_mac)]:
        raise LedgerError(
            "the database did not keep what was recorded in the audit ledger, so nothing was done; run `cardio audit "
            "verify`, which names the trigger, rule or policy in the way, and let an administrator remove it"
        )
