"""Errors over HTTP: every refusal as application/problem+json (RFC 9457) with a code and a cure.

Belongs here: the codes that only a gateway meets, the answer's shape, and turning exceptions into answers. Not here: the codes
of studies and machines (cardio_dagster/errors.py). Nothing here repeats a file's name, a key or what an exception says.
"""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from cardio_dagster.errors import CODES, dependency_of
from cardio_dagster.outcome import Problem

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpCode:
    """A code of the gateway: the status that it is answered with, what it means, what to do."""

    status: int
    title: str
    cure: str


HTTP_CODES: dict[str, HttpCode] = {
    "E_ACCESS_001": HttpCode(
        401, "No valid key", "Send `Authorization: Bearer <key>`; an administrator makes keys with `cardio key add`."
    ),
    "E_ACCESS_002": HttpCode(403, "The role of this key may not do that", "Use a key of one of the roles named."),
    "E_ACCESS_003": HttpCode(403, "The form token is missing or wrong", "Load the page again and repeat."),
    "E_ACCESS_004": HttpCode(429, "Too many requests", "Wait as long as Retry-After says."),
    "E_HTTP_400": HttpCode(400, "The request cannot be read", "Send it as the OpenAPI description says."),
    "E_HTTP_404": HttpCode(404, "There is nothing here", "Take addresses from the links of an answer or from /docs."),
    "E_HTTP_405": HttpCode(405, "This address knows other methods", "Use a method that Allow names."),
    "E_HTTP_415": HttpCode(415, "Content of another type", "Send one of the types named."),
    "E_UPLOAD_001": HttpCode(408, "The upload came too slowly", "Send it again over a better line, or in parts."),
    "E_UPLOAD_002": HttpCode(507, "The disk is nearly full", "Free space below CARDIO_DATA_DIR, then send it again."),
    "E_UPLOAD_003": HttpCode(503, "Too many uploads at once", "Wait as long as Retry-After says."),
    "E_UPLOAD_004": HttpCode(
        422, "The Idempotency-Key was used for another content", "Take a new key for each study that is sent."
    ),
    "E_JOB_001": HttpCode(404, "There is no such job", "Take the id from the answer to POST /studies."),
    "E_JOB_002": HttpCode(409, "The result cannot be had now", "Look at state and reasons of the job."),
    "E_JOB_003": HttpCode(404, "The report has no such format", "Take one of the formats named."),
    "E_JOB_004": HttpCode(
        503, "The report on disk was changed", "Restore the store from the backup, then run `cardio audit verify`."
    ),
    "E_GATEWAY_001": HttpCode(503, "Something that every study needs does not answer", "Look at /health, try later."),
}
_OF_CATALOGUE = {"E_HARD_004": 413, "E_INTERNAL_001": 500}  # all other codes of studies are 422
_RETRY_S = "5"


class ProblemDetails(BaseModel):
    """Why a request was refused (RFC 9457); `detail` says what, without names of files or people."""

    type: str = Field("about:blank", examples=["urn:cardio:problem:E_ACCESS_001"])
    title: str = Field(examples=["No valid key"])
    status: int = Field(ge=400, le=599, examples=[401])
    detail: str = Field(examples=["the request has no key, or none that is valid"])
    code: str = Field(pattern=r"^E_[A-Z]+_[A-Z0-9_]+$", examples=["E_ACCESS_001"])
    seen: str | None = None
    allowed: str | None = None
    cure: str | None = None


class GatewayError(Exception):
    """A refusal: a code of HTTP_CODES, or of the catalogue of failures, and what was met."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        seen: str | None = None,
        allowed: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        known = HTTP_CODES.get(code)
        title, cure = (known.title, known.cure) if known else (CODES[code].title, CODES[code].cure)
        self.status = known.status if known else _OF_CATALOGUE.get(code, 422)
        self.headers = headers or ({"Retry-After": _RETRY_S} if self.status == 503 else {})
        self.body = ProblemDetails(
            type=f"urn:cardio:problem:{code}",
            title=title,
            status=self.status,
            detail=detail,
            code=code,
            seen=seen,
            allowed=allowed,
            cure=cure,
        )

    @classmethod
    def of(cls, met: Problem) -> "GatewayError":
        """Return the refusal for a problem of the catalogue."""
        return cls(met.code, met.message, seen=met.seen, allowed=met.allowed)

    def response(self) -> JSONResponse:
        """Return the answer."""
        body = self.body.model_dump(exclude_none=True)
        return JSONResponse(body, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what `responses=` of a route says of refusals with these statuses."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    titles: dict[int, str] = {422: "A value of the request is not allowed", 413: CODES["E_HARD_004"].title}
    titles |= {500: "A defect of this software"}
    for known in HTTP_CODES.values():
        titles.setdefault(known.status, known.title)
    retry = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
    return {
        status: {
            "description": titles[status],
            "content": {MEDIA_TYPE: {"schema": schema}},
            **({"headers": retry} if status in {429, 503} else {}),
        }
        for status in statuses
    }


def add_handlers(app: FastAPI) -> None:
    """Make every exception of every route an answer of this shape."""
    app.add_exception_handler(GatewayError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def failure(error: Exception) -> GatewayError:
    """Return the refusal for anything that a route raised: 503 for a dependency, else 500; only the kind is logged."""
    dependency = dependency_of(error)
    if dependency is not None or type(error).__name__ in {"TimeoutError", "QueuePool"}:
        _log.error("a request met a dependency that does not answer: %s", dependency or "database")
        return GatewayError("E_GATEWAY_001", f"the {dependency or 'database'} does not answer")
    _log.error("a request met a defect of the gateway: %s", type(error).__name__)
    return GatewayError("E_INTERNAL_001", "the gateway met a defect of its own", seen=type(error).__name__)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)
    is_page = request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", "")
    if error.status == 401 and is_page:
        return RedirectResponse(f"/login?next={quote(request.url.path)}", 303)
    return error.response()


def _invalid(_request: Request, error: Exception) -> Response:
    """Name the places that are wrong; what was sent is not repeated."""
    assert isinstance(error, RequestValidationError)
    places = sorted({".".join(str(part) for part in e["loc"][:2]) for e in error.errors()})
    wanted = "; ".join(sorted({str(e["msg"]) for e in error.errors()}))
    return GatewayError("E_VALID_002", f"not as it must be: {', '.join(places)}", allowed=wanted[:300]).response()


def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = f"E_HTTP_{error.status_code}"
    known = code if code in HTTP_CODES else "E_HTTP_400"
    return GatewayError(known, HTTP_CODES[known].title.lower(), headers=dict(error.headers or {})).response()
