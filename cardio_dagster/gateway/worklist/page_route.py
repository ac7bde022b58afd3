"""PageRoute and html: answers for people, refusals too.

Belongs here: templates and turning refusals into pages. Not here: any page.
"""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from cardio_dagster.gateway.auth import FORM_FIELD
from cardio_dagster.gateway.errors import GatewayError
from cardio_dagster.stores.access import Caller

PAGES = Path(__file__).parent / "pages"
_TOKEN = Markup('<input type="hidden" name="{}" value="{}">')


class PageRoute(APIRoute):
    """A route whose refusals are pages too; only where a page is asked for without a session the login follows."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with refusals told in words."""
        plain = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await plain(request)
            except GatewayError as refused:
                wants_page = "text/html" in request.headers.get("accept", "")
                if not wants_page or (refused.status == 401 and request.method == "GET"):
                    raise
                page = html("message.html.j2", status=refused.status, told=refused.body, who=None)
                page.headers.update(refused.headers)
                return page

        return handler


def html(name: str, *, status: int = 200, who: Caller | None, **shown: Any) -> HTMLResponse:
    """Return a page; `who` is shown in its head."""
    token = _TOKEN.format(FORM_FIELD, who.csrf) if who is not None and who.csrf else Markup()
    return HTMLResponse(_templates.get_template(name).render(who=who, token_html=token, **shown), status)


def minute(moment: str) -> str:
    """Return a moment (ISO 8601) to the minute, UTC.

    >>> minute("2026-11-22T14:46:03.123+00:00")
    '2026-11-22 14:46 UTC'
    """
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def age(moment: str) -> str:
    """Return the time since a moment in its largest unit; a clock that was set back counts as none."""
    seconds = max((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds(), 0.0)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


_templates = Environment(loader=FileSystemLoader(PAGES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_templates.filters.update(minute=minute, age=age)
