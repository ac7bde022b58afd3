"""Abstention curves: how good the answers are that are left when the least confident ones are refused.

Belongs here: the curves. Not here: the confidence, which is the system's own, or the limits in force (the gates).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cardio_dagster.evaluation.forms import value_of
from cardio_dagster.evaluation.metrics import BY_NAME
from cardio_dagster.evaluation.observed import Observed

CURVES = ("camus_lv_dice_es", "camus_lvef_mae_pct", "sim_echo_lvef_mae_pct", "cinc2017_af_right_pct")
MOST_REFUSED_PCT, MIN_LEFT = 60.0, 5


@dataclass(frozen=True, slots=True)
class Point:
    """One place on a curve: all answers with at least `confidence` are kept."""

    refused_pct: float
    value: float
    confidence: float
    kept: int


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric against the share that is refused. It begins at what the system itself gave no answer to."""

    metric: str
    patients: int
    points: tuple[Point, ...]


def curves(observed: Sequence[Observed]) -> tuple[Curve, ...]:
    """Return the curves of CURVES of which there are answers, in that order."""
    made = (curve(name, observed) for name in CURVES)
    return tuple(found for found in made if found.points)


def curve(name: str, observed: Sequence[Observed]) -> Curve:
    """Return one curve; answers of equal confidence are kept or refused together, and at least MIN_LEFT are kept."""
    metric = BY_NAME[name]
    mine = [one for one in observed if one.case_set == metric.case_set]
    answered = sorted(
        ((one.confidence, one.patient, one.sums[name]) for one in mine if one.confidence is not None and name in one.sums),
        key=lambda answer: (-answer[0], answer[1]),
    )  # fmt: skip
    if not answered:
        return Curve(name, len(mine), ())
    values = value_of(metric.form, np.cumsum([sums for _, _, sums in answered], axis=0))
    confidence = [one for one, _, _ in answered]
    points = [
        Point(100 * (1 - (k + 1) / len(mine)), float(values[k]), confidence[k], k + 1)
        for k in range(len(answered))
        if k + 1 >= MIN_LEFT and (k + 1 == len(answered) or confidence[k + 1] < confidence[k])
    ]
    return Curve(name, len(mine), tuple(p for p in reversed(points) if p.refused_pct <= MOST_REFUSED_PCT))
