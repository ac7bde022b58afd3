"""Shifts: each feature of the last days against the days before.

Belongs here: the choice of features, the state of each, and the correction for testing many. Not here: one test (testing.py),
the tables (seen.py).

An alarm needs both: a change that chance does not explain (Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x,
false discovery rate 1 % over all features of the night) and one that is large (population stability index of 0.25 and more, the
usual "major shift" of Lewis 1994 and Siddiqi 2006; a share by 5 points of a hundred). The index alone rises by chance when studies
are few, about (bins - 1) (1/n + 1/m) (Yurdakul and Naranjo 2020), and a test alone calls any trifle when they are many.
Below a number of studies nothing is said. A site may choose other limits than these (settings/evaluation.py). Several studies of one patient count as several.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scipy.stats import false_discovery_control

from cardio_dagster.evaluation.drift.features import FINDING, HELD, Feature, Kind, feature_of
from cardio_dagster.evaluation.drift.seen import Seen
from cardio_dagster.evaluation.drift.testing import Tested, compare_numbers, compare_shares, compare_words
from cardio_dagster.settings import EvaluationSettings, evaluation_settings

MIN_MARKED = 5  # studies with a finding in either span; rarer ones cannot alarm anybody


class State(StrEnum):
    """What is said of a feature."""

    ALARM = "alarm"
    STABLE = "stable"
    TOO_FEW = "too few"


@dataclass(frozen=True, slots=True)
class Shift:
    """One feature, recent against before.

    `psi` is the population stability index, `p` that of the test named, `q` the same after the correction; None where there were
    too few. `recent` and `before` say in words how it was (median and quartiles, the word whose share changed most, the share).
    """

    feature: Feature
    recent_n: int
    before_n: int
    state: State
    test: str
    psi: float | None = None
    p: float | None = None
    q: float | None = None
    recent: str = ""
    before: str = ""


def shifts(recent: Sequence[Seen], before: Sequence[Seen]) -> tuple[Shift, ...]:
    """Return every feature that either span has, inputs first, the features by name; judged by the limits of the settings."""
    limits = evaluation_settings()
    found = [_shift(feature, recent, before, limits) for feature in _features(recent, before)]
    return _corrected(found, limits.drift_max_q)


def _features(recent: Sequence[Seen], before: Sequence[Seen]) -> list[Feature]:
    units: dict[str, str] = {}
    marked = Counter(mark for one in (*recent, *before) for mark in one.marks)
    for one in (*before, *recent):
        units |= {name: one.units.get(name, "") for name in (*one.numbers, *one.words)}
    common = (name for name, count in marked.items() if name.startswith(FINDING) and count >= MIN_MARKED)
    names = {*units, *common, *({HELD} if units else ())}
    return sorted((feature_of(name, units.get(name, "")) for name in names), key=lambda f: (f.side, f.kind, f.name))


def _shift(feature: Feature, recent: Sequence[Seen], before: Sequence[Seen], limits: EvaluationSettings) -> Shift:
    tested = _tested(feature, recent, before)
    if tested.recent_n < limits.drift_min_recent or tested.before_n < limits.drift_min_before:
        return Shift(feature, tested.recent_n, tested.before_n, State.TOO_FEW, tested.test)
    return Shift(
        feature,
        tested.recent_n,
        tested.before_n,
        State.ALARM if tested.is_large(limits.drift_min_psi, limits.drift_min_points) else State.STABLE,
        tested.test,
        tested.psi,
        tested.p,
        recent=tested.recent,
        before=tested.before,
    )


def _tested(feature: Feature, recent: Sequence[Seen], before: Sequence[Seen]) -> Tested:
    name = feature.name
    if feature.kind is Kind.NUMBER:
        numbers = [[one.numbers[name] for one in span if name in one.numbers] for span in (recent, before)]
        return compare_numbers(*numbers)
    if feature.kind is Kind.WORD:
        words = [[one.words[name] for one in span if name in one.words] for span in (recent, before)]
        return compare_words(*words)
    return compare_shares(*[[name in one.marks for one in span] for span in (recent, before)])


def _corrected(found: Sequence[Shift], max_q: float) -> tuple[Shift, ...]:
    """Return the shifts with their q; a large one is an alarm only where chance does not explain it."""
    tested = [(place, shift.p) for place, shift in enumerate(found) if shift.p is not None]
    corrected = false_discovery_control([p for _, p in tested]) if tested else []
    q = {place: float(value) for (place, _), value in zip(tested, corrected, strict=True)}
    return tuple(
        replace(s, q=q[i], state=s.state if q[i] < max_q else State.STABLE) if i in q else s
        for i, s in enumerate(found)
    )
