"""What this machine tells: room on the disk, the models' files, whether the code server listens.

Belongs here: looks that need no connection kept open. Not here: databases or the broker.
"""

import hashlib
import os
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cardio_dagster.models.catalogue import SHIPPED_CATALOGUE, ModelEntry
from cardio_dagster.settings import Settings
from cardio_dagster.watch.limits import HOUR_S, Limits
from cardio_dagster.watch.words import Check, Level, ok, worse

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Room:
    """What is free on a disk; `inodes_free_pct` is None where the file system does not count them."""

    free_mb: float
    free_pct: float
    inodes_free_pct: float | None


def room_of(folder: Path) -> Room:
    """Return the room of the disk that holds a folder, or the nearest parent that is there."""
    while not folder.exists():
        folder = folder.parent
    found = os.statvfs(folder)
    inodes = 100 * found.f_favail / found.f_files if found.f_files else None
    return Room(found.f_bavail * found.f_frsize / _MB, 100 * found.f_bavail / max(found.f_blocks, 1), inodes)


def disk(settings: Settings, limits: Limits) -> Check:
    """Return whether the store has room: by bytes, by share and by inodes. Of a database elsewhere nothing is known here."""
    room = room_of(settings.store_dir)
    shares = [room.free_pct] + ([] if room.inodes_free_pct is None else [room.inodes_free_pct])
    told = f"{room.free_mb / 1024:.1f} GB free ({room.free_pct:.0f} %)"
    seen = told if room.inodes_free_pct is None else f"{told}, {room.inodes_free_pct:.0f} % of the inodes"
    if room.free_mb < limits.disk_free_mb.dead or min(shares) < limits.disk_free_pct.dead:
        return worse("disk", Level.DEAD, seen)
    if room.free_mb < limits.disk_free_mb.degraded or min(shares) < limits.disk_free_pct.degraded:
        return worse("disk", Level.DEGRADED, seen)
    return ok("disk", seen)


def code_server(host: str, port: int, timeout_s: float) -> Check:
    """Return whether something listens where the code server was started."""
    try:
        with socket.create_connection((host, port), timeout_s):
            return ok("code_server", "listens")
    except OSError as error:
        return worse("code_server", Level.DEAD, f"does not listen ({type(error).__name__})")


@dataclass(slots=True)
class _Hashes:
    """The hashes of this process; a file is read again when its size or time changes, and once an hour."""

    known: dict[Path, tuple[int, int, float, str]] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def of(self, path: Path) -> str:
        found = path.stat()
        with self.guard:
            size, mtime_ns, until_s, digest = self.known.get(path, (-1, -1, 0.0, ""))
            if (size, mtime_ns) != (found.st_size, found.st_mtime_ns) or time.monotonic() >= until_s:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                self.known[path] = (found.st_size, found.st_mtime_ns, time.monotonic() + HOUR_S, digest)
            return digest


_hashes = _Hashes()


def models(settings: Settings) -> Check:
    """Return whether every model's file is there and is the catalogued one; the names of those that are not."""
    catalogues = [SHIPPED_CATALOGUE] + ([settings.model_catalogue] if settings.model_catalogue else [])
    try:
        entries = {name: found for path in catalogues for name, found in _entries(path).items()}
    except (OSError, msgspec.MsgspecError):
        return worse("models", Level.DEAD, "the catalogue cannot be read")
    wrong = {name: fault for name, (entry, path) in sorted(entries.items()) if (fault := _model_fault(entry, path))}
    if wrong:
        return worse("models", Level.DEAD, "; ".join(f"{name} {fault}" for name, fault in wrong.items()))
    return ok("models", f"{len(entries)} are the catalogued ones")


def _entries(catalogue: Path) -> dict[str, tuple[ModelEntry, Path]]:
    read = msgspec.toml.decode(catalogue.read_bytes(), type=dict[str, ModelEntry])
    return {name: (entry, catalogue.parent / entry.file) for name, entry in read.items()}


def _model_fault(entry: ModelEntry, path: Path) -> str | None:
    try:
        return None if _hashes.of(path) == entry.sha256 else "is not the catalogued file (E_HARD_003)"
    except OSError:
        return "is missing"
