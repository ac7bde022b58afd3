"""Files written whole or not at all.

Belongs here: the writing, and the words for what a disk refused. Not here: what is written.
"""

import os
import uuid
from pathlib import Path


def why(error: OSError) -> str:
    """Return the system's words for an error, without the path that it concerns."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one, the new one or none, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)  # a full disk does not become fuller
        raise
