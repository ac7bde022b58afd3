"""The site's key and the pseudonyms made with it.

Belongs here: turning a name that may identify a patient into one that does not. Not here:
where the key's path or text comes from (settings).
"""

import hashlib
import hmac
import os
import secrets
import unicodedata
from pathlib import Path

from cardio_dagster.errors import SettingsError

_KEY_BYTES = 32
_MIN_KEY_CHARACTERS = 32


def pseudonym(key: bytes, text: str) -> str:
    """Return the pseudonym of `text`: 32 hex digits of HMAC-SHA256 (RFC 2104) under the site's key.

    The same name spelt with composed or decomposed letters (macOS, Linux) has one
    pseudonym; bytes of a file name that are not UTF-8 are taken as they stand.
    """
    spelt = unicodedata.normalize("NFC", text)
    return hmac.new(key, spelt.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def key_from_text(text: str) -> bytes:
    """Return the key given as a setting; raise SettingsError if it is shorter than 32 characters."""
    if len(text) < _MIN_KEY_CHARACTERS:
        raise SettingsError(
            f"the site key has {len(text)} characters, at least {_MIN_KEY_CHARACTERS} are needed; "
            "make one with `openssl rand -hex 32`"
        )
    return text.encode()


def load_key(path: Path) -> bytes:
    """Return the key kept in a file, made at first use.

    The file is readable by its owner only and never seen half-written; of several
    processes that come first at once one makes it and all read the same. Raises
    SettingsError if others may read the file or if it holds no key.
    """
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & 0o077:
        raise SettingsError("the site key file may be read by others; run `chmod 600` on it")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise SettingsError(
            f"the site key file holds {len(key)} bytes instead of {_KEY_BYTES}; restore it from the backup, "
            "because a new key gives every source another pseudonym"
        )
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # unlike a rename, refused when another process was first
    except FileExistsError:
        pass
    finally:
        draft.unlink()
