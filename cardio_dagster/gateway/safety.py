"""Safety: what holds for every answer, whatever its route.

Belongs here: headers, the size of small bodies, and that no exception leaves the app. Not here: who may ask (auth.py) or the
limits of uploads (receiving.py).
"""

import logging
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cardio_dagster.gateway.errors import GatewayError, failure

MAX_SMALL_BODY_BYTES = 1024 * 1024
# a page may name a policy of its own; this one lets nothing run and nothing be fetched from elsewhere
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# report.html brings its styles and pictures within; it may show them and do nothing else
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'; sandbox"
)
_HEADERS = {
    "content-security-policy": PAGE_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_log = logging.getLogger(__name__)


class SafeHeaders:
    """Give every answer the headers above, unless its route chose others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                added = [(n.encode(), v.encode()) for n, v in _HEADERS.items() if n.encode() not in own]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, sending)


class Guard:
    """Answer what a route raises, without a trace in the log: an exception may repeat the name of a file."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            refusal = failure(error)
            if (
                has_begun
            ):  # the status is out: all that is left is to break off, so that nobody takes half for the whole
                raise BrokenOffError from None
            await refusal.response()(scope, receive, send)


class BrokenOffError(Exception):
    """An answer broke off in its middle; what went wrong is in the log already, by its kind."""


class SmallBodies:
    """Refuse bodies over 1 MiB (413) everywhere but below the addresses that stream an upload to disk."""

    def __init__(self, app: ASGIApp, uploads: tuple[str, ...]) -> None:
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["path"].startswith(self._uploads):
            await self._app(scope, receive, send)
            return
        left = MAX_SMALL_BODY_BYTES

        async def receiving() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise GatewayError("E_HARD_004", "the body is too large", allowed=f"{MAX_SMALL_BODY_BYTES} bytes")
            return message

        try:
            await self._app(scope, receiving, send)
        except GatewayError as refused:
            await refused.response()(scope, receive, send)


def state_of(scope: Scope) -> Any:
    """Return the state of the app that a scope belongs to."""
    return scope["app"].state
