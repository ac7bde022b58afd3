"""Files written whole or not at all.

Belongs here: drafts, what becomes of those that a dead process left, and the words for what a disk refused. Not here: what is written.

A draft stands beside its goal under a hidden name and is locked by its writer. A lock ends with its process, so that the next writer
of the same goal can tell a dead one's draft and removes it: what is killed again and again does not fill the disk.
"""

import fcntl
import glob
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LEFT = re.compile(r"\.[0-9a-f]{32}(\.former)?")


def why(error: OSError) -> str:
    """Return the system's words for an error, without the path that it concerns."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one, the new one or none, never a part."""
    with draft_of(path) as draft:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


@contextmanager
def draft_of(path: Path, *, is_folder: bool = False) -> Iterator[Path]:
    """Make an empty draft beside `path`, to be filled and renamed to it; one that is not renamed is gone afterwards.

    Removes first what dead writers of the same path left. Where a file system knows no locks, drafts of the dead stay.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_dead_drafts(path)
    draft, descriptor = _locked(path, is_folder=is_folder)
    try:
        yield draft
    finally:
        _remove(draft)  # a full disk does not become fuller
        os.close(descriptor)


def _locked(path: Path, *, is_folder: bool) -> tuple[Path, int]:
    while True:
        draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        if is_folder:
            draft.mkdir()
        else:
            draft.touch()
        with suppress(FileNotFoundError):  # taken for a dead one's before it was locked
            descriptor = os.open(draft, os.O_RDONLY)
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if draft.exists():
                return draft, descriptor
            os.close(descriptor)


def _remove_dead_drafts(path: Path) -> None:
    prefix = f".{path.name}"
    for left in path.parent.glob(f"{glob.escape(prefix)}.*"):
        if _LEFT.fullmatch(left.name.removeprefix(prefix)):
            with suppress(OSError):  # its writer lives, or another has removed it
                _remove_unless_locked(left)


def _remove_unless_locked(left: Path) -> None:
    descriptor = os.open(left, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(left)
    finally:
        os.close(descriptor)


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        draft.unlink(missing_ok=True)
