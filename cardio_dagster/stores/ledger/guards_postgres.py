"""What PostgreSQL refuses to do to the ledger: change, removal, and any insertion but that of a successor.

Belongs here: trigger functions, triggers, and the look at whether they stand. Not here: the same rules for SQLite
(guards_sqlite.py). Triggers are ENABLE ALWAYS, so that `session_replication_role` does not silence them.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_FIRST = "0" * 64
_REFUSE = "BEGIN RAISE EXCEPTION 'the ledger is append-only'; END"

# function -> body; what a trigger returns is the row that goes on
_BODIES = {
    "ledger_refuse": _REFUSE,
    "ledger_successor": f"""DECLARE newest RECORD;
BEGIN
  SELECT seq, hash INTO newest FROM ledger ORDER BY seq DESC LIMIT 1;
  IF NEW.seq IS DISTINCT FROM coalesce(newest.seq, 0) + 1
     OR NEW.previous_hash IS DISTINCT FROM coalesce(newest.hash, '{_FIRST}') THEN
    RAISE EXCEPTION 'not the successor of the newest record';
  END IF;
  RETURN NEW;
END""",
    "ledger_content_once": """BEGIN
  IF NOT EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq)
     OR EXISTS (SELECT 1 FROM ledger_purges WHERE seq = NEW.seq) THEN
    RAISE EXCEPTION 'content comes once, with its record';
  END IF;
  RETURN NEW;
END""",
    "ledger_content_purge": """BEGIN
  IF NOT EXISTS (SELECT 1 FROM ledger_purges WHERE seq = OLD.seq) THEN
    RAISE EXCEPTION 'content goes by a recorded purge only';
  END IF;
  RETURN OLD;
END""",
    "ledger_head_once": """BEGIN
  IF EXISTS (SELECT 1 FROM ledger_head) THEN
    RAISE EXCEPTION 'there is one head';
  END IF;
  RETURN NEW;
END""",
    "ledger_head_forward": """BEGIN
  IF NEW.one IS DISTINCT FROM OLD.one OR NEW.ledger_id IS DISTINCT FROM OLD.ledger_id OR NEW.seq <= OLD.seq
     OR NEW.seq IS DISTINCT FROM (SELECT max(seq) FROM ledger)
     OR NOT EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq AND hash = NEW.hash) THEN
    RAISE EXCEPTION 'the head moves forward to the newest record';
  END IF;
  RETURN NEW;
END""",
    "ledger_purge_proven": """BEGIN
  IF NOT EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.proof_seq AND kind = 'content.purged'
                 AND seq = (SELECT max(seq) FROM ledger)) THEN
    RAISE EXCEPTION 'a purge needs its record';
  END IF;
  RETURN NEW;
END""",
}

_ROW = {"INSERT": 7, "DELETE": 11, "UPDATE": 19}  # pg_trigger.tgtype: row 1, before 2, insert 4, delete 8, update 16
_TRUNCATE = 34  # before 2, truncate 32, for the statement
_TABLES = ("ledger", "ledger_contents", "ledger_head", "ledger_purges")

# trigger -> (table, event, function)
_TRIGGERS = {
    "ledger_no_update": ("ledger", "UPDATE", "ledger_refuse"),
    "ledger_no_delete": ("ledger", "DELETE", "ledger_refuse"),
    "ledger_successor": ("ledger", "INSERT", "ledger_successor"),
    "ledger_contents_no_update": ("ledger_contents", "UPDATE", "ledger_refuse"),
    "ledger_contents_purge": ("ledger_contents", "DELETE", "ledger_content_purge"),
    "ledger_contents_once": ("ledger_contents", "INSERT", "ledger_content_once"),
    "ledger_head_no_delete": ("ledger_head", "DELETE", "ledger_refuse"),
    "ledger_head_once": ("ledger_head", "INSERT", "ledger_head_once"),
    "ledger_head_forward": ("ledger_head", "UPDATE", "ledger_head_forward"),
    "ledger_purges_no_update": ("ledger_purges", "UPDATE", "ledger_refuse"),
    "ledger_purges_no_delete": ("ledger_purges", "DELETE", "ledger_refuse"),
    "ledger_purges_proven": ("ledger_purges", "INSERT", "ledger_purge_proven"),
    **{f"{table}_no_truncate": (table, "TRUNCATE", "ledger_refuse") for table in _TABLES},
}

_STANDING = """
SELECT c.relname, t.tgname, t.tgtype, t.tgenabled::text, p.proname, p.prosrc, t.tgqual IS NULL
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND c.oid = to_regclass(quote_ident(c.relname)) ORDER BY t.tgname, c.relname"""
# what swallows or hides rows beside triggers: none of it is ever ours
_FOREIGN = """
SELECT c.relname, what FROM pg_class c JOIN (
  SELECT ev_class AS oid, 'rule ' || rulename AS what FROM pg_rewrite
  UNION ALL SELECT polrelid, 'policy ' || polname FROM pg_policy
  UNION ALL SELECT oid, 'row security' FROM pg_class WHERE relrowsecurity OR relforcerowsecurity
) found ON found.oid = c.oid WHERE c.oid = to_regclass(quote_ident(c.relname)) ORDER BY c.relname, what"""


def statements() -> tuple[str, ...]:
    """Return the statements that make functions and triggers, in a fixed order."""
    functions = [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body${body}$body$"
        for name, body in _BODIES.items()
    ]
    triggers = [
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH "
        f"{'STATEMENT' if event == 'TRUNCATE' else 'ROW'} EXECUTE FUNCTION {function}()"
        for name, (table, event, function) in _TRIGGERS.items()
    ]
    always = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for name, (table, _, _) in _TRIGGERS.items()]
    return (*functions, *triggers, *always)


def weakened(connection: Connection) -> tuple[str, ...]:
    """Return the triggers that are gone, switched off or not what this version makes, and what somebody else made.

    Foreign are triggers, rules, row policies and row security on the ledger's tables.
    """
    standing = {(row[0], row[1]): tuple(row[2:]) for row in connection.execute(sa.text(_STANDING))}
    gone = [name for name in _TRIGGERS if standing.get((_TRIGGERS[name][0], name)) != _expected(name)]
    others = [(table, f"trigger {n}") for table, n in standing if _TRIGGERS.get(n, ("",))[0] != table]
    others += [(row[0], row[1]) for row in connection.execute(sa.text(_FOREIGN))]
    return (*gone, *(f"foreign {what} on {table}" for table, what in others if table in _TABLES))


def _expected(name: str) -> tuple[int, str, str, str, bool]:
    _, event, function = _TRIGGERS[name]
    return _ROW.get(event, _TRUNCATE), "A", function, _BODIES[function], True
