"""Scores made of points: adding what is known and bounding what is not.

Belongs here: items, their sum and the range that missing items leave open. Not here: any score's own items.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cardio_dagster.finding import Score
from cardio_dagster.scoring.inputs import Inputs


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its points, None where its input is missing, and the most it could give."""

    name: str
    points: int | None
    maximum: int


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
    low = sum(i.points or 0 for i in items)
    high = sum(i.maximum if i.points is None else i.points for i in items)
    unknown = [i.name for i in items if i.points is None]
    if unknown:
        open_range = f"Between {low} and {high} points, depending on {', '.join(unknown)}."
        text = f"{open_range} {_between(meaning(low), meaning(high))} {caution}".strip()
        return refuse(definition, inputs, f"missing: {', '.join(inputs.missing)}", interpretation=text)
    d, trace = definition, tuple(f"{i.name}: {i.points} of {i.maximum}" for i in items)
    text = f"{meaning(low)} {caution}".strip()
    return Score(
        d.name, d.label, float(low), "{score}", (*inputs.used, *trace), d.indications, d.source, interpretation=text
    )


def _between(low: str, high: str) -> str:
    return f"In any case: {low}" if low == high else f"At the least: {low} At the most: {high}"
