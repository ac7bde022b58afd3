"""Access: who may use the gateway, by keys that are hashed at rest, and the sessions of browsers.

Belongs here: roles, keys, sessions, and judging one that is shown. Not here: HTTP (gateway/auth.py), the command line
(commands/keys.py) or what is recorded of an access (gateway/auth.py).

A secret is 256 random bits, so nobody guesses it and a slow hash (scrypt) would protect nothing: it only would cost the server
50 ms for each wrong key. What is kept is HMAC-SHA256 (RFC 2104) of the secret under a key derived from the site's, so that a
stolen database neither holds a key nor lets one be tried or made.
"""

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cardio_dagster.errors import CardioError
from cardio_dagster.stores.database import metadata, reading
from cardio_dagster.stores.site_key import derived
from cardio_dagster.stores.studies import utc_now

SESSION_S = 12 * 3600
_TOUCH_S = 60  # last use is written at most so often
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_KEY = re.compile(r"cardio_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODY = "0" * 64  # compared with where no key of that id stands, so that both cases cost the same


class Role(StrEnum):
    """What the owner of a key may do."""

    SUBMITTER = "submitter"  # sends studies, sees what it sent
    READER = "reader"  # sends, sees every study and released report
    REVIEWER = "reviewer"  # and decides on held ones
    AUDITOR = "auditor"  # sees everything, changes nothing
    ADMIN = "admin"


MAY_SUBMIT = frozenset({Role.SUBMITTER, Role.READER, Role.REVIEWER, Role.ADMIN})
MAY_READ = frozenset({Role.READER, Role.REVIEWER, Role.AUDITOR, Role.ADMIN})
MAY_DECIDE = frozenset({Role.REVIEWER, Role.ADMIN})
MAY_WATCH = frozenset({Role.AUDITOR, Role.ADMIN})  # details of the machines

keys = sa.Table(
    "access_keys",
    metadata,
    sa.Column("key_id", sa.String(12), primary_key=True),
    sa.Column("name", sa.String(63), nullable=False, unique=True),  # for ever: the ledger tells people by it
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("secret_hmac", sa.String(64), nullable=False),
    sa.Column("created_at", sa.String(40), nullable=False),
    sa.Column("expires_at", sa.String(40), nullable=False),
    sa.Column("revoked_at", sa.String(40)),
    sa.Column("last_used_at", sa.String(40)),
)
sessions = sa.Table(
    "access_sessions",
    metadata,
    sa.Column("session_hmac", sa.String(64), primary_key=True),
    sa.Column("key_id", sa.String(12), sa.ForeignKey("access_keys.key_id"), nullable=False),
    sa.Column("expires_at", sa.String(40), nullable=False, index=True),
)


class AccessError(CardioError, ValueError):
    """A key cannot be made or changed as asked; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name of the key and its role. `csrf` is what a browser's form must repeat; None for a plain key."""

    name: str
    role: Role
    key_id: str
    csrf: str | None = None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What is known of a key; times are ISO 8601, UTC, None is "never"."""

    key_id: str
    name: str
    role: Role
    created_at: str
    expires_at: str
    revoked_at: str | None
    last_used_at: str | None

    def is_valid(self, now: str) -> bool:
        """Return whether the key opens anything at `now`."""
        return self.revoked_at is None and now < self.expires_at


class AccessStore:
    """The keys and sessions of one installation; make the tables first with `create_tables(engine)`."""

    def __init__(self, engine: Engine, site_key: bytes, *, clock: Callable[[], str] = utc_now) -> None:
        self._engine = engine
        self._pepper = derived(site_key, "access keys")
        self._now = clock

    def add(self, name: str, role: Role, *, days: float) -> str:
        """Make a key and return it; it is shown this once and kept nowhere.

        Raises AccessError for a name that is taken or has other characters than a-z, 0-9, `.`, `_`, `-`, and for days
        outside 0 to 3650.
        """
        if not _NAME.fullmatch(name):
            raise AccessError(
                "the name of a key has 1 to 63 of a-z, 0-9, '.', '_', '-' and begins with a letter or digit"
            )
        if not 0 < days <= 3650:
            raise AccessError("a key is valid for more than 0 and at most 3650 days")
        key_id, secret, now = secrets.token_hex(6), secrets.token_urlsafe(32), self._now()
        row = {"key_id": key_id, "name": name, "role": role.value, "secret_hmac": self._hmac("key", secret)}
        times = {"created_at": now, "expires_at": _later(now, days * 86_400)}
        try:
            with self._engine.begin() as connection:
                connection.execute(keys.insert().values(**row, **times))
        except sa.exc.IntegrityError:
            raise AccessError(
                f"a key named {name!r} was made already; names are never used twice, because the ledger tells people by them"
            ) from None
        return f"cardio_{key_id}_{secret}"

    def rows(self) -> tuple[KeyRow, ...]:
        """Return every key that was ever made, by name."""
        with reading(self._engine) as connection:
            return tuple(_key_row(row) for row in connection.execute(sa.select(keys).order_by(keys.c.name)))

    def revoke(self, name: str) -> bool:
        """End a key and its sessions at once; return False if it was revoked before. Raises AccessError if there is none."""
        with self._engine.begin() as connection:
            key_id = connection.scalar(sa.select(keys.c.key_id).where(keys.c.name == name))
            if key_id is None:
                raise AccessError(f"there is no key named {name!r}; `cardio key list` shows all")
            connection.execute(sessions.delete().where(sessions.c.key_id == key_id))
            still = keys.update().where(keys.c.key_id == key_id, keys.c.revoked_at.is_(None))
            return connection.execute(still.values(revoked_at=self._now())).rowcount == 1

    def check(self, text: str) -> Caller | None:
        """Return whose valid key this is; None for one that is unknown, wrong, expired or revoked, without a difference."""
        parts = _KEY.fullmatch(text)
        key_id, secret = parts.groups() if parts else ("", "")
        row = self._row(key_id)
        is_right = hmac.compare_digest(self._hmac("key", secret), _NOBODY if row is None else row.secret_hmac)
        return self._caller(row) if is_right else None

    def open_session(self, caller: Caller) -> str:
        """Return the secret of a new session for the owner of a key; old sessions are cleared on the way."""
        secret, now = secrets.token_urlsafe(32), self._now()
        row = {"session_hmac": self._hmac("session", secret), "key_id": caller.key_id}
        with self._engine.begin() as connection:
            connection.execute(sessions.delete().where(sessions.c.expires_at <= now))
            connection.execute(sessions.insert().values(**row, expires_at=_later(now, SESSION_S)))
        return secret

    def check_session(self, secret: str) -> Caller | None:
        """Return whose session this is, with its form token; None if it ended or its key is no longer valid."""
        mine = sessions.c.session_hmac == self._hmac("session", secret)
        query = sa.select(keys).join(sessions).where(mine, sessions.c.expires_at > self._now())
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return self._caller(row, csrf=self._hmac("form", secret))

    def close_session(self, secret: str) -> None:
        """End a session; nothing happens if there is none."""
        with self._engine.begin() as connection:
            connection.execute(sessions.delete().where(sessions.c.session_hmac == self._hmac("session", secret)))

    def _caller(self, row: sa.Row[Any] | None, csrf: str | None = None) -> Caller | None:
        if row is None or not _key_row(row).is_valid(self._now()):
            return None
        self._touch(row)
        return Caller(row.name, Role(row.role), row.key_id, csrf)

    def _touch(self, row: sa.Row[Any]) -> None:
        now = self._now()
        if row.last_used_at is None or _later(row.last_used_at, _TOUCH_S) <= now:
            with self._engine.begin() as connection:
                connection.execute(keys.update().where(keys.c.key_id == row.key_id).values(last_used_at=now))

    def _row(self, key_id: str) -> sa.Row[Any] | None:
        with reading(self._engine) as connection:
            return connection.execute(sa.select(keys).where(keys.c.key_id == key_id)).one_or_none()

    def _hmac(self, purpose: str, secret: str) -> str:
        return hmac.new(self._pepper, f"{purpose}:{secret}".encode(), sha256).hexdigest()


def _later(moment: str, seconds: float) -> str:
    return (datetime.fromisoformat(moment).astimezone(UTC) + timedelta(seconds=seconds)).isoformat(
        timespec="milliseconds"
    )


def _key_row(row: sa.Row[Any]) -> KeyRow:
    values: dict[str, Any] = {name: getattr(row, name) for name in KeyRow.__slots__}
    return KeyRow(**{**values, "role": Role(values["role"])})
