"""report.html: the report as one self-contained page.

Belongs here: joining report, template, style and checked drawings. Not here: selection
(summary.py), formatting of values (wording.py), or any text that the template can hold.

Everything of the report is escaped; only drawings that passed `inline` and the package's
own style sheet enter as markup. The page's content policy forbids scripts and any request.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from cardio_dagster.outcome import Problem
from cardio_dagster.reporting import summary, wording
from cardio_dagster.reporting.drawing import inline
from cardio_dagster.reporting.parts import Report, ReportedFact, ReportedFigure

_TEMPLATES = Path(__file__).with_name("templates")
_TITLES = {"echo": "Echocardiography", "ecg": "Electrocardiogram", "clinical": "Clinical data", "study": "Whole study"}


def to_html(report: Report) -> str:
    """Return the page as text; equal reports give equal pages.

    Raises StudyError (E_INTERNAL_001) for a drawing that is not plain (see drawing.inline);
    `build_report` leaves such a drawing out beforehand.
    """
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    return _template().render(
        report=report,
        style=Markup(style),
        key_numbers=summary.key_numbers(report),
        key_findings=summary.key_findings(report),
        findings=summary.findings_by_weight(report),
        missing=summary.missing(report),
        modalities=_modalities(report),
        other_problems=_other_problems(report),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=wording.number,
        plain=wording.plain,
        unit=wording.unit,
        milliseconds=wording.milliseconds,
        size=wording.size,
        verdict_value=wording.verdict_value,
        fact_value=_fact_value,
        drawing=_drawing,
    )
    environment.globals.update(between=wording.between, title_of=title_of, absent=wording.ABSENT)
    return environment.get_template("report.html.j2")


def title_of(modality: str | None) -> str:
    """Return the name of a modality as a heading; what belongs to none belongs to the whole study."""
    return _TITLES.get(modality, modality.replace("_", " ").capitalize()) if modality else "Whole study"


def _fact_value(fact: ReportedFact) -> str:
    if isinstance(fact.value, bool):
        return "yes" if fact.value else "no"
    return f"{fact.value:g}" if isinstance(fact.value, float | int) else str(fact.value)


def _drawing(figure: ReportedFigure) -> Markup:
    return Markup(inline(figure.svg or "", figure.anchor, label=figure.title))


def _modalities(report: Report) -> tuple[str, ...]:
    """Return the modalities with measurements: pictures and signals first, then those not known here."""
    found = dict.fromkeys(m.modality for m in report.measurements)
    known = [modality for modality in _TITLES if modality in found]
    return (*known, *(modality for modality in found if modality not in known))


def _other_problems(report: Report) -> tuple[Problem, ...]:
    """Return the problems that the error at the head does not name already."""
    told = report.error.problems if report.error else ()
    return tuple(problem for problem in report.problems if problem not in told)
