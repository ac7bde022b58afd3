"""URLs of servers as settings: which forms are taken.

Belongs here: the forms and their words, and hiding a password. Not here: whether anything answers there (serve/reachable.py).
"""

import re

POSTGRES = ("postgresql://", "postgresql+psycopg2://")
POSTGRES_FORM = "postgresql://USER:PASSWORD@HOST/DATABASE"
DATABASE_FORM = f"sqlite:///PATH or {POSTGRES_FORM}"
REDIS = ("redis://", "rediss://")
REDIS_FORM = "redis://:PASSWORD@HOST:6379/0"


_PASSWORD = re.compile(r"(://[^/:@?]*):.*@")  # up to the last @: rather too much is hidden than too little
_IN_QUERY = re.compile(r"([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&]*", re.IGNORECASE)


def masked(url: str) -> str:
    """Return a URL as it may be shown: *** in place of its password, also of one in its query.

    >>> masked("postgresql://cardio:pa/ss@h:5432/d?sslpassword=x&connect_timeout=3")
    'postgresql://cardio:***@h:5432/d?sslpassword=***&connect_timeout=3'
    """
    return _IN_QUERY.sub(r"\1***", _PASSWORD.sub(r"\1:***@", url))


def require_start(url: str, starts: tuple[str, ...], form: str) -> None:
    """Raise ValueError with the form where a URL starts otherwise; the URL, which may hold a password, is not repeated."""
    if not url.startswith(starts):
        raise ValueError(f"use {form}")
