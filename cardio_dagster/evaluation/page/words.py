"""Numbers of an evaluation in the form in which people read them.

Belongs here: formatting, for the page and the terminal. Not here: markup or drawing.
"""

from math import floor, log10

from cardio_dagster.evaluation.compare import Change, Verdict
from cardio_dagster.evaluation.figures import Figure
from cardio_dagster.evaluation.metrics import BY_NAME, Metric
from cardio_dagster.reporting.wording import ABSENT, unit


def digits_of(metric: Metric) -> int:
    """Return how many decimals a metric is shown with: one more than its margin has."""
    return max(0, 1 - floor(log10(metric.margin)))


def shown(name: str, value: float | None, *, with_unit: bool = False) -> str:
    """Return a value of a metric, a dash where there is none.

    >>> shown("camus_lv_dice_ed", 0.94737), shown("camus_lvef_mae_pct", 4.9, with_unit=True), shown("ludb_p_f1_pct", None)
    ('0.9474', '4.90 %', '—')
    """
    if value is None:
        return ABSENT
    metric = BY_NAME[name]
    text = f"{value:.{digits_of(metric)}f}"
    text = text.removeprefix("-") if float(text) == 0 else text
    return f"{text} {unit(metric.unit)}".strip() if with_unit else text


def limits(figure: Figure) -> str:
    """Return the interval of a figure, or why there is none."""
    if figure.low is None or figure.high is None:
        return ABSENT
    return f"{shown(figure.metric, figure.low)} to {shown(figure.metric, figure.high)}"


def change_text(change: Change) -> str:
    """Return by how much a metric is better or worse, with its paired interval turned the same way."""
    if change.worsening is None:
        return ABSENT
    if shown(change.metric, abs(change.worsening)) == shown(change.metric, 0.0):
        return "same"
    word = "worse" if change.worsening > 0 else "better"
    text = f"{shown(change.metric, abs(change.worsening))} {word}"
    if change.low is None or change.high is None:
        return text
    ends = sorted((change.low, change.high)) if change.worsening > 0 else sorted((-change.low, -change.high))
    return f"{text} ({shown(change.metric, ends[0])} to {shown(change.metric, ends[1])})"


def verdict_text(change: Change | None) -> str:
    """Return what a change means; a value outside of the standing interval is worse whatever the pairs say."""
    if change is None:
        return "first night"
    if change.is_alarm:
        return Verdict.WORSE.value
    return "no telling" if change.verdict is Verdict.UNCLEAR else change.verdict.value
