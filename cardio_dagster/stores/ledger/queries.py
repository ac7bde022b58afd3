"""Queries: records as they are read.

Belongs here: the select and the narrowing of it. Not here: the class through which they are asked (ledger.py), or the
quicker reading of everything (snapshot.py).
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from cardio_dagster.audit_record import Kind, Record
from cardio_dagster.stores.ledger.tables import contents, head, ledger

HEAD = sa.select(head)
LOCKED_HEAD = HEAD.with_for_update()  # SQLite has locked at the beginning of the transaction
_COLUMNS = [c for c in ledger.c if c.name != "mac"]  # the fields of Record, in their order, but for the content
_RECORDS = sa.select(*_COLUMNS, contents.c.content).select_from(
    ledger.outerjoin(contents, ledger.c.seq == contents.c.seq)
)


def chosen(
    *,
    study_id: str | None,
    kinds: Iterable[Kind],
    since_seq: int,
    until_seq: int | None,
    since: str | None,
    until: str | None,
) -> sa.Select[Any]:
    """Return the query for the records that fit everything given, by seq."""
    column = ledger.c
    names = sorted(kind.value for kind in kinds)
    conditions = [column.seq >= since_seq]
    conditions += [column.seq <= until_seq] if until_seq is not None else []
    conditions += [column.study_id == study_id] if study_id is not None else []
    conditions += [column.kind.in_(names)] if names else []
    conditions += [column.at >= since] if since is not None else []
    conditions += [column.at < until] if until is not None else []
    return _RECORDS.where(*conditions).order_by(column.seq)


def newest(kind: Kind) -> sa.Select[Any]:
    """Return the query for the newest record of a kind."""
    return _RECORDS.where(ledger.c.kind == kind.value).order_by(ledger.c.seq.desc()).limit(1)


def to_record(row: sa.Row[Any]) -> Record:
    """Return a row of these queries as a Record; raises ValueError for a kind that no version knows."""
    values = {name: row._mapping[name] for name in Record.__slots__}
    return Record(**{**values, "kind": Kind(values["kind"])})
