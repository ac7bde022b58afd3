"""Figures: each metric with its interval, over all patients and over subgroups of them.

Belongs here: adding sums up by patient and naming the result. Not here: the intervals' method (bootstrap.py) or any change
(compare.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cardio_dagster.evaluation.bootstrap import interval
from cardio_dagster.evaluation.forms import LENGTH, value_of
from cardio_dagster.evaluation.metrics import METRICS, Metric
from cardio_dagster.evaluation.observed import Observed

SUBGROUP_METRICS = (
    "camus_lv_dice_ed", "camus_lvef_mae_pct", "ludb_qrs_f1_pct", "ludb_t_offset_sd_ms", "cinc2017_af_right_pct",
    "sim_echo_lvef_mae_pct", "sim_ecg_heart_rate_mae_bpm",
)  # fmt: skip
MIN_GROUP = 10  # patients; a smaller group is named without a figure


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one night. `low` and `high` are the 95 % interval, None below five patients.

    `value` is None where no patient says anything of it, or where a subgroup is too small to tell.
    """

    metric: str
    value: float | None
    low: float | None
    high: float | None
    patients: int


@dataclass(frozen=True, slots=True)
class GroupFigure:
    """A figure of the patients of one group; intervals are those of the group alone, not adjusted for their number."""

    by: str
    group: str
    figure: Figure


def rows_of(metric: Metric, observed: Iterable[Observed]) -> dict[str, np.ndarray]:
    """Return the sums of a metric by patient, in the order of their names."""
    rows: dict[str, np.ndarray] = {}
    for one in observed:
        if metric.name in one.sums:
            sums = np.array(one.sums[metric.name], float)
            rows[one.patient] = rows.get(one.patient, np.zeros(LENGTH[metric.form])) + sums
    return dict(sorted(rows.items()))


def figures(observed: Sequence[Observed]) -> tuple[Figure, ...]:
    """Return every metric of the sets that were measured, in the order of the table."""
    measured = {one.case_set for one in observed}
    return tuple(figure_of(metric, observed) for metric in METRICS if metric.case_set in measured)


def figure_of(metric: Metric, observed: Iterable[Observed]) -> Figure:
    """Return one metric with its interval."""
    rows = np.array(list(rows_of(metric, observed).values())).reshape(-1, LENGTH[metric.form])
    value = float(value_of(metric.form, rows.sum(axis=0)))
    if not np.isfinite(value):
        return Figure(metric.name, None, None, None, len(rows))
    low, high = interval(metric, rows) or (None, None)
    return Figure(metric.name, value, low, high, len(rows))


def subgroups(observed: Sequence[Observed]) -> tuple[GroupFigure, ...]:
    """Return the metrics of SUBGROUP_METRICS for each group that has at least two members, by metric, kind and name."""
    found = []
    for metric in METRICS:
        if metric.name in SUBGROUP_METRICS:
            mine = [one for one in observed if one.case_set == metric.case_set]
            for by in sorted({name for one in mine for name in one.groups}):
                for group in sorted({one.groups[by] for one in mine if by in one.groups}):
                    found.append(GroupFigure(by, group, _of_group(metric, mine, by, group)))
    return tuple(found)


def _of_group(metric: Metric, observed: list[Observed], by: str, group: str) -> Figure:
    mine = [one for one in observed if one.groups.get(by) == group]
    patients = len(rows_of(metric, mine))
    if patients < MIN_GROUP:
        return Figure(metric.name, None, None, None, patients)
    return figure_of(metric, mine)
