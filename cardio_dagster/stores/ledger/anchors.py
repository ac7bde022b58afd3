"""Anchors: the end of the ledger once a day, signed, in a place of its own.

Belongs here: an anchor, its signature and its file. Not here: when the days are anchored (anchoring.py) or holding
anchors against the ledger (anchor_proofs.py).

The signature is Ed25519 (RFC 8032) over the JSON of all other fields; `public.pem` beside the anchors is all that an
auditor needs to check it. The private key is derived from the site's key, so that there is one secret to keep.
"""

import os
import re
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardio_dagster.stores.site_key import derived

PUBLIC_KEY = "public.pem"
FORMAT = "cardio-anchor-1"
_LABEL = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\d+)?", re.ASCII)  # a second anchor of a day is 2026-11-22.2


@dataclass(frozen=True, slots=True)
class Anchor:
    """Everything recorded since the anchor before, and the hash of the last record; that hash stands for all before it too.

    `day` is the day, UTC, that it was made for, a label and no bound; the next anchors of one day are `2026-11-22.2` and so
    on. Earlier versions anchored by days: of one without a record `first_seq` is None and `count` 0.
    """

    day: str
    ledger_id: str
    first_seq: int | None
    last_seq: int
    count: int
    root_hash: str
    signature: str = ""
    format: str = FORMAT


def sign(anchor: Anchor, key: bytes) -> Anchor:
    """Return the anchor with the signature of the site, which is the same each time."""
    return replace(anchor, signature=_private(key).sign(_message(anchor)).hex())


def public_pem(key: bytes) -> bytes:
    """Return the public key of a site's anchors as PEM (SubjectPublicKeyInfo, RFC 8410)."""
    return _private(key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def to_bytes(anchor: Anchor) -> bytes:
    """Return the file of an anchor: JSON, keys in order, no white space but the last line's end."""
    return msgspec.json.encode(asdict(anchor), order="sorted") + b"\n"


def from_bytes(content: bytes) -> Anchor | None:
    """Return the anchor that a file holds; None for anything but the very bytes that `to_bytes` makes."""
    try:
        anchor = msgspec.json.decode(content, type=Anchor)
        return anchor if to_bytes(anchor) == content else None
    except (msgspec.MsgspecError, UnicodeError):
        return None


def days_of(anchor_dir: Path) -> list[tuple[str, Path]]:
    """Return the names of the anchors that have a file, and the files, in order; an absent folder has none."""
    return sorted((path.stem, path) for path in anchor_dir.glob("*.json") if day_of(path.stem) is not None)


def write(anchor: Anchor, key: bytes, anchor_dir: Path) -> bool:
    """Write the file of an anchor, and the public key beside it; return False if a file of that name is there.

    Nothing that is there is touched. The file appears at once and whole, readable by everybody, on disk before this returns.
    """
    anchor_dir.mkdir(parents=True, exist_ok=True)
    _place(anchor_dir / PUBLIC_KEY, public_pem(key))
    return _place(anchor_dir / f"{anchor.day}.json", to_bytes(anchor))


def _place(path: Path, content: bytes) -> bool:
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # unlike a rename, refused when another process was first
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _message(anchor: Anchor) -> bytes:
    fields = asdict(anchor)
    del fields["signature"]
    return msgspec.json.encode(fields, order="sorted")


def day_of(label: str) -> date | None:
    """Return the day that an anchor was made for; None for what is no name of an anchor."""
    named = _LABEL.fullmatch(label)
    try:
        return date.fromisoformat(named[1]) if named else None
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _private(key: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(derived(key, "ledger anchor"))
