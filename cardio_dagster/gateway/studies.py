"""Studies: the routes by which a study comes in over HTTP.

Belongs here: POST /studies and POST /studies/sync. Not here: receiving bytes (uploading.py) or jobs once they exist (jobs.py).
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from cardio_dagster.gateway.answers import JobAnswer, answer, links_of
from cardio_dagster.gateway.auth import allowed, record
from cardio_dagster.gateway.backend import Backend, BackendHere
from cardio_dagster.gateway.errors import GatewayError, problems
from cardio_dagster.gateway.landing import digest_of
from cardio_dagster.gateway.progress import Course, course
from cardio_dagster.gateway.results import result
from cardio_dagster.gateway.uploading import FORM, ZIP, Received, upload
from cardio_dagster.stores.access import MAY_SUBMIT, Caller
from cardio_dagster.stores.jobs import new_job_id
from cardio_dagster.study import Priority

router = APIRouter(tags=["studies"])

Submitter = Annotated[Caller, Depends(allowed(MAY_SUBMIT))]
AskedPriority = Annotated[
    Priority | None, Query(description="How soon it is wanted; a field `priority` of the form says the same.")
]
RequestKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A repetition with the same key and content gives the same job.",
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ),
]
_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "description": "One part for each file."}
_FORM_SCHEMA = {
    "type": "object",
    "required": ["files"],
    "properties": {"files": _FILES, "priority": {"type": "string", "enum": [p.value for p in Priority]}},
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The files of one examination as parts with a file name each (a zip file among them is unpacked), or one zip file.",
        "content": {
            FORM: {"schema": _FORM_SCHEMA},
            ZIP: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_HEADERS = {
    "Location": {"description": "the address of the job", "schema": {"type": "string"}},
    "Idempotency-Replayed": {"description": "`true` where an earlier job is repeated", "schema": {"type": "string"}},
}
_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": JobAnswer, "description": "It is on disk and will be worked on.", "headers": _HEADERS}
}
_REFUSED = problems(400, 401, 403, 408, 413, 415, 422, 429, 503, 507)
_POLL_S = 0.5


@router.post(
    "/studies",
    status_code=202,
    summary="Send a study",
    response_model=JobAnswer,
    responses={**_ACCEPTED, **_REFUSED},
    openapi_extra=_BODY,
)
async def send_study(
    request: Request,
    response: Response,
    backend: BackendHere,
    who: Submitter,
    *,
    priority: AskedPriority = None,
    request_key: RequestKey = None,
) -> JobAnswer:
    """Take the files of one study and answer with its job as soon as they are on disk.

    The same content sent twice is one study: both jobs point to it. Names of files stay with the study and appear in no
    answer, address or log.
    """
    found = await _take(request, backend, who, priority, request_key)
    response.headers.update(found.headers)
    return answer(found.course)


@router.post(
    "/studies/sync",
    summary="Send a study and wait for its report",
    response_model=None,
    responses={
        200: {
            "description": "report.json of the released report, or of the error response; Cardio-Report-Status says which.",
            "headers": {**_HEADERS, "Cardio-Report-Status": {"schema": {"type": "string"}}},
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        **_ACCEPTED,
        **_REFUSED,
        **problems(409),
    },
    openapi_extra=_BODY,
)
async def send_study_and_wait(
    request: Request,
    backend: BackendHere,
    who: Submitter,
    *,
    priority: AskedPriority = None,
    wait_s: Annotated[float, Query(gt=0, le=3600, description="Wait so long, in seconds, then answer 202.")] = 60.0,
    request_key: RequestKey = None,
) -> Response:
    """Take a study as POST /studies does and wait for its report.

    202 with the job where it takes longer than `wait_s` or the installation's limit; 409 where the report is held, rejected,
    or nothing in the upload can be a recording; Location leads to the job in every case.
    """
    until = time.monotonic() + min(wait_s, backend.limits.sync_wait_s)
    taken = await _take(request, backend, who, priority, request_key)
    found, headers = taken.course, taken.headers
    while not found.now.is_final and time.monotonic() < until and not await request.is_disconnected():
        await asyncio.sleep(_POLL_S)
        found = await run_in_threadpool(course, backend, found.job)
    if not found.now.is_final:
        return JSONResponse(answer(found).model_dump(mode="json"), 202, headers=headers)
    try:
        response = await run_in_threadpool(result, backend, who, found, "json", unreleased=False)
    except GatewayError as refused:
        refused.headers = {**refused.headers, "Location": headers["Location"]}
        raise
    response.headers.update(headers)
    return response


@dataclass(frozen=True, slots=True)
class _Taken:
    """A study that was taken, or the job of the same request before."""

    course: Course
    is_repeated: bool

    @property
    def headers(self) -> dict[str, str]:
        told = {"Location": links_of(self.course.job)["self"]}
        return {**told, "Idempotency-Replayed": "true"} if self.is_repeated else told


async def _take(
    request: Request, backend: Backend, who: Caller, priority: Priority | None, request_key: str | None
) -> _Taken:
    async with upload(request, backend) as received:
        chosen = _priority(priority, received.fields.get("priority"))
        return await run_in_threadpool(_deliver, backend, who, received, chosen, request_key)


def _deliver(
    backend: Backend, who: Caller, received: Received, priority: Priority | None, request_key: str | None
) -> _Taken:
    job_id = new_job_id()
    job = backend.landing.deliver(
        received.parts, priority=priority, owner=who.name, door="http", request_key=request_key, job_id=job_id
    )
    if job.digest != digest_of(received.parts):
        raise GatewayError("E_UPLOAD_004", "the Idempotency-Key was used before, for other content")
    record(backend, who, "submit", f"/jobs/{job.job_id}", "changed")
    return _Taken(course(backend, job), job.job_id != job_id)


def _priority(asked: Priority | None, field: str | None) -> Priority | None:
    """Return the priority that address or form names; None where neither does, then that of study.json in a zip counts."""
    if field is None:
        return asked
    if field not in list(Priority) or asked not in (None, field):
        wanted = ", ".join(p.value for p in Priority)
        raise GatewayError("E_VALID_002", "the priority is unknown, or said twice and differently", allowed=wanted)
    return Priority(field)
