"""The site's key: the one secret that an installation must back up, kept outside every database.

Belongs here: reading it, making it at first use, and the keys derived from it. Not here: what they are used for
(pseudonyms in intake/pseudonym.py, proofs in stores/ledger/).
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from cardio_dagster.errors import SettingsError
from cardio_dagster.settings import MIN_KEY_CHARACTERS

_KEY_BYTES = 32


def derived(key: bytes, purpose: str) -> bytes:
    """Return the 32-byte key for one purpose, so that no two uses share one (HMAC-SHA256, RFC 2104)."""
    return hmac.new(key, purpose.encode(), hashlib.sha256).digest()


def site_key(store: Path, text: SecretStr | None) -> bytes:
    """Return the key that is set as `text`, or the one in the store, made at first use; errors as below."""
    return key_from_text(text.get_secret_value()) if text is not None else load_key(store / "site.key")


def held_key(store: Path, text: SecretStr | None) -> bytes:
    """Return the key like `site_key`, but never make one: whoever proves something must not begin an installation.

    Raises SettingsError where there is none.
    """
    if text is None and not (store / "site.key").exists():
        raise SettingsError("there is no site key here, so nothing to prove; set CARDIO_DATA_DIR or CARDIO_SITE_KEY")
    return site_key(store, text)


def key_from_text(text: str) -> bytes:
    """Return the key given as a setting; raise SettingsError if it is shorter than 32 characters."""
    if len(text) < MIN_KEY_CHARACTERS:
        raise SettingsError(
            f"the site key has {len(text)} characters, at least {MIN_KEY_CHARACTERS} are needed; "
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
