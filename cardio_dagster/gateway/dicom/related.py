"""Related: the parts of a multipart/related body (RFC 2387), as STOW-RS sends instances (PS3.18 8.6.1.2.1).

Belongs here: taking the body apart while it comes, straight to disk. Not here: what becomes of the parts (gateway/stow.py), limits
and time-outs, which are those of every upload (gateway/receiving.py, gateway/uploading.py).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from cardio_dagster.gateway.backend import Backend
from cardio_dagster.gateway.errors import GatewayError
from cardio_dagster.gateway.landing import Part
from cardio_dagster.gateway.receiving import Sink
from cardio_dagster.gateway.uploading import _batches, _counted, _drain, _judge_length, _spool, limits_of

RELATED, DICOM = "multipart/related", "application/dicom"


@asynccontextmanager
async def related(request: Request, backend: Backend) -> AsyncIterator[tuple[Part, ...]]:
    """Receive the parts of a body into a spool that is gone afterwards.

    Raises GatewayError: 400 for a body that is cut off or has no part, 408, 413, 415 for another type of the body or of a part,
    503, 507.
    """
    with _counted(backend):
        async with _spool(backend) as folder:
            sink = Sink(folder, limits_of(backend))
            try:
                await run_in_threadpool(_judge_length, request, folder, sink.limits)
                reader = RelatedReader(request.headers.get("content-type", ""), sink)
                async for batch in _batches(request, backend):
                    await run_in_threadpool(reader.feed, batch)
                reader.finish()
            except GatewayError as refused:
                refused.headers = {**refused.headers, "Connection": "close"}
                await _drain(request)
                raise
            finally:
                sink.close()
            yield tuple(sink.parts)


class RelatedReader:
    """A parser of multipart/related that hands each part of type application/dicom to a sink."""

    def __init__(self, content_type: str, sink: Sink) -> None:
        """Raises GatewayError: 415 for another type, 400 without a boundary."""
        kind, options = parse_options_header(content_type)
        if kind != RELATED.encode() or options.get(b"type", DICOM.encode()).lower() != DICOM.encode():
            raise GatewayError("E_HTTP_415", "the body is of another type", allowed=f'{RELATED}; type="{DICOM}"')
        boundary = options.get(b"boundary")
        if not boundary or len(boundary) > 200:
            raise _malformed()
        self._sink, self._is_ended = sink, False
        self._name, self._value, self._kind = b"", b"", b""
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
        """Take the next bytes; raises GatewayError: 400 for what is no multipart body, 413, 415, 507."""
        try:
            self._parser.write(data)
        except FormParserError:
            raise _malformed() from None

    def finish(self) -> None:
        """End the body; raises GatewayError (400) where it is cut off or empty."""
        if not self._is_ended or not self._sink.parts:
            raise _malformed()

    def _part_begin(self) -> None:
        self._name, self._value, self._kind = b"", b"", DICOM.encode()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._name.lower() == b"content-type":
            self._kind = parse_options_header(self._value)[0]
        self._name, self._value = b"", b""

    def _headers_finished(self) -> None:
        if self._kind != DICOM.encode():
            raise GatewayError("E_HTTP_415", "a part is of another type", allowed=DICOM)
        self._sink.begin(f"{len(self._sink.parts):06d}.dcm")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._sink.write(data[start:end])

    def _part_end(self) -> None:
        self._sink.end()

    def _end(self) -> None:
        self._is_ended = True


def _malformed() -> GatewayError:
    return GatewayError("E_HTTP_400", f"the body is cut off, empty, or no {RELATED}")
