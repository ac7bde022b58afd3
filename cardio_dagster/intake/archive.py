"""Unpacking a zip that nobody trusts.

Belongs here: what may leave an archive and what it may cost. Not here: judging the
files that came out (files.py).

An archive is refused as a whole when it is damaged, has too many members or expands beyond
the study's limit; a single hostile member is left out and reported, the rest is unpacked.
What is counted are bytes as they come out, never the sizes that the archive declares.
"""

import os
import shutil
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.names import judge_name
from cardio_dagster.outcome import Problem

_CHUNK_BYTES = 1024 * 1024
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # classic, strong, masked headers (APPNOTE 4.4.4)
_UNIX = 3  # "version made by", APPNOTE 4.4.2
_DIRECTORY_BYTES_PER_MEMBER = 1024  # of the central directory: 46 and name, extra field, comment
_END_RECORD = struct.Struct("<4s4H2LH")  # end of central directory, APPNOTE 4.3.16
_END_RECORD_64 = struct.Struct("<4sQ2H2L4Q")  # zip64, APPNOTE 4.3.14
_LOCATOR_64 = struct.Struct("<4sLQL")  # APPNOTE 4.3.15
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # zipfile expands the others by the chunk, without a bound
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


@dataclass(slots=True)
class _Spent:
    """Bytes that have come out so far, over all archives of one study."""

    total_bytes: int = 0


def unpack(archive: Path, target: Path, *, limits: IntakeLimits) -> tuple[Problem, ...]:
    """Unpack `archive` into `target`, a new folder, and return a problem for each member left out.

    Nothing is ever written outside `target`; files are made readable by their owner only.

    Raises StudyError, leaving no `target`: E_INTAKE_007 if the archive is damaged,
    E_INTAKE_002 if it has too many members or expands beyond the study's limit.
    """
    target.mkdir(parents=True)
    try:
        _check_directory(archive, limits)
        with zipfile.ZipFile(archive) as opened:
            return _unpack_members(opened, target, limits)
    except StudyError:
        shutil.rmtree(target)
        raise
    except _DAMAGED as error:
        shutil.rmtree(target)
        raise StudyError("E_INTAKE_007", "the archive does not open", seen=type(error).__name__) from None


def _unpack_members(opened: zipfile.ZipFile, target: Path, limits: IntakeLimits) -> tuple[Problem, ...]:
    members = [member for member in opened.infolist() if not member.is_dir()]
    if len(members) > limits.max_files:
        _refuse_count(f"{len(members)} members", limits)
    spent, problems = _Spent(), []
    for member in members:
        refused = _judge_member(member) or _unpack_member(opened, member, target, spent, limits)
        if refused:
            problems.append(refused)
    return tuple(problems)


def _judge_member(member: zipfile.ZipInfo) -> Problem | None:
    # `orig_filename` still has what follows a NUL, and backslashes separate folders in archives made on Windows
    refused = judge_name(member.orig_filename.replace("\\", "/"))
    if refused:
        return refused
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.create_system == _UNIX and kind not in {0, stat.S_IFREG}:
        return problem("E_INTAKE_003", "an archive member is not a plain file", seen=f"file type {kind:#o}")
    if member.flag_bits & _ENCRYPTED:
        return problem("E_INTAKE_007", "an archive member is encrypted")
    if member.compress_type not in _METHODS:
        seen = f"compression method {member.compress_type}"
        return problem("E_INTAKE_007", "an archive member is packed in an unusual way", seen=seen, allowed="0, 8")
    return None


def _unpack_member(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, spent: _Spent, limits: IntakeLimits
) -> Problem | None:
    path = target / member.orig_filename.replace("\\", "/")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return problem("E_INTAKE_007", "two archive members have one name", allowed="different names")
    with os.fdopen(descriptor, "wb") as out:
        refused = _pour(opened, member, out.fileno(), spent, limits)
    if refused:
        path.unlink()
    return refused


def _pour(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, descriptor: int, spent: _Spent, limits: IntakeLimits
) -> Problem | None:
    size = 0
    try:
        with _opened_member(opened, member) as packed:
            while chunk := packed.read(_CHUNK_BYTES):
                size += len(chunk)
                refused = _judge_growth(size, len(chunk), member, spent, limits)
                if refused:
                    return refused
                _write_all(descriptor, chunk)
    except _DAMAGED as error:
        return problem("E_INTAKE_007", "an archive member is damaged", seen=type(error).__name__)
    if size != member.file_size:
        return problem("E_INTAKE_007", "an archive member declares a false size", seen=f"{size} bytes")
    return None


def _opened_member(opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return opened.open(member)
    except OSError as error:  # a false offset makes it seek before the beginning
        raise zipfile.BadZipFile from error


def _judge_growth(
    size: int, grown: int, member: zipfile.ZipInfo, spent: _Spent, limits: IntakeLimits
) -> Problem | None:
    spent.total_bytes += grown
    if spent.total_bytes > limits.max_study_bytes:
        raise StudyError(
            "E_INTAKE_002",
            "the archive expands beyond the limit of a study",
            seen=f"more than {limits.max_study_mb:g} MB",
            allowed=f"{limits.max_study_mb:g} MB",
        )
    if size > limits.max_file_bytes:
        allowed = f"{limits.max_file_mb:g} MB"
        return problem("E_HARD_004", "an archive member is too large", seen=f"more than {allowed}", allowed=allowed)
    if size > limits.ratio_floor_bytes and size > limits.max_ratio * max(member.compress_size, 1):
        seen = f"more than {limits.max_ratio:g} bytes from one"
        return problem("E_INTAKE_002", "an archive member expands like a bomb", seen=seen)
    return None


def _write_all(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]


def _check_directory(archive: Path, limits: IntakeLimits) -> None:
    """Refuse a member list too long to be read into memory; `zipfile` would read it before any count is known."""
    size = _directory_bytes(archive)
    if size > limits.max_files * _DIRECTORY_BYTES_PER_MEMBER:
        _refuse_count(f"a list of members of {size} bytes", limits)


def _directory_bytes(archive: Path) -> int:
    with archive.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(max(0, length - _END_RECORD.size - _LOCATOR_64.size - 0xFFFF))
        tail = file.read()
        found = tail.rfind(b"PK\x05\x06")
        if found < 0 or len(tail) < found + _END_RECORD.size:
            return 0  # zipfile says what is wrong with it
        size = int(_END_RECORD.unpack_from(tail, found)[5])
        locator = found - _LOCATOR_64.size
        if locator < 0 or tail[locator : locator + 4] != b"PK\x06\x07":
            return size
        file.seek(min(length, int(_LOCATOR_64.unpack_from(tail, locator)[2])))
        record = file.read(_END_RECORD_64.size)
        return int(_END_RECORD_64.unpack(record)[8]) if len(record) == _END_RECORD_64.size else size


def _refuse_count(seen: str, limits: IntakeLimits) -> None:
    allowed = f"{limits.max_files} members"
    raise StudyError("E_INTAKE_002", "the archive has too many members", seen=seen, allowed=allowed)
