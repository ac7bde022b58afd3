"""Seals: the hashes and proofs of a record, of its content and of the head.

Belongs here: what goes into a hash, byte by byte. Not here: the database.

A hash is the SHA-256 of a JSON array without white space, in UTF-8: unambiguous, and anybody can make it again with any
language's standard library. A proof (mac) is an HMAC-SHA256 (RFC 2104) over it with a key that is derived from the site's
key and from the ledger's id, so that neither somebody without the key nor a record of another ledger passes.
"""

import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from cardio_dagster.stores.site_key import derived

FORMAT = "cardio-ledger-1"
FIRST_HASH = "0" * 64  # what the first record follows
SALT_CHARACTERS = 32
HEADER = (
    "seq",
    "at",
    "clock_at",
    "kind",
    "actor",
    "role",
    "study_id",
    "revision",
    "key",
    "content_sha256",
    "previous_hash",
)

_encode = msgspec.json.Encoder().encode


def new_salt() -> str:
    """Return 128 random bits in hex."""
    return secrets.token_hex(SALT_CHARACTERS // 2)


def content_hash(salt: str, content: str) -> str:
    """Return the SHA-256 in hex over salt and content, one after the other; the salt has a fixed length."""
    return sha256((salt + content).encode(errors="surrogateescape")).hexdigest()


def header_hash(header: Sequence[str | int | None]) -> str:
    """Return the SHA-256 in hex over `[FORMAT, *header]`, the header in the order of HEADER."""
    return sha256(_encode((FORMAT, *header))).hexdigest()


class Seals:
    """The proofs that only the holder of the site's key can make, for one ledger."""

    def __init__(self, key: bytes, ledger_id: str) -> None:
        self.ledger_id = ledger_id
        self._record = derived(derived(key, "ledger record"), ledger_id)
        self._head = derived(derived(key, "ledger head"), ledger_id)

    def of_record(self, record_hash: str) -> str:
        """Return the proof of a record, in hex."""
        return hmac.digest(self._record, record_hash.encode(errors="surrogateescape"), "sha256").hex()

    def of_head(self, seq: int, at: str, last_hash: str) -> str:
        """Return the proof that the ledger reaches to `seq` and no less, in hex."""
        return hmac.digest(self._head, _encode((FORMAT, self.ledger_id, seq, at, last_hash)), "sha256").hex()
