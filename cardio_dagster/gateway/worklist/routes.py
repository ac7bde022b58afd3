"""Routes: the addresses of the worklist.

Belongs here: who may see and do what, and what is recorded of it. Not here: gathering (queries.py, study_page.py), the form of a
decision (forms.py) or acting (acting.py).
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, RedirectResponse

from cardio_dagster.audit.lineage.trace import trace
from cardio_dagster.errors import CardioError, StudyError
from cardio_dagster.finding import Grade
from cardio_dagster.gateway.auth import CallerHere, allowed, record
from cardio_dagster.gateway.backend import Backend, BackendHere
from cardio_dagster.gateway.errors import GatewayError
from cardio_dagster.gateway.progress import course
from cardio_dagster.gateway.results import FORMATS
from cardio_dagster.gateway.safety import REPORT_POLICY
from cardio_dagster.gateway.worklist.acting import Refusal, acknowledge_notice, decide_on
from cardio_dagster.gateway.worklist.notices import told, waiting
from cardio_dagster.gateway.worklist.page_route import PAGES, PageRoute, html
from cardio_dagster.gateway.worklist.queries import Asked, Shown, job_ids, page_of
from cardio_dagster.gateway.worklist.rows import rows_of
from cardio_dagster.gateway.worklist.study_page import archive_of, report_file, study_page
from cardio_dagster.review.deciding import SECTIONS
from cardio_dagster.stores.access import MAY_DECIDE, MAY_READ, Caller
from cardio_dagster.study import Priority

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Reading = Annotated[Caller, Depends(allowed(MAY_READ))]
Deciding = Annotated[Caller, Depends(allowed(MAY_DECIDE))]
_TYPES = dict(FORMATS.values())


@router.get("/assets/worklist.{kind}")
def asset(kind: str) -> Response:
    """Return style sheet or script of these pages."""
    types = {"css": "text/css", "js": "text/javascript"}
    if kind not in types:
        raise GatewayError("E_HTTP_404", "there is nothing here")
    return FileResponse(PAGES / f"worklist.{kind}", media_type=types[kind], headers={"Cache-Control": "max-age=300"})


@router.get("/worklist")
def show_list(
    request: Request,
    backend: BackendHere,
    who: CallerHere,
    *,
    state: Shown = Shown.TODO,
    priority: Annotated[str, Query(pattern="^(stat|urgent|routine|backfill)?$")] = "",
    study: Annotated[str, Query(max_length=64)] = "",
    after: Annotated[str | None, Query(max_length=120)] = None,
) -> Response:
    """Show studies by priority and age with the open notices; to a submitter its own and how far they are."""
    is_live = "X-Live" in request.headers  # the page asks again by itself every few seconds
    record(backend, who, "follow" if is_live else "list", "/worklist", "given", once=is_live)
    if who.role not in MAY_READ:
        courses = [course(backend, job) for i in job_ids(backend.engine, who.name) if (job := backend.jobs.get(i))]
        return html("mine.html.j2", who=who, courses=courses)
    asked = Asked(state, Priority(priority) if priority else None, study.strip().lower(), after)
    page = page_of(backend.engine, asked)
    return html(
        "list.html.j2",
        who=who,
        asked=asked,
        page=page,
        notices=waiting(backend, who),
        states=list(Shown),
        priorities=list(Priority),
        may_decide=who.role in MAY_DECIDE,
    )


@router.get("/worklist/{study_id}")
def show_study(request: Request, backend: BackendHere, who: Reading, study_id: str) -> Response:
    """Show one study."""
    return _study(backend, who, study_id, is_live="X-Live" in request.headers)


@router.get("/worklist/{study_id}/lineage")
def show_lineage(backend: BackendHere, who: Reading, study_id: str) -> Response:
    """Show what made each sentence of the report."""
    try:
        lineage = trace(archive_of(backend), study_id)
    except (CardioError, StudyError):
        raise GatewayError("E_HTTP_404", "no report of such a study can be traced") from None
    record(backend, who, "lineage", f"/worklist/{study_id}/lineage", "given", study_id=study_id)
    sentences = [(sentence, rows_of(sentence)) for sentence in lineage.sentences]
    return html("lineage.html.j2", who=who, lineage=lineage, sentences=sentences)


@router.get("/reports/{study_id}/r{revision}/v{version}/{name}")
def show_report(
    backend: BackendHere, who: Reading, study_id: str, *, revision: int, version: int, name: str
) -> Response:
    """Give a file of one version of a report, of any state: those who may read see what is held as such."""
    content = report_file(backend, study_id, revision, version, name)
    place = f"/reports/{study_id}/r{revision}/v{version}/{name}"
    record(backend, who, "read", place, "given", study_id=study_id, revision=revision)
    is_page = name == "report.html"
    headers = {"Content-Security-Policy": REPORT_POLICY} if is_page else {}
    media_type = _TYPES.get(name, "application/octet-stream")
    how = "attachment" if media_type in {"application/dicom", "application/octet-stream"} else "inline"
    headers["Content-Disposition"] = f'{how}; filename="{study_id}-{name}"'
    return Response(content, media_type=media_type, headers=headers)


@router.post("/worklist/{study_id}/decision")
async def decide_study(request: Request, backend: BackendHere, who: Deciding, study_id: str) -> Response:
    """Take the decision of the form, or show the study again with what speaks against it and all that was typed."""
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    refusal = await run_in_threadpool(decide_on, backend, who, study_id, form)
    if refusal is not None:
        return await run_in_threadpool(_study, backend, who, study_id, refusal, form)
    return RedirectResponse(f"/worklist/{study_id}", 303)


@router.post("/worklist/notices/{notice_id}/acknowledge")
async def acknowledge(request: Request, backend: BackendHere, who: Deciding, notice_id: str) -> Response:
    """Note that the caller takes care of a notice."""
    notice = await run_in_threadpool(acknowledge_notice, backend, who, notice_id)
    is_of_study = (await request.form()).get("back") == "study" and notice.study_id is not None
    return RedirectResponse(f"/worklist/{notice.study_id}#notices" if is_of_study else "/worklist", 303)


def _study(
    backend: Backend,
    who: Caller,
    study_id: str,
    refusal: Refusal | None = None,
    form: dict[str, str] | None = None,
    *,
    is_live: bool = False,
) -> Response:
    page = study_page(backend, study_id)
    done, place = "follow" if is_live else "show", f"/worklist/{study_id}"
    record(backend, who, done, place, "given", study_id=study_id, revision=page.row.revision, once=is_live)
    return html(
        "study.html.j2",
        status=refusal.status if refusal else 200,
        who=who,
        page=page,
        notices=[told(n) for n in page.notices],
        refusal=refusal,
        form=form or {},
        may_decide=who.role in MAY_DECIDE,
        sections=SECTIONS,
        grades=[grade.value for grade in Grade],
    )
