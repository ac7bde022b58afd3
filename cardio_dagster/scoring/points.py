"""Scores made of points: adding what is known and bounding what is not.

Belongs here: items, bands, their sum, the range that missing items leave open and the indication that the
scores of atrial fibrillation share. Not here: any score's own items.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from cardio_dagster.finding import Score
from cardio_dagster.fusion import Fusion
from cardio_dagster.scoring.inputs import Inputs, stated

VALVE = "mechanical_valve_or_mitral_stenosis"
ADULT_YEARS = 18


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its points, None where its input is missing, and the most and the least it could give."""

    name: str
    points: int | None
    maximum: int
    minimum: int = 0


@dataclass(frozen=True, slots=True)
class Bands:
    """The points of a number: `points[0]` below `limits[0]`, `points[i]` from `limits[i - 1]` on."""

    limits: tuple[float, ...]
    points: tuple[int, ...]

    def of(self, value: float) -> int:
        """Return the points of a value; a limit belongs to the band above it."""
        return self.points[bisect_right(self.limits, value)]

    def span(self, value: float | None) -> tuple[int, int]:
        """Return the least and the most points; of a known value twice its own."""
        return (min(self.points), max(self.points)) if value is None else (self.of(value), self.of(value))


@dataclass(frozen=True, slots=True)
class Definition:
    """What is always said of a score."""

    name: str
    label: str
    indications: str
    source: str


def item(name: str, met: bool | None, points: int) -> Item:
    """Return an item that gives all its points or none."""
    return Item(name, None if met is None else points * met, points)


def banded(name: str, bands: Bands, value: float | None) -> Item:
    """Return an item whose points depend on the band in which a number lies."""
    return Item(name, None if value is None else bands.of(value), max(bands.points), min(bands.points))


def bounds(items: tuple[Item, ...]) -> tuple[int, int]:
    """Return the least and the most points that the items can add up to."""
    low = sum(i.minimum if i.points is None else i.points for i in items)
    return low, sum(i.maximum if i.points is None else i.points for i in items)


def unknown(items: tuple[Item, ...]) -> tuple[str, ...]:
    """Return the names of the items whose input is missing."""
    return tuple(i.name for i in items if i.points is None)


def refuse(definition: Definition, inputs: Inputs, reason: str, *, interpretation: str | None = None) -> Score:
    """Return the score without a value and why."""
    d = definition
    return Score(
        d.name, d.label, None, "{score}", tuple(inputs.used), d.indications, d.source, reason, tuple(inputs.missing), interpretation
    )  # fmt: skip


def total(
    definition: Definition, inputs: Inputs, items: tuple[Item, ...], meaning: Callable[[int], str], *, caution: str = ""
) -> Score:
    """Return the sum, or, where items are missing, no value but the range that is still possible.

    `meaning` says what a number of points means; for a range both ends are told. `caution`
    says what the score takes for granted.
    """
    low, high = bounds(items)
    if unknown(items):
        open_range = f"Between {low} and {high} points, depending on {', '.join(unknown(items))}."
        text = f"{open_range} {_between(meaning(low), meaning(high))} {caution}".strip()
        return refuse(definition, inputs, f"missing: {', '.join(inputs.missing)}", interpretation=text)
    d, trace = definition, tuple(f"{i.name}: {i.points} of {i.maximum}" for i in items)
    text = f"{meaning(low)} {caution}".strip()
    return Score(
        d.name, d.label, float(low), "{score}", (*inputs.used, *trace), d.indications, d.source, interpretation=text
    )


def _between(low: str, high: str) -> str:
    return f"In any case: {low}" if low == high else f"At the least: {low} At the most: {high}"


def below_adult(fusion: Fusion) -> str | None:
    """Return the reason to refuse a person of less than 18 years; None for an adult or an unknown age."""
    age = fusion.get("age_years")
    if age is None or age.value is None or age.value >= ADULT_YEARS:
        return None
    return f"not indicated: age {age.value:g} years, allowed {ADULT_YEARS} or more"


def no_fibrillation(inputs: Inputs, *, valve: str) -> str | None:
    """Return the reason to refuse a score of atrial fibrillation; None where it is indicated.

    `valve` says why a mechanical valve or a mitral stenosis forbids it.
    """
    fibrillation = inputs.atrial_fibrillation()
    if fibrillation is None:
        return "not indicated: no atrial fibrillation in the ECG, and the history does not say"
    if not fibrillation:
        return "not indicated: no atrial fibrillation"
    if stated(inputs.fusion, VALVE):
        return f"not indicated: mechanical valve or mitral stenosis, {valve}"
    return below_adult(inputs.fusion)


def valve_caution(fusion: Fusion) -> str:
    """Return what a score of atrial fibrillation takes for granted where the history does not speak of the valves."""
    unsaid = stated(fusion, VALVE) is None
    return f"Holds only without mechanical valve and mitral stenosis; not stated: {VALVE}." if unsaid else ""
