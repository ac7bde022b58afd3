"""Events: a job as a stream of server-sent events (HTML standard, section 9.2).

Belongs here: the stream and where it goes on. Not here: the moments themselves (progress.py). Ids are numbers of the audit
ledger, so that a stream goes on after any interruption, also one of the gateway.
"""

import time
from collections.abc import AsyncIterator

from anyio import sleep
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import format_sse_event

from cardio_dagster.gateway.answers import answer
from cardio_dagster.gateway.backend import Backend
from cardio_dagster.gateway.progress import Course, course
from cardio_dagster.stores.jobs import Job

MEDIA_TYPE = "text/event-stream"
EVENT_HEADERS = {"X-Accel-Buffering": "no"}  # nginx would hold events back
_LOOK_EVERY_S = 1.0
_PING_EVERY_S = 15.0
_LONGEST_S = 3600.0  # then the line is closed, and the client asks again
_RETRY_MS = 2000


def is_told(found: Course, seen: int) -> bool:
    """Return whether a client that saw the event `seen` has nothing left to hear."""
    return found.now.is_final and found.now.event_id <= seen


async def stream(request: Request, backend: Backend, job: Job, seen: int) -> AsyncIterator[bytes]:
    """Yield every moment behind `seen` as it comes; ends with the last state, when the client goes, or after an hour."""
    began_s = spoke_s = time.monotonic()
    while time.monotonic() - began_s < _LONGEST_S and not await request.is_disconnected():
        found = await run_in_threadpool(course, backend, job)
        job = found.job
        for told in _behind(found, seen):
            yield told
            seen, spoke_s = max(seen, found.now.event_id), time.monotonic()
        if found.now.is_final:
            return
        if time.monotonic() - spoke_s > _PING_EVERY_S:
            yield format_sse_event(comment="still there")
            spoke_s = time.monotonic()
        await sleep(_LOOK_EVERY_S)


def _behind(found: Course, seen: int) -> list[bytes]:
    return [
        format_sse_event(
            data_str=answer(found, moment).model_dump_json(),
            event="end" if moment.is_final and moment is found.now else "progress",
            id=str(moment.event_id),
            retry=_RETRY_MS,
        )
        for moment in found.moments
        if moment.event_id > seen
    ]
