"""Results: the report of a job in each of its formats.

Belongs here: which report may be given to whom, and reading its files. Not here: how far a job is (progress.py) or writing
reports (reporting/).

A report that was not released is no result: it is given only to those who may read it and ask for it as such. Every file is
held against the hash that the ledger recorded of it.
"""

import hashlib
import io
import zipfile
from pathlib import Path

from fastapi import Response

from cardio_dagster.audit_contents import ReportClosed
from cardio_dagster.gateway.auth import record
from cardio_dagster.gateway.backend import Backend
from cardio_dagster.gateway.errors import GatewayError
from cardio_dagster.gateway.progress import Course, JobState
from cardio_dagster.gateway.safety import REPORT_POLICY
from cardio_dagster.stores.access import MAY_READ, Caller
from cardio_dagster.stores.review_tables import VersionRow

FORMATS: dict[str, tuple[str, str]] = {
    "json": ("report.json", "application/json"),
    "html": ("report.html", "text/html; charset=utf-8"),
    "pdf": ("report.pdf", "application/pdf"),
    "fhir": ("report.fhir.json", "application/fhir+json"),
    "sr-echo": ("report.echo.dcm", "application/dicom"),
    "sr-ecg": ("report.ecg.dcm", "application/dicom"),
    "zip": ("report.zip", "application/zip"),
}
STATUS_HEADER = "Cardio-Report-Status"
_GIVEN = {JobState.RELEASED, JobState.ERROR}
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same report is the same archive, byte for byte


def result(backend: Backend, who: Caller, course: Course, form: str, *, unreleased: bool) -> Response:
    """Return the report that stands of a job, recorded.

    Raises GatewayError: 409 while there is none, or where it is held or rejected (unless `unreleased` and the role may read
    those), 404 for a format that this report has not, 503 where its files are not those recorded.
    """
    state, stands, closed = course.now.state, course.stands, course.closed
    if stands is None or closed is None:
        raise GatewayError("E_JOB_002", f"there is no report: {course.now.message}", seen=state.value)
    if state not in _GIVEN and not (unreleased and who.role in MAY_READ):
        raise GatewayError("E_JOB_002", course.now.message, seen=state.value, allowed="a report that is released")
    content = _content(stands, closed, form)
    name, media_type = FORMATS[form]
    place = f"/reports/{stands.study_id}/r{stands.revision}/v{stands.version}/{name}"
    record(backend, who, "read", place, "given", study_id=stands.study_id, revision=stands.revision)
    headers = {
        STATUS_HEADER: stands.status,
        "Content-Disposition": f'{_disposition(form)}; filename="{stands.study_id}-{name}"',
    }
    if form == "html":
        headers["Content-Security-Policy"] = REPORT_POLICY
    return Response(content, media_type=media_type, headers=headers)


def _content(stands: VersionRow, closed: ReportClosed, form: str) -> bytes:
    folder = Path(stands.report_path)
    if form == "zip":
        return _zipped(folder, closed)
    name = FORMATS[form][0]
    if name not in closed.files:
        there = ", ".join(f for f, (n, _) in FORMATS.items() if n in closed.files)
        raise GatewayError("E_JOB_003", "this report has no such format", seen=form, allowed=f"{there}, zip")
    return _read(folder, name, closed)


def _read(folder: Path, name: str, closed: ReportClosed) -> bytes:
    """Return a file of a report; what is not the bytes recorded is shown to nobody."""
    try:
        content = (folder / name).read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != closed.files[name]:
        raise GatewayError("E_JOB_004", "the report on disk is not the one that was recorded")
    return content


def _zipped(folder: Path, closed: ReportClosed) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(closed.files):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), _read(folder, name, closed), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _disposition(form: str) -> str:
    return "inline" if form in {"json", "html", "pdf", "fhir"} else "attachment"
