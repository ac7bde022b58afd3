"""Inbox: instances on disk, gathered by sender and study, from the moment they are acknowledged until they are delivered.

Belongs here: keeping an instance so that no crash loses it, and which batches wait. Not here: talking to devices (receiver.py) or
bringing a batch into the landing zone (delivery.py).

`arriving/` has what is still coming and is emptied at start; `open/<study UID>~<sender>/` what was acknowledged; `closed/` batches
that are being delivered, which nothing is added to any more. Everything moves by rename, so a batch is never in two places.
"""

import filecmp
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from urllib.parse import quote, unquote

from cardio_dagster.gateway.dicom.header import Instance
from cardio_dagster.intake.limits import MEBIBYTE
from cardio_dagster.intake.moving import link_or_copy, locked, sync_folder
from cardio_dagster.settings import DicomSettings, Settings

_GONE, _SUFFIX = ".gone-", ".dcm"


class FullError(Exception):
    """The disk has no room left, or the study is larger than an installation takes."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much may wait: instances and bytes of one study; `reserve_bytes` stay free on the disk."""

    max_instances: int
    max_study_bytes: int
    reserve_bytes: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The instances of one study from one sender; `batch_id` is random for a closed one and empty for an open one."""

    folder: Path
    sender: str
    study_uid: str
    batch_id: str = ""

    @property
    def files(self) -> list[Path]:
        """The instances, by name."""
        return sorted(self.folder.glob(f"*{_SUFFIX}"))

    @property
    def key(self) -> tuple[str, str]:
        """What tells batches apart."""
        return self.sender, self.study_uid

    def silent_s(self) -> float:
        """Return for how long nothing came, in seconds; a clock that was set back counts as silence."""
        return abs(time.time() - self.folder.stat().st_mtime)


class Inbox:
    """The inbox of one door."""

    def __init__(self, folder: Path, room: Room) -> None:
        self.folder, self._room = folder, room
        self.arriving, self._open, self._closed = (folder / name for name in ("arriving", "open", "closed"))
        for made in (self.arriving, self._open, self._closed):
            made.mkdir(parents=True, exist_ok=True)

    def clean(self) -> None:
        """Remove what a dead process left half-received or half-removed; only for the one process that owns the inbox."""
        for path in self.arriving.iterdir():
            path.unlink(missing_ok=True)
        for folder in self._closed.glob(f"{_GONE}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def check_disk(self) -> None:
        """Raise FullError where the disk has less than the reserve."""
        if shutil.disk_usage(self.folder).free < self._room.reserve_bytes:
            raise FullError("disk")

    def keep(self, file: Path, sender: str, instance: Instance) -> None:
        """Give a received file its place in the batch of its study; it is on disk afterwards, whatever dies.

        The same instance again leaves one file where the bytes are the same, and both where they differ: nothing that was
        acknowledged is lost, and a person decides. Raises FullError, and OSError of a failing disk.
        """
        self.check_disk()
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
        folder = self._open / f"{instance.study_uid}~{_quoted(sender)}"
        with locked(self.folder / ".lock"):
            is_new = not folder.exists()
            folder.mkdir(exist_ok=True)
            target = _place(file, folder, instance.sop_uid)
            if target is not None:
                self._check_room(folder, file)
                link_or_copy(file, target)
            os.utime(folder)
            sync_folder(folder)
            if is_new:
                sync_folder(self._open)

    def waiting(self) -> list[Batch]:
        """Return the batches that still grow."""
        return [_batch(folder) for folder in sorted(self._open.iterdir())]

    def closed(self) -> list[Batch]:
        """Return the batches that are to be delivered."""
        return [_batch(folder) for folder in sorted(self._closed.iterdir()) if not folder.name.startswith(".")]

    def close(self, batch: Batch, quiet_s: float) -> None:
        """Take a batch out of those that grow, unless something came within the last `quiet_s` seconds."""
        with locked(self.folder / ".lock"):
            if batch.silent_s() < quiet_s:
                return
            batch.folder.rename(self._closed / f"{batch.folder.name}~{secrets.token_hex(8)}")
            sync_folder(self._closed)
            sync_folder(self._open)

    def remove(self, batch: Batch) -> None:
        """Remove a delivered batch, by one rename first, so that half of it is never delivered again."""
        gone = batch.folder.with_name(f"{_GONE}{batch.batch_id}")
        batch.folder.rename(gone)
        sync_folder(self._closed)
        shutil.rmtree(gone, ignore_errors=True)

    def _check_room(self, folder: Path, file: Path) -> None:
        sizes = [entry.stat().st_size for entry in os.scandir(folder)]
        if len(sizes) >= self._room.max_instances or sum(sizes) + file.stat().st_size > self._room.max_study_bytes:
            raise FullError("study")


def inbox_of(site: Settings, door: str, chosen: DicomSettings) -> Inbox:
    """Return the inbox of a door (`dicom`, `stow`), in the data folder, on the disk of the landing zone."""
    room = Room(
        max_instances=chosen.max_instances,
        max_study_bytes=int(site.max_study_mb * MEBIBYTE),
        reserve_bytes=int(chosen.disk_reserve_mb * MEBIBYTE),
    )
    return Inbox(site.data_dir.resolve() / "inbox" / door, room)


def _place(file: Path, folder: Path, sop_uid: str) -> Path | None:
    """Return where a file belongs; None where it lies there already."""
    first = folder / f"{sop_uid}{_SUFFIX}"
    if not first.exists():
        return first
    if filecmp.cmp(file, first, shallow=False):
        return None
    with file.open("rb") as opened:
        other = folder / f"{sop_uid}-{file_digest(opened, 'sha256').hexdigest()[:16]}{_SUFFIX}"
    return None if other.exists() else other


def _batch(folder: Path) -> Batch:
    study_uid, sender, *rest = folder.name.split("~")
    return Batch(folder, unquote(sender), study_uid, rest[0] if rest else "")


def _quoted(sender: str) -> str:
    return quote(sender, safe="").replace("~", "%7E")
