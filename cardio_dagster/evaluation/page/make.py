"""Joining a night, its history, template, style and drawings to the page.

Belongs here: the page's rows. Not here: words (words.py) or drawings (charts.py). No script, no request: the content policy of the
page forbids both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cardio_dagster import reporting
from cardio_dagster.evaluation.abstention import Curve, Point
from cardio_dagster.evaluation.compare import Change
from cardio_dagster.evaluation.drift.shifts import Shift, State
from cardio_dagster.evaluation.figures import MIN_GROUP, Figure, GroupFigure
from cardio_dagster.evaluation.history import ACCURACY
from cardio_dagster.evaluation.metrics import BY_NAME, BY_SET, CaseSet, Metric
from cardio_dagster.evaluation.night import Night
from cardio_dagster.evaluation.page.charts import course_chart, curve_chart, interval_chart
from cardio_dagster.evaluation.page.words import change_text, limits, shown, verdict_text
from cardio_dagster.reporting.parts import INTENDED_USE
from cardio_dagster.reporting.wording import unit
from cardio_dagster.settings import evaluation_settings

_HERE = Path(__file__).parent
_REPORTING = Path(reporting.__file__).parent
_STYLES = (_REPORTING / "templates" / "report.css", _HERE / "evaluation.css")
_KEPT_PCT = (0.0, 10.0, 20.0, 40.0)  # places of a curve that are told in words


@dataclass(frozen=True, slots=True)
class Row:
    """One metric as the page shows it."""

    metric: Metric
    figure: Figure
    change: Change | None
    chart: Markup
    course: Markup
    verdict: str
    told: str


def to_page(night: Night, history: Sequence[dict[str, Any]]) -> str:
    """Return the page as text; equal nights and histories give equal pages."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(shown=shown, limits=limits, unit=unit, curve=curve_chart, marks=marks_of, state=_state)
    return environment.get_template("evaluation.html.j2").render(
        night=night,
        sets=_rows(night, history),
        groups=_groups(night.subgroups),
        shifts=[shift for shift in night.shifts if shift.state is not State.TOO_FEW],
        silent=[shift.feature.label for shift in night.shifts if shift.state is State.TOO_FEW],
        metrics=BY_NAME,
        style=Markup("\n".join(path.read_text(encoding="utf-8") for path in _STYLES)),  # the package's own
        intended_use=INTENDED_USE,
        alarm=evaluation_settings(),
        min_group=MIN_GROUP,
    )


def _rows(night: Night, history: Sequence[dict[str, Any]]) -> list[tuple[CaseSet, list[Row]]]:
    changes = {change.metric: change for change in night.changes}
    rows = [_row(figure, changes.get(figure.metric), night, history) for figure in night.figures]
    return [(BY_SET[name], list(of)) for name, of in groupby(rows, key=lambda row: row.metric.case_set)]


def _row(figure: Figure, change: Change | None, night: Night, history: Sequence[dict[str, Any]]) -> Row:
    mine = [
        row["value"]
        for row in history
        if row["kind"] == ACCURACY and row["metric"] == figure.metric and row["size"] == night.run.size
    ]
    return Row(
        BY_NAME[figure.metric],
        figure,
        change,
        interval_chart(figure, change),
        course_chart(figure.metric, mine),
        verdict_text(change),
        change_text(change) if change else "",
    )


def _groups(found: Sequence[GroupFigure]) -> list[tuple[Metric, list[GroupFigure]]]:
    """Return the groups by metric, without those that do not divide anything."""
    divided = [
        group for group in found
        if len({g.group for g in found if (g.figure.metric, g.by) == (group.figure.metric, group.by)}) > 1
    ]  # fmt: skip
    return [(BY_NAME[name], list(of)) for name, of in groupby(divided, key=lambda group: group.figure.metric)]


def marks_of(curve: Curve) -> list[Point]:
    """Return the points of a curve at which about so many more are refused than the system itself refuses."""
    start = curve.points[0].refused_pct
    return [min(curve.points, key=lambda p: abs(p.refused_pct - start - more)) for more in _KEPT_PCT]


def _state(shift: Shift) -> str:
    return "drifted" if shift.state is State.ALARM else shift.state.value
