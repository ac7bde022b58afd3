"""Moving bytes so that a crash at any point loses none.

Belongs here: links, copies that reach the disk, locks. Not here: what is moved and why.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, made if missing; waits for others, and ends with the process however that ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def try_lock(path: Path) -> int | None:
    """Take the lock of a file for as long as the returned descriptor is open; None if another holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or a copy on disk where the file system has no hard links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        copy_file(source, target)


def copy_file(source: Path, target: Path) -> None:
    """Copy the bytes and times of a plain file and wait until they are on disk."""
    shutil.copyfile(source, target, follow_symlinks=False)
    shutil.copystat(source, target, follow_symlinks=False)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def copy_tree(source: Path, target: Path) -> bool:
    """Copy a folder to another file system; return False if a file could not be read and was left out.

    Links stay links; devices and sockets become pipes, which intake refuses like them.
    """
    target.mkdir()
    copied = [_copy_entry(path, target / path.name) for path in source.iterdir()]  # all, whatever the first says
    sync_folder(target)
    return all(copied)


def _copy_entry(path: Path, target: Path) -> bool:
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return copy_tree(path, target)
    if stat.S_ISLNK(mode):
        target.symlink_to(path.readlink())
    elif stat.S_ISREG(mode):
        try:
            copy_file(path, target)
        except PermissionError:
            target.unlink(missing_ok=True)
            return False
    else:
        os.mkfifo(target)
    return True


def sync_folder(folder: Path) -> None:
    """Wait until the entries of a folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
