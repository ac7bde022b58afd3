"""Login: the page on which a person enters a key, and the session that a browser gets for it.

Belongs here: /login, /logout, /docs and their style sheet. Not here: judging keys (stores/access.py) or who may see what (auth.py).
"""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader

from cardio_dagster import __version__
from cardio_dagster.gateway.auth import COOKIE, CallerHere, record
from cardio_dagster.gateway.backend import Backend, BackendHere
from cardio_dagster.stores.access import SESSION_S, Caller

router = APIRouter(include_in_schema=False)

_PAGES = Path(__file__).parent / "pages"
_templates = Environment(loader=FileSystemLoader(_PAGES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
HOME = "/worklist"


@router.get("/login")
def show_login(to: Annotated[str, Query(alias="next", max_length=500)] = HOME) -> Response:
    """Show the form."""
    return _page(to)


@router.post("/login")
async def log_in(request: Request, backend: BackendHere) -> Response:
    """Open a session for a valid key and go on to the page that was asked for.

    Any other key gets the same form again, saying why: 401 for one that is wrong, expired or revoked, without a difference, 429 after
    too many of them; 403 where another site sent the form.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return _page(HOME, "Another site sent this form. Enter your key here.", status=403)
    key, to = await _fields(request)
    host = request.client.host if request.client else ""
    secret, wait_s = await run_in_threadpool(_open, backend, key, host)
    if secret is None:
        told = (
            f"Too many wrong keys. Try again in {int(wait_s) + 1} s."
            if wait_s
            else "This key is not valid: mistyped, expired or revoked."
        )
        return _page(to, told, status=429 if wait_s else 401, headers={"Retry-After": str(int(wait_s) + 1)})
    response = RedirectResponse(_local(to), 303)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, secret, max_age=SESSION_S, httponly=True, samesite="strict", secure=secure)
    return response


@router.post("/logout")
def log_out(request: Request, backend: BackendHere, who: CallerHere) -> Response:
    """End the session of this browser."""
    backend.access.close_session(request.cookies.get(COOKIE, ""))
    record(backend, who, "logout", "/logout", "changed")
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


@router.get("/")
def go_home() -> Response:
    """Lead to the worklist."""
    return RedirectResponse(HOME, 303)


@router.get("/docs")
def show_docs(request: Request) -> Response:
    """Show every address with its answers, drawn here from the OpenAPI document: no script, nothing from elsewhere."""
    document = request.app.openapi()
    routes = [(m.upper(), path, operation) for path, of in document["paths"].items() for m, operation in of.items()]
    return _html("docs.html.j2", routes=routes, document=document)


@router.get("/assets/gateway.css")
def style() -> Response:
    """Return the style sheet of these pages."""
    return FileResponse(_PAGES / "gateway.css", media_type="text/css", headers={"Cache-Control": "max-age=300"})


async def _fields(request: Request) -> tuple[str, str]:
    """Return key and goal of the form; empty where it is no such form."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return "", HOME
    form = await request.form()
    key, to = form.get("key"), form.get("next")
    return (key.strip() if isinstance(key, str) else ""), (to if isinstance(to, str) else HOME)


def _open(backend: Backend, key: str, host: str) -> tuple[str | None, float]:
    """Return the secret of a new session, or None and the seconds that this address has to wait; recorded."""
    backend.prepare()
    who: Caller | None = backend.access.check(key)
    wait_s = backend.failures.take(host) if who is None else 0.0
    if not wait_s:
        record(backend, who, "login", "/login", "given" if who else "refused")
    return (backend.access.open_session(who) if who else None), wait_s


def _local(to: str) -> str:
    """Return an address of this gateway; anything that leads elsewhere becomes the worklist."""
    parts = urlsplit(to)
    is_here = not parts.scheme and not parts.netloc and to.startswith("/") and not to.startswith(("//", "/\\"))
    return to if is_here and to.isprintable() else HOME


def _page(to: str, told: str = "", *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return _html("login.html.j2", status=status, headers=headers if status == 429 else None, next=_local(to), told=told)


def _html(name: str, *, status: int = 200, headers: dict[str, str] | None = None, **shown: Any) -> HTMLResponse:
    return HTMLResponse(_templates.get_template(name).render(version=__version__, **shown), status, headers=headers)
