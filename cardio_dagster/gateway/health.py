"""Health: the routes that say whether the installation lives, and its figures for Prometheus.

Belongs here: GET /health, /workers/health, /workers/stats, /metrics. Not here: looking (watch/).

/health says one word to everybody, because a load balancer has no key, and the rest to those who look after the machine.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import BaseModel, Field

from cardio_dagster.gateway.auth import KEY_SCHEME, SESSION_SCHEME, allowed, caller
from cardio_dagster.gateway.backend import Backend, BackendHere
from cardio_dagster.gateway.errors import GatewayError, problems
from cardio_dagster.orchestration.queues import QUEUES
from cardio_dagster.stores.access import MAY_WATCH, Caller
from cardio_dagster.watch.health import Watch
from cardio_dagster.watch.metrics import Metrics
from cardio_dagster.watch.place import place_of
from cardio_dagster.watch.words import CHECKS, Health, Level
from cardio_dagster.watch.workers import Workforce, workforce

router = APIRouter(tags=["health"])

Watcher = Annotated[Caller, Depends(allowed(MAY_WATCH))]
_REFUSED = problems(401, 403, 422, 429, 503)
_WORDS = {Level.OK: "healthy", Level.DEGRADED: "degraded", Level.DEAD: "unhealthy"}

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_METRICS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}},
    **_REFUSED,
}


class CheckAnswer(BaseModel):
    """One thing that was looked at."""

    name: str = Field(examples=["daemon"])
    status: Level
    matters: bool = Field(description="/health is 503 when this is dead.")
    seen: str = Field(examples=["all 6 spoke within 12 s"])
    since: str | None = Field(description="ISO 8601, UTC: since when it is so.")
    cure: str | None = Field(description="What to do; null where all is well.")


class HealthAnswer(BaseModel):
    """How the installation is; only auditors and administrators are told more than `status`."""

    status: Level
    at: str | None = Field(None, description="ISO 8601, UTC; a look serves all who ask within 5 s.")
    checks: list[CheckAnswer] | None = None


class WorkersAnswer(BaseModel):
    """Who works. `unused` is the status of a profile without workers."""

    status: Literal["healthy", "degraded", "unhealthy", "unused"]
    workers_online: int = Field(ge=0, examples=[2])
    workers: list[str] = Field(examples=[["stat-1@ward7", "routine-1@ward7"]])


class WorkerAnswer(BaseModel):
    """One worker: its processes, and how many of them have a run."""

    name: str
    queues: list[str]
    slots: int = Field(ge=0)
    active: int = Field(ge=0)
    started_at: str


class QueueAnswer(BaseModel):
    """One queue: runs that wait in it, and who could take them."""

    name: str
    waiting: int = Field(ge=0)
    workers: int = Field(ge=0)
    slots: int = Field(ge=0)


class WorkerStatsAnswer(WorkersAnswer):
    """Who works on what, and what waits."""

    details: list[WorkerAnswer]
    queues: list[QueueAnswer]


_HEALTH: dict[int | str, dict[str, Any]] = {
    200: {"description": "Alive, perhaps degraded.", "model": HealthAnswer},
    503: {"description": "Something that matters is dead.", "model": HealthAnswer},
    **problems(401, 422, 429),
}


def watch_of(request: Request, backend: BackendHere) -> Watch:
    """Return the watch of the app that serves this request; made at the first, so that all share its looks."""
    state = request.app.state
    if not hasattr(state, "watch"):
        state.watch = Watch(place_of(backend.settings, queues=QUEUES))
    watch: Watch = state.watch
    return watch


WatchHere = Annotated[Watch, Depends(watch_of)]


@router.get("/health", summary="Whether the installation lives", response_model=None, responses=_HEALTH)
async def show_health(
    request: Request,
    backend: BackendHere,
    watch: WatchHere,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(KEY_SCHEME)] = None,
    session: Annotated[str | None, Security(SESSION_SCHEME)] = None,
) -> Response:
    """Return the status, 503 when something that matters is dead; details with the key of an auditor or administrator."""
    found = await run_in_threadpool(watch.health)
    has_details = await _may_see(request, backend, found, credentials, session)
    body = told(found).model_dump(mode="json") if has_details else {"status": found.level.value}
    return JSONResponse(body, 200 if found.is_serving else 503)


async def _may_see(
    request: Request,
    backend: Backend,
    found: Health,
    credentials: HTTPAuthorizationCredentials | None,
    session: str | None,
) -> bool:
    """Return whether who asks may see details; nobody is looked up in a database that does not answer."""
    database = found.check("database")
    if (credentials is None and session is None) or (database is not None and database.level is Level.DEAD):
        return False
    who = await caller(request, backend, credentials, session)
    return who.role in MAY_WATCH


def told(found: Health) -> HealthAnswer:
    """Return a health as it is told to those who look after the machine."""
    checks = [
        CheckAnswer(
            name=c.name, status=c.level, matters=CHECKS[c.name].matters, seen=c.seen, since=c.since, cure=c.cure
        )
        for c in found.checks
    ]
    return HealthAnswer(status=found.level, at=found.at, checks=checks)


@router.get("/workers/health", summary="Who works", response_model=WorkersAnswer, responses=_REFUSED)
def show_workers(_who: Watcher, watch: WatchHere) -> WorkersAnswer:
    """Return the living workers by name; a worker is alive that spoke within 15 s."""
    return WorkersAnswer(**_online(_workforce(watch)))


@router.get("/workers/stats", summary="Who works on what", response_model=WorkerStatsAnswer, responses=_REFUSED)
def show_worker_stats(_who: Watcher, watch: WatchHere) -> WorkerStatsAnswer:
    """Return each worker with its processes and runs, and each queue with what waits in it."""
    found = _workforce(watch)
    workers = found.workers if found else ()
    details = [
        WorkerAnswer(name=w.name, queues=list(w.queues), slots=w.slots, active=w.active, started_at=w.started_at)
        for w in workers
    ]
    lines = [
        QueueAnswer(name=q.name, waiting=q.waiting, workers=q.workers, slots=q.slots)
        for q in (found.queues if found else ())
    ]
    return WorkerStatsAnswer(**_online(found), details=details, queues=lines)


@router.get("/metrics", summary="Figures for Prometheus", response_model=None, responses=_METRICS)
def show_metrics(request: Request, _who: Watcher, watch: WatchHere) -> Response:
    """Return the text format of Prometheus, version 0.0.4; counters count from the start of this process."""
    state = request.app.state
    if not hasattr(state, "metrics"):
        state.metrics = Metrics(watch)
    return Response(state.metrics.scrape(), media_type=_TEXT)


def _workforce(watch: Watch) -> Workforce | None:
    from redis import RedisError

    try:
        return workforce(watch.place, watch.limits)
    except (RedisError, OSError) as error:
        raise GatewayError("E_GATEWAY_001", "the broker does not answer", seen=type(error).__name__) from None


def _online(found: Workforce | None) -> dict[str, Any]:
    if found is None:
        return {"status": "unused", "workers_online": 0, "workers": []}
    return {
        "status": _WORDS[found.level],
        "workers_online": len(found.workers),
        "workers": [w.name for w in found.workers],
    }
