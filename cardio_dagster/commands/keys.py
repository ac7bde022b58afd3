"""`cardio key add|list|revoke`: the keys of the gateway.

Belongs here: arguments to calls, and laying out. Not here: keys themselves (stores/access.py). Making and ending a key is
recorded in the ledger, by the login of this machine.
"""

import getpass
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table

from cardio_dagster.settings import settings

if TYPE_CHECKING:
    from cardio_dagster.stores.access import AccessStore, KeyRow


def key_add(name: str, role: str, *, days: float = 365.0) -> int:
    """Make a key and print it on standard output, the only time that it is seen; return 0. Raises AccessError."""
    from cardio_dagster.stores.access import AccessError, Role

    if role not in list(Role):
        raise AccessError(f"{role!r} is no role; take one of {', '.join(Role)}")
    key = _store().add(name, Role(role), days=days)
    _record("key.add", name)
    sys.stdout.write(f"{key}\n")
    sys.stderr.write(f"Keep it now: it is not shown again. Role {role}, valid for {days:g} days.\n")
    return 0


def key_list(*, as_json: bool = False) -> int:
    """Print every key that was ever made, without the keys themselves; return 0."""
    rows = _store().rows()
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n")
        return 0
    if not rows:
        sys.stdout.write("No key was made yet; make one with `cardio key add --name NAME --role ROLE`.\n")
        return 0
    table = Table("Name", "Role", "State", "Expires", "Last used", box=None, pad_edge=False)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    for row in rows:
        table.add_row(
            row.name, row.role.value, _state(row, now), row.expires_at[:10], (row.last_used_at or "never")[:16]
        )
    Console(markup=False).print(table)
    return 0


def key_revoke(name: str) -> int:
    """End a key and its sessions at once; return 0. Raises AccessError if there is none of that name."""
    is_new = _store().revoke(name)
    if is_new:
        _record("key.revoke", name)
    sys.stdout.write(f"{name} is revoked.\n" if is_new else f"{name} was revoked before.\n")
    return 0


def _state(row: "KeyRow", now: str) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "valid" if row.is_valid(now) else "expired"


def _store() -> "AccessStore":
    from cardio_dagster.stores.access import AccessStore
    from cardio_dagster.stores.database import connect, create_tables
    from cardio_dagster.stores.site_key import site_key

    engine = connect(settings().database)
    create_tables(engine)
    return AccessStore(engine, site_key(settings().store_dir, settings().site_key))


def _record(action: str, name: str) -> None:
    from cardio_dagster.audit_contents import AccessMade
    from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
    from cardio_dagster.stores.database import connect, create_tables
    from cardio_dagster.stores.ledger import Ledger
    from cardio_dagster.stores.site_key import site_key

    engine = connect(settings().database)
    create_tables(engine)  # those of the ledger, which the line above may have imported first
    actor = Actor(ActorKind.PERSON, getpass.getuser(), "admin")
    entry = Entry(Kind.ACCESS_MADE, actor, AccessMade(action, f"key:{name}", "changed"))
    Ledger(engine, site_key(settings().store_dir, settings().site_key)).append(entry)
