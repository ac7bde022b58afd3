"""Entries as read and the record as checked: the data that passes through the clinical verbs.

Belongs here: the dataclasses. Not here: reading (read_*.py) and checking (check.py).
`Document` lives only inside validate: it holds the birth date. What leaves the reader is
`ClinicalRecord`, which carries no name, number, date or address of a person.
"""

from dataclasses import dataclass

from cardio_dagster.outcome import Problem


@dataclass(frozen=True, slots=True)
class Entry:
    """One field as it stands in the file: canonical name, raw value, raw unit, place and date."""

    name: str
    value: object
    unit: str | None
    where: str
    dated: str = ""  # ISO 8601; "" where the file gives none
    part: str = ""  # the part of a composite history item that this answers: "stroke" of stroke_or_tia


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read, before any check. Never stored, never logged."""

    format: str
    entries: tuple[Entry, ...]
    birth_date: str | None = None
    study_date: str | None = None
    noted: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in its canonical unit; None with a reason. `derived_from` is empty for a stated one."""

    name: str
    value: float | None
    where: str
    reason: str | None = None
    derived_from: tuple[str, ...] = ()
    method: str = "stated"


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """A yes or no; None with a reason."""

    name: str
    value: bool | None
    where: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CategoryItem:
    """One of several words; None with a reason."""

    name: str
    value: str | None
    where: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ClinicalRecord:
    """A metadata document in canonical fields and units. `noted` holds the places of fields that nobody here reads."""

    format: str
    sex: str | None
    sex_reason: str | None
    quantities: tuple[Quantity, ...]
    history: tuple[HistoryItem, ...]
    noted: tuple[str, ...] = ()
    categories: tuple[CategoryItem, ...] = ()

    def number(self, name: str) -> float | None:
        """Return the value of a numeric field; None where it is absent or was left out."""
        return next((q.value for q in self.quantities if q.name == name), None)

    def answer(self, name: str) -> bool | None:
        """Return the yes or no of a history item; None where it is absent."""
        return next((h.value for h in self.history if h.name == name), None)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Which inputs of the scores the record holds and which it lacks."""

    present: tuple[str, ...]
    absent: tuple[str, ...]
