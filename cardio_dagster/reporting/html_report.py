"""report.html: the report as one self-contained page.

Belongs here: joining report, template, style and checked drawings. Not here: selection
(summary.py), formatting of values (wording.py), or any text that the template can hold.

Everything of the report is escaped; only drawings that passed `inline` and the package's
own style sheet enter as markup. The page's content policy forbids scripts and any request.
"""

import re
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from cardio_dagster.finding import Score
from cardio_dagster.outcome import Problem
from cardio_dagster.reporting import summary, wording
from cardio_dagster.reporting.drawing import in_millimetres, inline, units_wide
from cardio_dagster.reporting.pages import overview, sentences
from cardio_dagster.reporting.pages.standing import standing
from cardio_dagster.reporting.pages.trend_chart import trend_chart
from cardio_dagster.reporting.parts import Report, ReportedFact, ReportedFigure, ReportedMeasurement
from cardio_dagster.statement import Reference

_TEMPLATES = Path(__file__).with_name("templates")
_TITLES = {
    "echo": "Echocardiography",
    "ecg": "Electrocardiogram",
    "clinical": "Clinical data",
    "fusion": "All modalities together",
    "scores": "Risk scores",
    "study": "Whole study",
}
_DOI = re.compile(r"10\.\d{4,9}/[^\s<>\"]+")
_POINTS = "{score}"
_DOI_SITE = "https://doi.org/"
_STYLES = ("report.css", "phone.css", "print.css")


def to_html(report: Report) -> str:
    """Return the page as text; equal reports give equal pages.

    Raises StudyError (E_INTERNAL_001) for a drawing that is not plain (see drawing.inline);
    `build_report` leaves such a drawing out beforehand.
    """
    style = "".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in _STYLES)
    return _template().render(
        report=report,
        style=Markup(style),
        standing=standing(report),
        sections=sentences.sections(report),
        key_numbers=summary.key_numbers(report),
        key_findings=summary.key_findings(report),
        findings=summary.findings_by_weight(report),
        missing=summary.missing(report),
        refused_scores=overview.refused_scores(report),
        steps_told=overview.counts_of_steps(report),
        gates_told=overview.counts_of_gates(report),
        tables=_tables(report),
        other_problems=_other_problems(report),
        footline=_footline(report),
        by_hand=tuple(report.review.latest_changes()) if report.review else (),
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
        size=wording.size,
        moment=wording.moment,
        verdict_value=wording.verdict_value,
        fact_value=_fact_value,
        score_value=_score_value,
        drawing=_drawing,
        units_wide=units_wide,
        in_millimetres=in_millimetres,
        chart=trend_chart,
        doi_parts=_doi_parts,
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


def _score_value(score: Score) -> str:
    """Return whole points, or one digit after the point, as the sentence about it does."""
    return f"{score.value or 0.0:.{0 if score.unit == _POINTS else 1}f}"


def _drawing(figure: ReportedFigure) -> Markup:
    return Markup(inline(figure.svg or "", figure.anchor, label=figure.title))


def _tables(report: Report) -> tuple[tuple[str, list[ReportedMeasurement], str], ...]:
    """Return modality, measurements and counts; pictures and signals first, then modalities not known here."""
    found = dict.fromkeys(m.modality for m in report.measurements)
    ordered = dict.fromkeys((*(modality for modality in _TITLES if modality in found), *found))
    of = {modality: [m for m in report.measurements if m.modality == modality] for modality in ordered}
    return tuple((modality, rows, overview.counts_of_measurements(rows)) for modality, rows in of.items())


def _doi_parts(reference: Reference) -> tuple[str, str | None, str]:
    """Return the text before the DOI, the link to it, and the text after; no link without a plain DOI."""
    doi = reference.doi
    if doi is None or not _DOI.fullmatch(doi):
        return reference.text, None, ""
    before, _, after = reference.text.partition(f"doi:{doi}")
    return before, _DOI_SITE + quote(doi, safe="/().;:-_"), after


def _footline(report: Report) -> Markup:
    """Return what stands at the foot of each printed page, as a CSS string: of the study's name only plain characters."""
    name = re.sub(r"[^A-Za-z0-9_-]", "", report.study_id)
    version = f", version {report.version}" if report.version > 1 else ""
    return Markup(f'"Study {name}, revision {report.revision}{version}. {standing(report).word}."')


def _other_problems(report: Report) -> tuple[Problem, ...]:
    """Return the problems that the error at the head does not name already."""
    told = report.error.problems if report.error else ()
    return tuple(problem for problem in report.problems if problem not in told)
