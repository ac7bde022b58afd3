"""What `cardio evaluate` prints.

Belongs here: tables and sentences. Not here: measuring or promoting (evaluate.py).
"""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from cardio_dagster.evaluation.compare import Change
    from cardio_dagster.evaluation.night import Night
    from cardio_dagster.evaluation.promotion.judging import Judgement

_WIDTH = 130  # longer lines are hard to read


def console() -> Console:
    """Return the terminal, no wider than is easy to read."""
    found = Console(markup=False, highlight=False)
    return found if found.width <= _WIDTH else Console(markup=False, width=_WIDTH, highlight=False)


def tell_night(night: "Night", out: Console) -> None:
    """Print the figures of a night."""
    from cardio_dagster.evaluation.metrics import BY_NAME
    from cardio_dagster.evaluation.page.words import change_text, limits, shown, verdict_text

    table = Table("set", "metric", "now", "95 % interval", "change", "n", "verdict", box=None, pad_edge=False)
    changes = {change.metric: change for change in night.changes}
    for figure in night.figures:
        metric, change = BY_NAME[figure.metric], changes.get(figure.metric)
        told = change_text(change) if change else ""
        cells = (metric.case_set, metric.label, shown(metric.name, figure.value, with_unit=True), limits(figure), told)
        style = "red" if change and change.is_alarm else ""
        table.add_row(*cells, str(figure.patients), verdict_text(change), style=style)
    out.print(table)
    if not night.run.has_reference:
        out.print("Synthetic truth alone: CARDIO_REFERENCE_DATA is not set, so nothing here speaks of patients.")
    if night.unpromoted:
        out.print(f"In force and never promoted: {', '.join(night.unpromoted)}.")
    out.print(f"Worse than what stands: {len(night.worse)}." if night.changes else "No run stands yet to compare with.")


def tell_judgement(judgement: "Judgement", out: Console) -> None:
    """Print every change, and whether it may be promoted."""
    from cardio_dagster.evaluation.metrics import BY_NAME
    from cardio_dagster.evaluation.page.words import change_text, shown

    table = Table(
        "set", "metric", "stands", "candidate", "change, 95 % interval", "margin", "", box=None, pad_edge=False
    )
    for change in judgement.changes:
        metric = BY_NAME[change.metric]
        values = (shown(metric.name, figure.value) for figure in (change.standing, change.now))
        verdict = f"{change.verdict.value}{', primary' if metric.is_primary else ''}"
        table.add_row(
            metric.case_set,
            metric.label,
            *values,
            change_text(change),
            f"{metric.margin:g}",
            verdict,
            style=_style(change),
        )
    out.print(table)
    if judgement.may_be_promoted:
        out.print(Text("May be promoted: no primary metric is worse beyond its margin.", style="green"))
        return
    out.print(Text("May not be promoted:", style="bold red"))
    for reason in judgement.reasons:
        out.print(Text(f"  {reason}"))


def _style(change: "Change") -> str:
    return "red" if change.verdict.value == "worse" else ""
