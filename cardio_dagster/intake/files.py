"""Looking at every file of a drop: which are good, and why the others are refused.

Belongs here: the walk, the hashes, archives opened on the way. Nothing is moved or changed
but what is unpacked into a folder of the caller's. Not here: modality (assemble.py), moving
(quarantine.py, accept.py).
"""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.intake.archive import unpack
from cardio_dagster.intake.control import read_control
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.names import COMPLETE_MARKER, CONTROL_FILE, is_hidden, judge_name
from cardio_dagster.outcome import Problem

if TYPE_CHECKING:  # the package of the modalities loads all of them: too dear for a sensor's tick
    from cardio_dagster.modalities.branch import Sniffed

Sniff = Callable[[Path], "tuple[str, Sniffed] | None"]
"""Says which modality and format a file is, by its content; None where no modality knows it."""


@dataclass(frozen=True, slots=True)
class GoodFile:
    """A file that may become part of a study; `relative` is its path there, with `/`.

    `is_content` is False for hidden files and a pure `study.json`: they are kept, but are no recordings.
    """

    relative: str
    path: Path
    sha256: str
    size_bytes: int
    is_content: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that goes to quarantine, and why."""

    path: Path
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class Inspection:
    """What a look at all files of a drop found."""

    files: list[GoodFile] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    total_bytes: int = 0

    @property
    def content(self) -> list[GoodFile]:
        """Return the files that may be recordings."""
        return [file for file in self.files if file.is_content]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return every problem of every refused file."""
        return tuple(found for refusal in self.refused for found in refusal.problems)


@dataclass(frozen=True, slots=True)
class Inspector:
    """The means of an inspection; archives are unpacked below `workdir`, which must be new or empty."""

    workdir: Path
    sniff: Sniff
    limits: IntakeLimits

    def inspect(self, root: Path, names: tuple[str, ...] | None = None) -> Inspection:
        """Look at every file below `root`, or at some of its entries only.

        Raises StudyError E_HARD_004 if there are more files or bytes than a study may have.
        """
        found = Inspection()
        self._look_into(root, "", found, archives_allowed=True, names=names)
        found.files.sort(key=lambda file: file.relative)
        return found

    def _look_into(
        self,
        root: Path,
        prefix: str,
        found: Inspection,
        *,
        archives_allowed: bool,
        names: tuple[str, ...] | None = None,
    ) -> None:
        entries = sorted(root.iterdir()) if names is None else [root / name for name in names]
        only_entry = len(entries) == 1 and not prefix
        for path in entries:
            relative = prefix + path.name
            if stat.S_ISDIR(path.lstat().st_mode):
                refused = judge_name(relative)
                if refused:
                    found.refused.append(Refusal(path, (refused,)))
                else:
                    self._look_into(path, relative + "/", found, archives_allowed=archives_allowed)
            elif path.name != COMPLETE_MARKER:
                self._look_at(path, relative, found, archives_allowed=archives_allowed, only_entry=only_entry)

    def _look_at(
        self, path: Path, relative: str, found: Inspection, *, archives_allowed: bool, only_entry: bool
    ) -> None:
        try:
            file = self._judge(path, relative)
            if path.suffix.lower() == ".zip" and file.is_content and self.sniff(path) is None:
                # the members of an archive that came alone are the study; beside other files they get its name as folder
                inner = "" if only_entry else f"{relative}/"
                self._open_archive(path, inner, found, archives_allowed=archives_allowed)
            else:
                self._count(file, found)
                found.files.append(file)
        except _Refused as refused:
            found.refused.append(Refusal(path, (refused.problem,)))

    def _judge(self, path: Path, relative: str) -> GoodFile:
        status = path.lstat()
        refused = judge_name(relative) or _judge_kind(status) or _judge_size(status, self.limits)
        if refused:
            raise _Refused(refused)
        try:
            digest = hash_file(path)
        except OSError as error:
            seen = type(error).__name__
            raise _Refused(problem("E_INTAKE_006", "the file cannot be read", seen=seen)) from None
        is_content = not is_hidden(relative) and not _is_pure_control(path, relative)
        return GoodFile(relative, path, digest, status.st_size, is_content)

    def _open_archive(self, path: Path, inner: str, found: Inspection, *, archives_allowed: bool) -> None:
        if not archives_allowed:
            raise _Refused(problem("E_INTAKE_002", "an archive inside an archive is not opened"))
        target = self.workdir / f"{len(list(self.workdir.iterdir())) if self.workdir.exists() else 0:04d}"
        try:
            left_out = unpack(path, target, limits=self.limits)
        except StudyError as error:
            raise _Refused(error.problem) from None
        within = Inspection(total_bytes=found.total_bytes)
        self._look_into(_without_shell(target), inner, within, archives_allowed=False)
        found.total_bytes = within.total_bytes
        found.files.extend(within.files)
        reasons = left_out + within.problems
        if not reasons and not within.files:
            reasons = (problem("E_INTAKE_005", "the archive has no files"),)
        if reasons:  # the archive itself is kept: it alone holds what was left out
            found.refused.append(Refusal(path, reasons))

    def _count(self, file: GoodFile, found: Inspection) -> None:
        found.total_bytes += file.size_bytes
        if found.total_bytes > self.limits.max_study_bytes:
            allowed = f"{self.limits.max_study_mb:g} MB"
            raise StudyError("E_HARD_004", "the study is too large", seen=f"more than {allowed}", allowed=allowed)
        if len(found.files) >= self.limits.max_files:
            allowed = f"{self.limits.max_files} files"
            raise StudyError("E_HARD_004", "the study has too many files", seen=f"more than {allowed}", allowed=allowed)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a plain file, never following a link.

    Raises OSError if it cannot be read, is no plain file, or changed while it was read
    (its transfer has not ended).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe must not block
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise OSError("not a plain file")
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        after = os.fstat(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise OSError("changed while being read")
    return digest


def content_hash(files: list[GoodFile]) -> str:
    """Return the hash over the sorted, distinct hashes of the files that are content; names do not matter."""
    digests = sorted({file.sha256 for file in files if file.is_content})
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


class _Refused(Exception):  # noqa: N818  (control flow of this module, never seen outside)
    """A file is not good; carries the reason."""

    def __init__(self, reason: Problem) -> None:
        super().__init__(reason.code)
        self.problem = reason


def _judge_kind(status: os.stat_result) -> Problem | None:
    if stat.S_ISREG(status.st_mode):
        return None
    kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "a device, socket or pipe"
    return problem("E_INTAKE_003", "not a plain file", seen=kind, allowed="plain files")


def _judge_size(status: os.stat_result, limits: IntakeLimits) -> Problem | None:
    if status.st_size == 0:
        return problem("E_INTAKE_005", "the file is empty", seen="0 bytes")
    if status.st_size > limits.max_file_bytes:
        seen, allowed = f"{status.st_size} bytes", f"{limits.max_file_mb:g} MB"
        return problem("E_HARD_004", "the file is too large", seen=seen, allowed=allowed)
    return None


def _is_pure_control(path: Path, relative: str) -> bool:
    if relative != CONTROL_FILE:
        return False
    control = read_control(path)
    return control is not None and control.is_pure


def _without_shell(folder: Path) -> Path:
    """Return the only folder within, where an archive wraps everything into one, else `folder` itself."""
    visible = [entry for entry in folder.iterdir() if not is_hidden(entry.name)]
    return visible[0] if len(visible) == 1 and visible[0].is_dir() else folder
