"""Receiving: the bytes of an upload, straight to disk, within limits that hold while they come.

Belongs here: multipart/form-data (RFC 7578) and a bare zip file, what is refused before anything is kept. Not here: what
becomes of the files (landing.py) or the routes (studies.py).

Files lie in the spool under numbers: their names, which may be those of patients, are kept in memory only. Nothing that is
refused stays on disk, because the spool goes with its request.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from cardio_dagster.gateway.errors import GatewayError
from cardio_dagster.gateway.landing import Part
from cardio_dagster.intake.limits import MEBIBYTE
from cardio_dagster.intake.names import CONTROL_FILE, is_hidden, judge_name

_MAX_FIELD_BYTES = 1024
_LOOK_AT_DISK_EVERY = 8 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one upload may have at most, in bytes and files; `reserve_bytes` stay free on the disk."""

    max_file_bytes: int
    max_study_bytes: int
    max_files: int
    reserve_bytes: int


@dataclass(slots=True)
class Sink:
    """The files of one upload, as they come."""

    folder: Path
    limits: UploadLimits
    parts: list[Part] = field(default_factory=list)
    total_bytes: int = 0
    _relative: str = ""
    _file: IO[bytes] | None = None
    _digest: Any = None
    _size_bytes: int = 0
    _looked_at: int = -_LOOK_AT_DISK_EVERY

    def begin(self, relative: str) -> None:
        """Begin a file; raises GatewayError (422) for a path that intake would refuse, (413) for one file too many."""
        _judge(relative, {part.relative for part in self.parts})
        if len(self.parts) >= self.limits.max_files:
            raise GatewayError("E_HARD_004", "the study has too many files", allowed=f"{self.limits.max_files} files")
        self._relative, self._digest, self._size_bytes = relative, hashlib.sha256(), 0
        self._file = (self.folder / f"{len(self.parts):06d}").open("xb")

    def write(self, data: bytes) -> None:
        """Add bytes to the file; raises GatewayError (413, 507) before they are written where they are too many."""
        assert self._file is not None
        self._size_bytes += len(data)
        self.total_bytes += len(data)
        if self._size_bytes > self.limits.max_file_bytes:
            raise GatewayError("E_HARD_004", "a file is too large", allowed=_mb(self.limits.max_file_bytes))
        if self.total_bytes > self.limits.max_study_bytes:
            raise GatewayError("E_HARD_004", "the study is too large", allowed=_mb(self.limits.max_study_bytes))
        if self.total_bytes - self._looked_at >= _LOOK_AT_DISK_EVERY:
            look_at_disk(self.folder, self.limits.reserve_bytes)
            self._looked_at = self.total_bytes
        self._digest.update(data)
        self._file.write(data)

    def end(self) -> None:
        """End the file; it is on disk then."""
        assert self._file is not None
        path = Path(self._file.name)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        self.parts.append(Part(self._relative, path, self._digest.hexdigest()))

    def close(self) -> None:
        """Close what an upload that broke off left open."""
        if self._file is not None:
            self._file.close()


class FormReader:
    """A parser of multipart/form-data that hands files to a sink and keeps short fields."""

    def __init__(self, content_type: str, sink: Sink) -> None:
        """Raises GatewayError (400) without a boundary."""
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise malformed()
        self.fields: dict[str, str] = {}
        self._sink = sink
        self._is_ended = False
        self._header: tuple[bytes, bytes] = (b"", b"")
        self._disposition = b""
        self._field: tuple[str, bytes] | None = None
        names = (
            "part_begin",
            "header_field",
            "header_value",
            "header_end",
            "headers_finished",
            "part_data",
            "part_end",
            "end",
        )
        callbacks: Any = {f"on_{name}": getattr(self, f"_{name}") for name in names}
        self._parser = MultipartParser(boundary, callbacks)

    def feed(self, data: bytes) -> None:
        """Take the next bytes; raises GatewayError: 400 for what is no form, 413, 422 and 507 of the sink."""
        try:
            self._parser.write(data)
        except FormParserError:
            raise malformed() from None

    def finish(self) -> None:
        """End the form; raises GatewayError (400) where it is cut off."""
        if not self._is_ended:
            raise malformed()

    def _part_begin(self) -> None:
        self._disposition, self._field, self._header = b"", None, (b"", b"")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + data[start:end], self._header[1])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + data[start:end])

    def _header_end(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = self._header[1]
        self._header = (b"", b"")

    def _headers_finished(self) -> None:
        kind, options = parse_options_header(self._disposition)
        if kind != b"form-data" or b"name" not in options:
            raise malformed()
        name = options.get(b"filename")
        if name is None:
            self._field = (options[b"name"].decode("utf-8", "replace"), b"")
        else:
            self._sink.begin(name.decode("utf-8", "surrogateescape"))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self._sink.write(data[start:end])
            return
        self._field = (self._field[0], self._field[1] + data[start:end])
        if len(self._field[1]) > _MAX_FIELD_BYTES or len(self.fields) > 16:
            raise GatewayError("E_HARD_004", "a field of the form is too long", allowed=f"{_MAX_FIELD_BYTES} bytes")

    def _part_end(self) -> None:
        if self._field is None:
            self._sink.end()
        else:
            self.fields[self._field[0]] = self._field[1].decode("utf-8", "replace")

    def _end(self) -> None:
        self._is_ended = True


class ZipReader:
    """The same for a body that is one zip file; intake unpacks it."""

    def __init__(self, sink: Sink) -> None:
        self.fields: dict[str, str] = {}
        self._sink = sink
        self.feed: Callable[[bytes], None] = sink.write
        sink.begin("study.zip")

    def finish(self) -> None:
        """End the file."""
        self._sink.end()


def look_at_disk(folder: Path, reserve_bytes: int, coming_bytes: int = 0) -> None:
    """Raise GatewayError (507) where the disk of a folder has less than the reserve, or had it after what comes."""
    if shutil.disk_usage(folder).free - coming_bytes < reserve_bytes:
        raise GatewayError("E_UPLOAD_002", "the disk of the landing zone is nearly full")


def malformed() -> GatewayError:
    """Return the refusal (400) of a body that is cut off or no form."""
    return GatewayError("E_HTTP_400", "the body is cut off or no multipart/form-data")


def _judge(relative: str, taken: set[str]) -> None:
    refused = judge_name(relative)
    if refused:
        raise GatewayError.of(refused)
    if is_hidden(relative) or relative == CONTROL_FILE:
        raise GatewayError(
            "E_VALID_002", "hidden files and study.json are not taken", allowed="recordings; `priority` beside them"
        )
    folders = {str(parent) for name in taken for parent in Path(name).parents}
    if relative in taken | folders or any(str(parent) in taken for parent in Path(relative).parents):
        raise GatewayError("E_VALID_002", "two files have the same path", allowed="a path of its own for each file")


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / MEBIBYTE:g} MB"
