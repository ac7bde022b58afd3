"""The report in every format, as files that are not yet written.

Belongs here: which formats there are, and what becomes of one that breaks. Not here: what a format looks like
(reporting/), what else goes into a response (formatting.py).
"""

from collections.abc import Callable

import msgspec

from cardio_dagster import deadline
from cardio_dagster.errors import StageTimeoutError, problem
from cardio_dagster.fusion import feature_table
from cardio_dagster.outcome import Problem
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.retry import place_of
from cardio_dagster.reporting.cohort import cohort_row
from cardio_dagster.reporting.dicom_sr import to_ecg_sr, to_echo_sr
from cardio_dagster.reporting.fhir import to_fhir
from cardio_dagster.reporting.html_report import to_html
from cardio_dagster.reporting.json_report import to_json
from cardio_dagster.reporting.pdf import to_pdf
from cardio_dagster.reporting.report import Report

ALWAYS = ("report.json", "report.html")
Broken = dict[str, Problem]


def rendered(dossier: Dossier, report: Report, *, without: tuple[str, ...]) -> tuple[dict[str, bytes], Broken]:
    """Return the files of all formats but `without`, and the problem of each that broke."""
    files: dict[str, bytes | None] = {}
    broken: Broken = {}
    for name, make in {**_writers(report), **_tables(dossier)}.items():
        if name in without:
            continue
        try:
            deadline.check()
            files[name] = make()
        except (MemoryError, StageTimeoutError):
            raise
        except Exception as error:
            if name in ALWAYS:
                raise
            what = f"{type(error).__name__} {place_of(error)}"
            broken[name] = problem("E_REPORT_001", f"{name} could not be written and is left out", seen=what)
    return {name: content for name, content in files.items() if content is not None}, broken


def _tables(dossier: Dossier) -> dict[str, Callable[[], bytes | None]]:
    fusion = dossier.fusion
    if fusion is None:
        return {}

    def features() -> bytes:
        rows = feature_table(fusion, dossier.analyses)
        return msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n"

    return {"features.json": features}


def _writers(report: Report) -> dict[str, Callable[[], bytes | None]]:
    return {
        "report.json": lambda: to_json(report),
        "report.html": lambda: to_html(report).encode(),
        "report.pdf": lambda: to_pdf(report),
        "report.fhir.json": lambda: to_fhir(report),
        "report.echo.dcm": lambda: to_echo_sr(report),
        "report.ecg.dcm": lambda: to_ecg_sr(report),
        "cohort_row.csv": lambda: cohort_row(report),
    }


def render(report: Report) -> dict[str, bytes]:
    """Return the report in every format, by file name; a modality without a measurement has no DICOM document."""
    files = {name: make() for name, make in _writers(report).items()}
    return {name: content for name, content in files.items() if content is not None}
