"""What SQLite refuses to do to the ledger: change, removal, and any insertion but that of a successor.

Belongs here: the triggers and the look at whether they stand. Not here: the same rules for PostgreSQL (guards_postgres.py).

SQLite's `INSERT OR REPLACE` removes the row in its way without a word to any DELETE trigger; so the INSERT triggers
refuse every row that would meet one. Whoever may write the database may also drop a trigger: the rules stop mistakes and
the application itself, the chain and its proofs show the rest (verify.py).
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_APPEND_ONLY = "the ledger is append-only"
_FIRST = "0" * 64

# name -> (moment, condition under which it is refused, what is said)
_RULES: dict[str, tuple[str, str | None, str]] = {
    "ledger_no_update": ("UPDATE ON ledger", None, _APPEND_ONLY),
    "ledger_no_delete": ("DELETE ON ledger", None, _APPEND_ONLY),
    "ledger_successor": (
        "INSERT ON ledger",
        "NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM ledger) OR NEW.previous_hash IS NOT "
        f"coalesce((SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1), '{_FIRST}') "
        "OR EXISTS (SELECT 1 FROM ledger WHERE key = NEW.key)",
        "not the successor of the newest record",
    ),
    "ledger_contents_no_update": ("UPDATE ON ledger_contents", None, _APPEND_ONLY),
    "ledger_contents_purge": (
        "DELETE ON ledger_contents",
        "NOT EXISTS (SELECT 1 FROM ledger_purges WHERE seq = OLD.seq)",
        "content goes by a recorded purge only",
    ),
    "ledger_contents_once": (
        "INSERT ON ledger_contents",
        "NOT EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq) "
        "OR EXISTS (SELECT 1 FROM ledger_contents WHERE seq = NEW.seq) "
        "OR EXISTS (SELECT 1 FROM ledger_purges WHERE seq = NEW.seq)",
        "content comes once, with its record",
    ),
    "ledger_head_no_delete": ("DELETE ON ledger_head", None, _APPEND_ONLY),
    "ledger_head_once": ("INSERT ON ledger_head", "EXISTS (SELECT 1 FROM ledger_head)", "there is one head"),
    "ledger_head_forward": (
        "UPDATE ON ledger_head",
        "NEW.one IS NOT OLD.one OR NEW.ledger_id IS NOT OLD.ledger_id OR NEW.seq <= OLD.seq "
        "OR NOT EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq AND hash = NEW.hash) "
        "OR NEW.seq IS NOT (SELECT max(seq) FROM ledger)",
        "the head moves forward to the newest record",
    ),
    "ledger_purges_no_update": ("UPDATE ON ledger_purges", None, _APPEND_ONLY),
    "ledger_purges_no_delete": ("DELETE ON ledger_purges", None, _APPEND_ONLY),
    "ledger_purges_proven": (
        "INSERT ON ledger_purges",
        "EXISTS (SELECT 1 FROM ledger_purges WHERE seq = NEW.seq) OR NOT EXISTS (SELECT 1 FROM ledger "
        "WHERE seq = NEW.proof_seq AND kind = 'content.purged' AND seq = (SELECT max(seq) FROM ledger))",
        "a purge needs its record",
    ),
}

_TABLES = ("ledger", "ledger_contents", "ledger_head", "ledger_purges")


def statements() -> tuple[str, ...]:
    """Return the statements that make the triggers, in a fixed order."""
    return tuple(_statement(name) for name in _RULES)


def weakened(connection: Connection) -> tuple[str, ...]:
    """Return the triggers that are gone or are not what this version makes, and those that somebody else made."""
    rows = connection.execute(
        sa.text("SELECT name, sql, lower(tbl_name) FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    ).all()
    standing = {name: sql for name, sql, _ in rows}
    gone = tuple(name for name in _RULES if standing.get(name) != _statement(name))
    foreign = tuple(f"foreign trigger {n} on {table}" for n, _, table in rows if table in _TABLES and n not in _RULES)
    return (*gone, *foreign)


def _statement(name: str) -> str:
    moment, condition, told = _RULES[name]
    when = f" WHEN {condition}" if condition else ""
    return f"CREATE TRIGGER {name} BEFORE {moment}{when} BEGIN SELECT RAISE(ABORT, '{told}'); END"
