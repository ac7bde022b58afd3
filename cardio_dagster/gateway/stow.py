"""STOW-RS: instances by HTTP (PS3.18 10.5), gathered by study as those that come by C-STORE are.

Belongs here: the two routes, and the courier that carries what they took. Not here: parts of a body (dicom/related.py), the answer's
form (dicom/store_answer.py), the inbox (dicom/inbox.py).

200 means on disk in the inbox. A study is delivered when nothing came for CARDIO_DICOM_QUIET_S, since clients spread one study over
many requests; its job then belongs to the key that sent it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from cardio_dagster.errors import StudyError
from cardio_dagster.gateway.auth import allowed, record
from cardio_dagster.gateway.backend import Backend, BackendHere
from cardio_dagster.gateway.dicom.classes import CLASSES
from cardio_dagster.gateway.dicom.delivery import Courier
from cardio_dagster.gateway.dicom.header import read_instance
from cardio_dagster.gateway.dicom.inbox import FullError, Inbox, inbox_of
from cardio_dagster.gateway.dicom.related import related
from cardio_dagster.gateway.dicom.store_answer import (
    CLASS_NOT_SUPPORTED,
    JSON,
    MISMATCH,
    NOT_UNDERSTOOD,
    OUT_OF_RESOURCES,
    SYNTAX_NOT_SUPPORTED,
    XML,
    Fate,
    as_json,
    as_xml,
    status_of,
)
from cardio_dagster.gateway.errors import problems
from cardio_dagster.gateway.landing import Landing, Part
from cardio_dagster.settings import dicom_settings
from cardio_dagster.stores.access import MAY_SUBMIT, Caller

Submitter = Annotated[Caller, Depends(allowed(MAY_SUBMIT))]
StudyUid = Annotated[
    str,
    Path(
        pattern=r"^[0-9]+(\.[0-9]+)*$",
        max_length=64,
        description="Study Instance UID; instances of other studies are refused.",
        examples=["1.2.840.113619.2.1"],
    ),
]
_MODULE = {JSON: {"schema": {"type": "object"}}, XML: {"schema": {"type": "string"}}}
_TOLD: dict[int | str, dict[str, Any]] = {
    200: {"description": "All instances are on disk.", "content": _MODULE},
    202: {"description": "Some are on disk; FailedSOPSequence says why others are not.", "content": _MODULE},
    409: {"description": "None was taken; FailedSOPSequence says why.", "content": _MODULE},
    **problems(400, 401, 403, 408, 413, 415, 422, 429, 503, 507),
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "DICOM files (PS3.10), one a part, each of type application/dicom.",
        "content": {"multipart/related": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@asynccontextmanager
async def _carrying(app: FastAPI) -> AsyncIterator[None]:
    """Deliver what went quiet, also what an earlier gateway left, for as long as the app serves."""
    backend: Backend = app.state.backend
    quiet_s = dicom_settings().quiet_s
    courier = Courier(_inbox(backend), lambda: _landing(backend), door="stow", quiet_s=lambda _: quiet_s)
    courier.start()
    try:
        yield
    finally:
        await run_in_threadpool(courier.stop)


router = APIRouter(tags=["dicom"], lifespan=_carrying)


@router.post(
    "/dicom-web/studies",
    summary="Store DICOM instances",
    responses=_TOLD,
    openapi_extra=_BODY,
    response_class=Response,
)
async def store(request: Request, backend: BackendHere, who: Submitter) -> Response:
    """Take the instances of one or more studies (STOW-RS); the answer names each that was stored or refused."""
    return await _store(request, backend, who, None)


@router.post(
    "/dicom-web/studies/{study_uid}",
    summary="Store DICOM instances of one study",
    responses=_TOLD,
    openapi_extra=_BODY,
    response_class=Response,
)
async def store_in_study(request: Request, backend: BackendHere, who: Submitter, study_uid: StudyUid) -> Response:
    """Take the instances of one study (STOW-RS); those of another study are refused and named in the answer."""
    return await _store(request, backend, who, study_uid)


async def _store(request: Request, backend: Backend, who: Caller, study_uid: str | None) -> Response:
    async with related(request, backend) as parts:
        fates = await run_in_threadpool(_keep_all, backend, who, parts, study_uid)
    is_xml = XML in request.headers.get("accept", "")
    body, kind = (as_xml(fates), XML) if is_xml else (as_json(fates), JSON)
    return Response(body, status_of(fates), media_type=kind)


def _keep_all(backend: Backend, who: Caller, parts: tuple[Part, ...], study_uid: str | None) -> list[Fate]:
    record(backend, who, "submit", "/dicom-web/studies", "changed")  # a UID is that of a patient's examination
    inbox = _inbox(backend)
    return [_keep(inbox, who, part, study_uid) for part in parts]


def _keep(inbox: Inbox, who: Caller, part: Part, study_uid: str | None) -> Fate:
    try:
        found = read_instance(part.path)
    except StudyError as error:
        reason = SYNTAX_NOT_SUPPORTED if error.problem.code == "E_FORMAT_002" else NOT_UNDERSTOOD
        return Fate(None, None, reason)
    if found.sop_class not in CLASSES:
        return Fate(found.sop_class, found.sop_uid, CLASS_NOT_SUPPORTED)
    if study_uid not in (None, found.study_uid):
        return Fate(found.sop_class, found.sop_uid, MISMATCH)
    try:
        inbox.keep(part.path, who.name, found)
    except (FullError, OSError):
        return Fate(found.sop_class, found.sop_uid, OUT_OF_RESOURCES)
    return Fate(found.sop_class, found.sop_uid, None)


def _inbox(backend: Backend) -> Inbox:
    return inbox_of(backend.settings, "stow", dicom_settings())


def _landing(backend: Backend) -> Landing:
    backend.prepare()
    return backend.landing
