"""Comparing two runs over the same cases, patient by patient.

Belongs here: the change of each metric and what it means. Not here: what follows from it (nightly: orchestration/evaluation.py;
promotion/decide.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cardio_dagster.evaluation.bootstrap import worsening
from cardio_dagster.evaluation.figures import Figure, figure_of, rows_of
from cardio_dagster.evaluation.forms import LENGTH
from cardio_dagster.evaluation.metrics import METRICS, Metric
from cardio_dagster.evaluation.observed import Observed


class Verdict(StrEnum):
    """What a change means, within the metric's margin."""

    NOT_WORSE = "not worse"  # even the worst end of the interval lies within the margin
    UNCLEAR = "unclear"  # the interval reaches beyond the margin: too few cases to say
    WORSE = "worse"
    NOT_COMPARED = "not compared"  # other patients or none, or the whole set is missing on one side


_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Change:
    """One metric, standing and now. `worsening` is in its unit, above 0 is worse, with its paired 95 % interval.

    `beyond_standing` is whether the value lies outside of the standing one's own interval, on the worse side.
    """

    metric: str
    standing: Figure
    now: Figure
    worsening: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    beyond_standing: bool

    @property
    def is_alarm(self) -> bool:
        """Return whether a night with this change is a night on which something became worse."""
        return self.verdict is Verdict.WORSE or self.beyond_standing


def compare(standing: Sequence[Observed], now: Sequence[Observed]) -> tuple[Change, ...]:
    """Return the change of every metric that either run has; only patients of both runs are paired."""
    sets = {one.case_set for one in (*standing, *now)}
    return tuple(_change(metric, standing, now) for metric in METRICS if metric.case_set in sets)


def _change(metric: Metric, standing: Sequence[Observed], now: Sequence[Observed]) -> Change:
    old, new = figure_of(metric, standing), figure_of(metric, now)
    if any(all(one.case_set != metric.case_set for one in run) for run in (standing, now)):
        return Change(metric.name, old, new, None, None, None, Verdict.NOT_COMPARED, False)
    beyond = _beyond(metric, old, new)
    seen = {one.patient for one in standing if one.case_set == metric.case_set}
    both = seen & {one.patient for one in now if one.case_set == metric.case_set}
    before, after = rows_of(metric, standing), rows_of(metric, now)
    nothing = np.zeros(LENGTH[metric.form])
    patients = sorted(both & (before.keys() | after.keys()))
    if not patients:
        return Change(metric.name, old, new, None, None, None, Verdict.NOT_COMPARED, beyond)
    sums = [np.array([rows.get(p, nothing) for p in patients]) for rows in (before, after)]
    change, limits = worsening(metric, *sums)
    if not np.isfinite(change):  # an answer that is gone altogether is worse than any
        lost = old.value is not None and new.value is None
        return Change(metric.name, old, new, None, None, None, Verdict.WORSE if lost else Verdict.NOT_COMPARED, beyond)
    low, high = limits or (None, None)
    return Change(metric.name, old, new, change, low, high, _verdict(metric, change, low, high), beyond)


def _verdict(metric: Metric, change: float, low: float | None, high: float | None) -> Verdict:
    """Return the verdict of non-inferiority: the whole interval must lie within the margin, or the change alone without one."""
    if change > metric.margin:
        return Verdict.WORSE
    if low is None or high is None:
        return Verdict.NOT_WORSE if change <= 0 else Verdict.UNCLEAR
    return Verdict.UNCLEAR if high > metric.margin else Verdict.NOT_WORSE


def _beyond(metric: Metric, standing: Figure, now: Figure) -> bool:
    if now.value is None or standing.value is None or standing.low is None or standing.high is None:
        return standing.value is not None and now.value is None
    if standing.low == standing.high:  # all patients alike: the interval knows nothing of chance, the margin decides
        return False
    worst = max(float(metric.loss(np.array(end))) for end in (standing.low, standing.high))
    return float(metric.loss(np.array(now.value))) > worst + _ROUNDING
