"""App: the FastAPI application with all its routers.

Belongs here: putting the parts together. Not here: any route.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from cardio_dagster import __version__
from cardio_dagster.gateway.answers import EXAMPLE
from cardio_dagster.gateway.backend import Backend
from cardio_dagster.gateway.errors import ProblemDetails, add_handlers, failure
from cardio_dagster.gateway.safety import Guard, SafeHeaders, SmallBodies

ROUTERS = ("studies", "jobs", "login", "worklist", "health", "stow")
UPLOADS = ("/studies", "/dicom-web")  # below these a body may be large
_ABOUT = (
    "Cardiology studies in, progress and reports out. Research use, not a medical device. Every refusal is "
    "application/problem+json with a code and a cure. Keys are made with `cardio key add`; every access that shows or changes "
    "a study is recorded."
)


def make_app(backend: Backend) -> FastAPI:
    """Return the application on a backend; nothing is opened before it starts, and a database that is down stops nothing."""
    app = FastAPI(
        title="cardio gateway",
        version=__version__,
        description=_ABOUT,
        lifespan=_lifespan,
        docs_url=None,  # Swagger UI and ReDoc would be fetched from the internet; /docs is a page of our own
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.backend = backend
    for name in ROUTERS:
        if find_spec(f"cardio_dagster.gateway.{name}"):
            app.include_router(import_module(f"cardio_dagster.gateway.{name}").router)
    add_handlers(app)
    app.add_middleware(SmallBodies, uploads=UPLOADS)
    app.add_middleware(Guard)
    app.add_middleware(SafeHeaders)
    _complete_openapi(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    backend: Backend = app.state.backend
    try:
        await run_in_threadpool(backend.prepare)
    except Exception as error:  # the first request that needs the database tries again, and /health says what is down
        failure(error)
    yield


def _complete_openapi(app: FastAPI) -> None:
    """Add the schema of refusals, which every route names."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        document: dict[str, Any] = plain()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemDetails"] = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas["JobAnswer"]["example"] = EXAMPLE  # FastAPI drops the nulls of an example
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        return document

    app.openapi = described  # type: ignore[method-assign]
