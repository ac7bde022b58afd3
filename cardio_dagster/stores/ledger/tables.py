"""The tables of the ledger, guarded from the moment they are made.

Belongs here: the columns. Not here: the rules that the databases enforce (guards_sqlite.py, guards_postgres.py), writing
(ledger.py) or proving (verify.py).

A header stays for ever. Its content lies in a table of its own, because it may go after its retention; what stays is its
SHA-256 over salt and content, and the salt goes with the content, so that nobody can guess what stood there.
"""

import sqlalchemy as sa

from cardio_dagster.stores.database import metadata
from cardio_dagster.stores.ledger import guards_postgres, guards_sqlite

_SEQ = sa.BigInteger().with_variant(
    sa.Integer(), "sqlite"
)  # SQLite: the row id itself, so reading by seq needs no index

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False, index=True),
    sa.Column("clock_at", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, index=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text),
    sa.Column("study_id", sa.Text, index=True),
    sa.Column("revision", sa.Integer),
    sa.Column("key", sa.Text, unique=True),
    sa.Column("content_sha256", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("mac", sa.Text, nullable=False),  # of the hash, by a key derived from the site's
)

contents = sa.Table(
    "ledger_contents",
    metadata,
    sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
    sa.Column("salt", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
)

head = sa.Table(  # one row
    "ledger_head",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ledger_id", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("mac", sa.Text, nullable=False),
)

purges = sa.Table(
    "ledger_purges",
    metadata,
    sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
    sa.Column("proof_seq", sa.BigInteger, nullable=False),  # the CONTENT_PURGED record that names seq
)

for _guards, _dialect in ((guards_sqlite, "sqlite"), (guards_postgres, "postgresql")):
    for _statement in _guards.statements():
        # with the last of the four tables, because the rules of one read the others
        sa.event.listen(purges, "after_create", sa.DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
