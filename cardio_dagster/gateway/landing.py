"""Landing: the one way by which a study that came over the network reaches the landing zone.

Belongs here: a folder that appears there whole or not at all, and the job of it. Not here: receiving bytes (receiving.py,
dicom/, stow.py) or taking what lies there (intake/).

The folder is built under the hidden name `.delivery-<job id>`, which intake passes over, and renamed when all of it is on disk
and its job is in the database. It is locked meanwhile, so that `recover` can tell what a dead process left.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Self

from cardio_dagster.errors import DISK, DependencyError
from cardio_dagster.intake.moving import link_or_copy, sync_folder
from cardio_dagster.intake.names import COMPLETE_MARKER, CONTROL_FILE
from cardio_dagster.intake.pseudonym import pseudonym
from cardio_dagster.settings import Settings
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.jobs import Job, JobStore, new_job_id
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.site_key import site_key
from cardio_dagster.stores.studies import utc_now
from cardio_dagster.study import Priority

DRAFT, UPLOAD, _NEW = ".delivery-", ".upload-", ".new"
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Part:
    """One received file: its relative path in the study (with `/`, judged by intake/names.py) and where its bytes lie.

    `sha256` is computed where it is not known yet.
    """

    relative: str
    path: Path
    sha256: str | None = None


class Landing:
    """The landing zone of one installation, for those who bring studies."""

    def __init__(self, folder: Path, jobs: JobStore, ledger: Ledger) -> None:
        self.folder = folder
        self._jobs = jobs
        self._ledger = ledger

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the landing zone that the settings name; makes the folder and the tables."""
        settings.landing_dir.mkdir(parents=True, exist_ok=True)
        engine = connect(settings.database)
        create_tables(engine)
        key = site_key(settings.store_dir, settings.site_key)
        return cls(settings.landing_dir, JobStore(engine), Ledger(engine, key))

    def deliver(
        self,
        files: Iterable[Part],
        *,
        priority: Priority | None,
        owner: str,
        door: str,
        name: str | None = None,
        request_key: str | None = None,
        job_id: str | None = None,
    ) -> Job:
        """Put the files into the landing zone as one study, complete and on disk, and return its job.

        The files get a second name there (or are copied); the caller removes its own afterwards, when nothing can be lost
        any more. `name` is that of the folder: drops of one name soon after one another are one study; None gives the job's
        own id. `priority` None leaves out study.json, so that one inside a zip file counts. Where `request_key` was used by
        this owner before, nothing is delivered and the earlier job is returned: compare its `digest`. `job_id` is one of
        `new_job_id()`, made here unless given.

        Raises OSError of a full disk, and DependencyError where a folder of that name was not taken by intake for 30 s.
        """
        parts, job_id = list(files), job_id or new_job_id()
        job = self._job(parts, job_id, name or job_id, (priority, owner, door, request_key))
        with self._draft(job_id) as draft:
            _build(draft, parts, priority)
            entered = self._jobs.add(job)
            if entered.job_id == job_id:
                self._place(draft, name or job_id, job)
        return entered

    @contextmanager
    def spool(self) -> Iterator[Path]:
        """Make a hidden folder beside the deliveries, on the same disk, for bytes that still come; it is gone afterwards."""
        with self._locked_folder(f"{UPLOAD}{new_job_id()}") as folder:
            yield folder

    def recover(self) -> int:
        """Finish or remove what a process that died left hidden here; return how many studies were finished."""
        found = [*self.folder.glob(f"{DRAFT}*"), *self.folder.glob(f"{UPLOAD}*")]
        return sum(self._recover(folder) for folder in sorted(found))

    def _job(
        self, parts: list[Part], job_id: str, name: str, asked: tuple[Priority | None, str, str, str | None]
    ) -> Job:
        priority, owner, door, request_key = asked
        head = self._ledger.head()
        return Job(
            job_id=job_id,
            owner=owner,
            door=door,
            source=pseudonym(self._ledger.key, name),
            ledger_seq=head.seq if head else 0,
            received_at=utc_now(),
            priority=priority.value if priority else None,
            files=len(parts),
            size_bytes=sum(part.path.stat().st_size for part in parts),
            digest=digest_of(parts),
            request_key=sha256(request_key.encode()).hexdigest() if request_key is not None else None,
        )

    @contextmanager
    def _draft(self, job_id: str) -> Iterator[Path]:
        with self._locked_folder(f"{DRAFT}{job_id}") as folder:
            yield folder

    @contextmanager
    def _locked_folder(self, name: str) -> Iterator[Path]:
        new, folder = self.folder / f"{_NEW}{name}", self.folder / name
        new.mkdir()
        descriptor = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            new.rename(folder)  # `recover` of another process never meets it unlocked
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # nothing is there where it was delivered
            os.close(descriptor)

    def _place(self, draft: Path, name: str, job: Job) -> None:
        """Give the draft its visible name; what lies there under it is waited for, and never mixed with."""
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                draft.rename(self.folder / name)
                break
            except OSError as error:
                if not (self.folder / name).exists() or time.monotonic() > until:
                    self._jobs.forget(job)
                    raise DependencyError(DISK, "an earlier drop of this name was not taken yet") from error
                time.sleep(0.1)
        sync_folder(self.folder)

    def _recover(self, folder: Path) -> bool:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return self._finish(folder)
        except BlockingIOError:  # somebody works on it
            return False
        finally:
            os.close(descriptor)

    def _finish(self, folder: Path) -> bool:
        job = self._jobs.get(folder.name.removeprefix(DRAFT))
        is_own_name = job is not None and job.source == pseudonym(self._ledger.key, job.job_id)
        if job is not None and is_own_name and (folder / COMPLETE_MARKER).exists():
            folder.rename(self.folder / job.job_id)
            sync_folder(self.folder)
            return True
        shutil.rmtree(folder, ignore_errors=True)
        if job is not None:  # its sender still has the files and brings them again
            self._jobs.forget(job)
        return False


def _build(draft: Path, parts: list[Part], priority: Priority | None) -> None:
    for part in parts:
        link_or_copy(part.path, draft / part.relative)
    if priority is not None:
        (draft / CONTROL_FILE).write_text(json.dumps({"priority": priority.value}))
    (draft / COMPLETE_MARKER).touch()
    for folder in {draft, *(path for path in draft.rglob("*") if path.is_dir())}:
        sync_folder(folder)


def digest_of(parts: Iterable[Part]) -> str:
    """Return the hash over the sorted hashes of the files; names do not matter."""
    hashes = sorted(part.sha256 or _hash(part.path) for part in parts)
    return sha256("\n".join(hashes).encode()).hexdigest()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
