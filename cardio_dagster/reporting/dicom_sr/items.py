"""Item: one node of the content tree, as plain frozen data, and how to make one of each kind.

Belongs here: the tree. Not here: what the templates want in it (echo.py, ecg.py) or its encoding (encode.py).
"""

from dataclasses import dataclass
from enum import StrEnum

from cardio_dagster.reporting.dicom_sr.codes import Code


class Relation(StrEnum):
    """How a node relates to its parent (PS3.3, table C.17.3-8)."""

    CONTAINS = "CONTAINS"
    MODIFIER = "HAS CONCEPT MOD"
    CONTEXT = "HAS OBS CONTEXT"
    ACQUISITION = "HAS ACQ CONTEXT"
    PROPERTY = "HAS PROPERTIES"


@dataclass(frozen=True, slots=True)
class Number:
    """The value of a NUM: None with a qualifier (CID 42) where there is none."""

    value: float | None
    unit: Code
    qualifier: Code | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A content item; `relation` is None at the root only.

    `value` is a text, a date with time (DT), a UID, a Code or a Number as `value_type` has it; None for a CONTAINER.
    """

    relation: Relation | None
    value_type: str
    name: Code
    value: str | Code | Number | None = None
    children: tuple["Item", ...] = ()
    template: str | None = None  # TID of a CONTAINER that is the root of a template


def container(name: Code, *children: Item, relation: Relation | None = Relation.CONTAINS) -> Item:
    """Return a heading with what stands below it."""
    return Item(relation, "CONTAINER", name, None, children)


def text(name: Code, value: str, *children: Item, relation: Relation = Relation.CONTAINS) -> Item:
    """Return a text."""
    return Item(relation, "TEXT", name, value, children)


def code(name: Code, value: Code, *, relation: Relation = Relation.MODIFIER) -> Item:
    """Return a coded value, a modifier of its parent unless told otherwise."""
    return Item(relation, "CODE", name, value)


def num(name: Code, value: Number, *children: Item, relation: Relation = Relation.CONTAINS) -> Item:
    """Return a number with its unit."""
    return Item(relation, "NUM", name, value, children)
