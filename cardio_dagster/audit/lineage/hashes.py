"""Hashes of what lies in the store, held against what was recorded of it.

Belongs here: hashing files and recordings as intake does. Not here: what a difference means.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from cardio_dagster.audit.lineage.parts import Trust


def file_sha256(path: Path) -> str | None:
    """Return the SHA-256 of a file in hex; None if it is gone or cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def recording_sha256(files: Iterable[Path]) -> str | None:
    """Return the hash of a recording as intake makes it: of its file, or of the sorted hashes of several; None if one is gone."""
    digests = [file_sha256(path) for path in files]
    there = sorted(digest for digest in digests if digest is not None)
    if not there or len(there) < len(digests):
        return None
    return there[0] if len(there) == 1 else hashlib.sha256("\n".join(there).encode()).hexdigest()


def trust(recorded: str | None, found: str | None) -> Trust:
    """Return how what was found stands to what was recorded; None is nothing recorded, or nothing found."""
    if found is None:
        return Trust.GONE
    if recorded is None:
        return Trust.UNRECORDED
    return Trust.AS_RECORDED if found == recorded else Trust.CHANGED
