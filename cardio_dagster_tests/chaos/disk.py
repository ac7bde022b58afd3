"""A small disk that can be filled and freed: a tmpfs of a few MB, where this machine lets us mount one.

Belongs here: the disk. Not here: what is put on it (experiments/disk_full.py).
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_MOUNT = "this machine does not let the suite mount a tmpfs"


class Disk:
    """A mounted tmpfs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / ".ballast"

    def free_bytes(self) -> int:
        """Return how much can still be written."""
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_bsize

    def leave(self, free_bytes: int) -> None:
        """Fill it up to so many free bytes."""
        self.clear()
        with self._ballast.open("wb") as file:
            for _ in range(max(0, self.free_bytes() - free_bytes) // 4096):
                file.write(bytes(4096))

    def clear(self) -> None:
        """Free what `leave` took."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, *, size_mb: int) -> Iterator[Disk | None]:
    """Mount a disk of this size at `folder`; None where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # a database server of another user must get there
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        yield None
        return
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
