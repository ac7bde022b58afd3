"""Whether a service answers: one short question each, never longer than its time-out.

Belongs here: questions and what was said instead of an answer, without a password. Not here: how an
installation is (watch/), or what to do about it (supervisor.py).
"""

import re
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Protocol

TIMEOUT_S = 3.0


class Answers(Protocol):
    """A question to a service."""

    def fault(self) -> str | None:
        """Return None if it answers, else what was met instead."""


@dataclass(frozen=True, slots=True)
class Alive:
    """Asks nothing: the process lives, which its supervisor sees."""

    def fault(self) -> str | None:
        """Return None."""
        return None


@dataclass(frozen=True, slots=True)
class Tcp:
    """Something listens on a port."""

    host: str
    port: int

    def fault(self) -> str | None:
        """Return None if a connection is taken."""
        try:
            with socket.create_connection((self.host, self.port), TIMEOUT_S):
                return None
        except OSError as error:
            return f"port {self.port}: {error.strerror or type(error).__name__}"


@dataclass(frozen=True, slots=True)
class Http:
    """A page answers; an error page is an answer too, because it says that the server lives."""

    url: str

    def fault(self) -> str | None:
        """Return None for any response of HTTP."""
        try:
            with urllib.request.urlopen(self.url, timeout=TIMEOUT_S):
                return None
        except urllib.error.HTTPError as answer:
            answer.close()
            return None
        except OSError as error:
            return f"no answer over HTTP: {getattr(error, 'reason', None) or type(error).__name__}"


@dataclass(frozen=True, slots=True, repr=False)
class Database:
    """A PostgreSQL database takes a login and answers a query."""

    url: str

    def fault(self) -> str | None:
        """Return None if it answers, else what the driver or the server said."""
        import psycopg2  # type: ignore[import-untyped, unused-ignore]

        try:
            session = psycopg2.connect(self.url, connect_timeout=round(TIMEOUT_S))
        except (psycopg2.Error, UnicodeError) as error:
            return without_password(str(error), self.url)
        session.close()
        return None


@dataclass(frozen=True, slots=True, repr=False)
class Redis:
    """A Redis takes the password and answers PING."""

    url: str

    def fault(self) -> str | None:
        """Return None if it answers, else what was said."""
        import redis

        try:
            # one attempt: the caller asks again
            with redis.Redis.from_url(
                self.url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=None
            ) as server:
                server.ping()
        except (redis.RedisError, OSError, ValueError) as error:
            return without_password(str(error), self.url)
        return None


def without_password(said: str, url: str) -> str:
    """Return the first line of a message, with the password of `url` and every URL's password taken out.

    >>> without_password("refused postgresql://me:secret@db/x", "postgresql://me:secret@db/x")
    'refused postgresql://me:***@db/x'
    """
    line = (said.strip().splitlines() or ["no reason given"])[0]
    line = re.sub(r"(://[^:/@\s]*):[^@\s]+@", r"\1:***@", line)
    match = re.search(r"://[^:/@\s]*:([^@\s]+)@", url)
    return line.replace(match.group(1), "***") if match else line
