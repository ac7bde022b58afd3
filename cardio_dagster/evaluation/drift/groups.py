"""The share of reports held, by groups of the studies that came in.

Belongs here: counting. Not here: accuracy by group, which needs a truth (figures.py). Sex is no part of the result tables and so no
group here; LUDB has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

from cardio_dagster.evaluation.drift.features import FORMATS, GATE, MODALITIES, VALUE
from cardio_dagster.evaluation.drift.seen import Seen
from cardio_dagster.evaluation.truth.choose import band

MIN_STUDIES = 20  # a smaller group is named without a share


@dataclass(frozen=True, slots=True)
class HeldShare:
    """How many of the studies of one group were held; the interval is Wilson's, 95 %, None for a small group."""

    by: str
    group: str
    studies: int
    share_pct: float | None
    low_pct: float | None
    high_pct: float | None


def held_shares(seen: Sequence[Seen]) -> tuple[HeldShare, ...]:
    """Return the share held by format, modalities, age and frame rate, by kind and name of the group."""
    members: dict[tuple[str, str], list[bool]] = {}
    for one in seen:
        for by, group in _groups(one).items():
            members.setdefault((by, group), []).append(one.is_held)
    return tuple(_share(by, group, held) for (by, group), held in sorted(members.items()))


def _groups(one: Seen) -> dict[str, str]:
    groups = {"formats": one.words[FORMATS], "modalities": one.words[MODALITIES]}
    age, rate = one.numbers.get(f"{VALUE}age_years"), one.numbers.get(f"{GATE}echo_frame_rate")
    if age is not None:
        groups["age"] = band(age, (18.0, 40.0, 65.0, 80.0), "years")
    if rate is not None:
        groups["frame rate"] = band(rate, (20.0, 30.0, 50.0), "Hz")
    return groups


def _share(by: str, group: str, held: list[bool]) -> HeldShare:
    if len(held) < MIN_STUDIES:
        return HeldShare(by, group, len(held), None, None, None)
    limits = binomtest(sum(held), len(held)).proportion_ci(method="wilson")
    return HeldShare(by, group, len(held), 100 * sum(held) / len(held), 100 * limits.low, 100 * limits.high)
