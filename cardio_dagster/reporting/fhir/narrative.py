"""The report in words: the conclusion as plain text and the Narrative as XHTML.

Belongs here: what a person reads in a FHIR viewer that shows nothing else. Not here: the pages of
report.html, or new sentences: all stand in the report already.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from cardio_dagster.reporting.fhir.vocabulary import Node
from cardio_dagster.reporting.parts import Report, ReportedMeasurement
from cardio_dagster.reporting.summary import findings_by_weight, missing
from cardio_dagster.reporting.wording import between, number, unit

_XHTML = "http://www.w3.org/1999/xhtml"


def standing(report: Report) -> str:
    """Return the line that every form of the report begins with: what it is for and whether it was released."""
    status = report.release_status[:1].upper() + report.release_status[1:]
    return f"{report.intended_use}. {status.rstrip('.')}."


def sentences(report: Report) -> list[str]:
    """Return the written statements with the numbers of their references; the texts of the findings where none were written."""
    numbers = {p: r.number for r in report.written.references for p in r.passages}
    written = []
    for statement in report.written.statements:
        cited = dict.fromkeys(numbers[c] for c in statement.citations if c in numbers)
        written.append(" ".join((statement.text, *(f"[{n}]" for n in cited))))
    return written or [finding.text for finding in findings_by_weight(report)]


def conclusion(report: Report) -> str:
    """Return the conclusion: the standing, the error if there is one, then one sentence a line."""
    return "\n".join((standing(report), *_error(report), *sentences(report), *_changes(report)))


def narrative(report: Report) -> Node:
    """Return the Narrative: the same as the conclusion, what is missing, a table of measurements, the references."""
    version = f", version {report.version}" if report.version > 1 else ""
    div = ET.Element("div", {"xmlns": _XHTML})
    _add(div, "h1", f"Cardiology report, study {report.study_id}, revision {report.revision}{version}")
    _add(ET.SubElement(div, "p"), "b", standing(report))
    _list(div, "Error", _error(report))
    _list(div, "Statements", sentences(report))
    _list(div, "Changed in review", _changes(report))
    _list(div, "Missing", missing(report))
    _table(div, [m for m in report.measurements if m.value is not None])
    _list(div, "References", [f"[{r.number}] {r.text}" for r in report.written.references])
    return {"status": "generated", "div": ET.tostring(div, encoding="unicode")}


def _changes(report: Report) -> list[str]:
    """Return what people changed, the old text in brackets; plain text strikes nothing through."""
    words = {"withdraw": "withdrawn", "replace": "changed", "add": "added"}
    steps = report.review.steps if report.review else ()
    return [
        f"Version {step.makes}, {step.by}, {step.role_title}: sentence {c.statement_id} {words[c.action.value]}"
        f"{f' [before: {c.before}]' if c.before else ''}; {c.reason}"
        for step in steps
        for c in step.changes
    ]


def _error(report: Report) -> list[str]:
    error = report.error
    if error is None:
        return []
    return [f"{error.code}: {error.message}. Reached {error.state_reached}.", *(p.message for p in error.problems)]


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _list(div: ET.Element, title: str, lines: Sequence[str]) -> None:
    if lines:
        _add(div, "h2", title)
        items = ET.SubElement(div, "ul")
        for line in lines:
            _add(items, "li", line)


def _table(div: ET.Element, measured: Sequence[ReportedMeasurement]) -> None:
    if not measured:
        return
    _add(div, "h2", "Measurements")
    table = ET.SubElement(div, "table")
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for title in ("Measurement", "Value", "Reference", "Source"):
        _add(head, "th", title)
    body = ET.SubElement(table, "tbody")
    for m in measured:
        row = ET.SubElement(body, "tr")
        for cell in _cells(m):
            _add(row, "td", cell)


def _cells(m: ReportedMeasurement) -> tuple[str, ...]:
    flag = f" ({m.flag.value})" if m.flag and m.flag.value != "within" else ""
    source = f"{m.modality} {m.recording_id}" if m.recording_id else m.modality
    return m.label, f"{number(m)} {unit(m.unit)}".strip() + flag, between(m.reference_low, m.reference_high), source
