"""Uploading: one request that brings a study, from its first byte to its job.

Belongs here: time-outs, the number of uploads at once, threads. Not here: the bytes (receiving.py) or the routes (studies.py).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from cardio_dagster.gateway.backend import Backend
from cardio_dagster.gateway.errors import GatewayError
from cardio_dagster.gateway.landing import Part
from cardio_dagster.gateway.receiving import FormReader, Sink, UploadLimits, ZipReader, look_at_disk
from cardio_dagster.intake.limits import MEBIBYTE

FORM, ZIP = "multipart/form-data", "application/zip"
_BATCH_BYTES = 256 * 1024  # handed to a thread at a time; of each upload no more is in memory
_FORM_SLACK_BYTES = MEBIBYTE  # boundaries and headers of a form
_DRAIN_S, _DRAIN_BYTES = 1.0, 4 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Received:
    """What an upload brought: files on disk, and the short fields of its form."""

    parts: tuple[Part, ...]
    fields: dict[str, str]


@asynccontextmanager
async def upload(request: Request, backend: Backend) -> AsyncIterator[Received]:
    """Receive an upload into a spool that is gone afterwards.

    Raises GatewayError: 400, 408, 413, 415, 422, 503, 507. A refusal in the middle of a body reads on for a second at most,
    so that the sender finds the answer, and then closes the connection.
    """
    with _counted(backend):
        async with _spool(backend) as folder:
            try:
                received = await _receive(request, backend, folder)
            except GatewayError as refused:
                refused.headers = {**refused.headers, "Connection": "close"}
                await _drain(request)
                raise
            yield received


def limits_of(backend: Backend) -> UploadLimits:
    """Return the limits of one upload."""
    settings = backend.settings
    return UploadLimits(
        max_file_bytes=int(settings.max_file_mb * MEBIBYTE),
        max_study_bytes=int(settings.max_study_mb * MEBIBYTE),
        max_files=backend.limits.max_files,
        reserve_bytes=int(backend.limits.disk_reserve_mb * MEBIBYTE),
    )


@contextmanager
def _counted(backend: Backend) -> Iterator[None]:
    """Count the uploads under way; only the event loop's thread comes here, so that no lock is needed."""
    if backend.uploads >= backend.limits.uploads_at_once:
        raise GatewayError("E_UPLOAD_003", "too many uploads at once", allowed=str(backend.limits.uploads_at_once))
    backend.uploads += 1
    try:
        yield
    finally:
        backend.uploads -= 1


@asynccontextmanager
async def _spool(backend: Backend) -> AsyncIterator[Path]:
    stack = ExitStack()
    folder = await run_in_threadpool(stack.enter_context, backend.landing.spool())
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(stack.close)


async def _receive(request: Request, backend: Backend, folder: Path) -> Received:
    kind = request.headers.get("content-type", "")
    limits = limits_of(backend)
    await run_in_threadpool(_judge_length, request, folder, limits)
    sink = Sink(folder, limits)
    reader = await run_in_threadpool(_reader, kind, sink)
    try:
        async for batch in _batches(request, backend):
            await run_in_threadpool(reader.feed, batch)
        await run_in_threadpool(reader.finish)
    finally:
        sink.close()
    if not sink.total_bytes:
        raise GatewayError(
            "E_VALID_001", "the upload has no file, or only empty ones", allowed="at least one recording"
        )
    return Received(tuple(sink.parts), reader.fields)


def _reader(content_type: str, sink: Sink) -> FormReader | ZipReader:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == ZIP:
        return ZipReader(sink)
    if kind == FORM:
        return FormReader(content_type, sink)
    raise GatewayError("E_HTTP_415", "the body is of another type", allowed=f"{FORM}, {ZIP}")


def _judge_length(request: Request, folder: Path, limits: UploadLimits) -> None:
    """Refuse what is announced as too large before a byte of it is read."""
    told = request.headers.get("content-length", "0")
    coming = int(told) if told.isascii() and told.isdigit() else 0
    if coming > limits.max_study_bytes + _FORM_SLACK_BYTES:
        allowed = f"{limits.max_study_bytes / MEBIBYTE:g} MB"
        raise GatewayError("E_HARD_004", "the study is too large", allowed=allowed)
    look_at_disk(folder, limits.reserve_bytes, coming)


async def _batches(request: Request, backend: Backend) -> AsyncIterator[bytes]:
    """Yield the body in pieces worth a thread; raises GatewayError (408) where it comes too slowly."""
    began_s, total, waiting = time.monotonic(), 0, bytearray()
    stream, limits = request.stream().__aiter__(), backend.limits
    while True:
        try:
            chunk = await asyncio.wait_for(stream.__anext__(), limits.idle_s)
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise GatewayError("E_UPLOAD_001", "nothing came", allowed=f"{limits.idle_s:g} s of silence") from None
        total += len(chunk)
        waiting += chunk
        took_s = time.monotonic() - began_s
        if took_s > limits.idle_s and total / took_s < limits.min_bytes_s:
            raise GatewayError("E_UPLOAD_001", "too slow", allowed=f"{limits.min_bytes_s:g} bytes a second or more")
        if len(waiting) >= _BATCH_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


async def _drain(request: Request) -> None:
    """Read on a little: a connection that is closed with unread bytes is reset, and the sender never sees the answer."""
    left = _DRAIN_BYTES
    try:
        async with asyncio.timeout(_DRAIN_S):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    return
    except (TimeoutError, ClientDisconnect, RuntimeError):  # the last where the stream was read to its end
        return
