"""Jobs: the routes that say how far a study is and give its report.

Belongs here: GET /jobs/{id}, its result and its events. Not here: how either is found out (progress.py, results.py, events.py).
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from cardio_dagster.gateway.answers import JobAnswer, answer
from cardio_dagster.gateway.auth import allowed, record
from cardio_dagster.gateway.backend import Backend, BackendHere
from cardio_dagster.gateway.errors import GatewayError, problems
from cardio_dagster.gateway.events import EVENT_HEADERS, MEDIA_TYPE, is_told, stream
from cardio_dagster.gateway.progress import course
from cardio_dagster.gateway.results import FORMATS, STATUS_HEADER, result
from cardio_dagster.stores.access import MAY_READ, MAY_SUBMIT, Caller
from cardio_dagster.stores.jobs import Job

router = APIRouter(tags=["jobs"])

JobId = Annotated[str, Path(pattern=r"^j-[0-9a-f]{32}$", description="As POST /studies answered.")]
Asker = Annotated[Caller, Depends(allowed(MAY_SUBMIT | MAY_READ))]
Format = Literal["json", "html", "pdf", "fhir", "sr-echo", "sr-ecg", "zip"]
_REFUSED = problems(401, 403, 404, 422, 429, 503)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_RESULT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report.",
        "headers": {STATUS_HEADER: {"description": "released, error, held, ...", "schema": {"type": "string"}}},
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/html": {"schema": {"type": "string"}},
            "application/fhir+json": {"schema": {"type": "object"}},
            **dict.fromkeys(("application/pdf", "application/dicom", "application/zip"), _BINARY),
        },
    }
}
_EVENT = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": {"type": "string", "enum": ["progress", "end"]},
        "data": {"type": "string", "contentMediaType": "application/json", "description": "A JobAnswer."},
        "retry": {"type": "integer"},
    },
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `progress`, each with a job as `data`; the last is `end`.",
        "content": {MEDIA_TYPE: {"schema": _EVENT}},
    },
    204: {"description": "All was told up to Last-Event-ID: a browser stops asking."},
}


def job_asked(job_id: JobId, backend: BackendHere, who: Asker) -> Job:
    """Return the job of an address; a submitter sees its own only. Raises GatewayError (404) for any other, without a difference."""
    job = backend.jobs.get(job_id)
    if job is None or (who.role not in MAY_READ and job.owner != who.name):
        raise GatewayError("E_JOB_001", "there is no such job")
    return job


JobAsked = Annotated[Job, Depends(job_asked)]


@router.get("/jobs/{job_id}", summary="How far a job is", response_model=JobAnswer, responses=_REFUSED)
def show_job(backend: BackendHere, who: Asker, job: JobAsked) -> JobAnswer:
    """Return state, stage, percent with a message, and the place in the queue."""
    found = course(backend, job)
    _record(backend, who, "status", found.job)
    return answer(found)


@router.get(
    "/jobs/{job_id}/result",
    summary="The report of a job",
    response_model=None,
    responses={**_RESULT, **_REFUSED, **problems(409)},
)
def show_result(
    backend: BackendHere,
    who: Asker,
    job: JobAsked,
    form: Annotated[Format, Query(alias="format")] = "json",
    unreleased: Annotated[
        bool, Query(description="Also a report that is held or rejected; needs a role that may read those.")
    ] = False,
) -> Response:
    """Return the report that stands; 409 with the reason while there is none, or where it is held or rejected."""
    assert form in FORMATS
    return result(backend, who, course(backend, job), form, unreleased=unreleased)


@router.get(
    "/jobs/{job_id}/events",
    summary="Follow a job",
    response_model=None,
    responses={**_STREAM, **_REFUSED},
    response_class=StreamingResponse,
)
async def follow_job(
    request: Request,
    backend: BackendHere,
    who: Asker,
    job: JobAsked,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=20, description="Of the last event that was seen.")
    ] = None,
) -> Response:
    """Return server-sent events (HTML standard, 9.2), one for each moment of the job, ending with its last state.

    A client that lost the line goes on behind Last-Event-ID; one that has seen all gets 204. A held report ends the stream
    too: a person decides on it, which may take hours, and a later request tells the rest.
    """
    seen = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else -1
    found = await run_in_threadpool(course, backend, job)
    await run_in_threadpool(_record, backend, who, "follow", found.job)
    if is_told(found, seen):
        return Response(status_code=204)
    return StreamingResponse(stream(request, backend, job, seen), media_type=MEDIA_TYPE, headers=EVENT_HEADERS)


def _record(backend: Backend, who: Caller, action: str, job: Job) -> None:
    record(
        backend, who, action, f"/jobs/{job.job_id}", "given", study_id=job.study_id, revision=job.revision, once=True
    )
