"""The data dictionary: what every column of the cohort table means.

Belongs here: reading columns.csv, which is the table's definition, and giving it to people and machines. Not here:
filling a column (row.py) or writing a table (tables.py).

The columns stand in a file, not in what the studies hold: the same version of the software gives the same columns to
every cohort. Tests compare the file with the tables of the modalities, scores and gates, so that neither runs ahead.
"""

import csv
import io
import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

VERSION = "2"  # of the columns and of how they are filled; a change of either raises it
SOURCE = Path(__file__).with_name("columns.csv")


class Kind(StrEnum):
    """What stands in a column; a time is text in ISO 8601."""

    TEXT = "text"
    TIME = "time"
    NUMBER = "number"
    INTEGER = "integer"
    YES_NO = "yes/no"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Absent properties are empty texts; `reference_*` are None without a limit on that side.

    `unit` is UCUM; `report_name` is what the quantity, gate or finding is called in report.json; `allowed` is a range
    ("0 to 100"), words parted by "|", or a pattern between strokes; `missing` says what an empty cell means.
    """

    column: str
    group: str
    label: str
    unit: str
    type: Kind
    modality: str
    report_name: str
    method: str
    reference_low: float | None
    reference_high: float | None
    reference_note: str
    allowed: str
    loinc: str
    missing: str

    @property
    def limits(self) -> tuple[float, float] | None:
        """Return the lowest and highest value that is allowed; None where `allowed` is no range."""
        found = re.fullmatch(r"(-?[\d.]+) to (-?[\d.]+)", self.allowed)
        return (float(found[1]), float(found[2])) if found else None

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words that are allowed; () where `allowed` is no list of words."""
        return () if self.limits or self.allowed.startswith("/") else tuple(self.allowed.split("|"))

    def allows(self, value: str | float | bool | None) -> bool:
        """Return whether the value may stand in this column; None always may."""
        if value is None or self.type is Kind.YES_NO:
            return value is None or isinstance(value, bool)
        if self.limits:
            return not isinstance(value, str) and self.limits[0] <= value <= self.limits[1]
        if self.words:
            return value in self.words
        return isinstance(value, str) and re.fullmatch(self.allowed.strip("/"), value) is not None


@cache
def columns() -> tuple[Column, ...]:
    """Return every column in the order of the table."""
    with SOURCE.open(encoding="utf-8", newline="") as file:
        return tuple(_column(row) for row in csv.DictReader(file))


@cache
def by_group(group: str) -> tuple[Column, ...]:
    """Return the columns of a group ("study", "clinical", "fused", "ecg", "echo", "score", "gate", "finding")."""
    return tuple(column for column in columns() if column.group == group)


def dictionary_json() -> bytes:
    """Return the dictionary as JSON, one object a column, an absent property as null."""
    rows = [{name: value if value != "" else None for name, value in asdict(c).items()} for c in columns()]
    encoded = msgspec.json.encode({"version": VERSION, "columns": rows})
    return msgspec.json.format(encoded, indent=2) + b"\n"


def dictionary_csv() -> bytes:
    """Return the dictionary as CSV with a header, one line a column."""
    return SOURCE.read_bytes()


def dictionary_markdown() -> str:
    """Return the dictionary as Markdown tables, one a group, for docs/cohort.md."""
    return "\n".join(_section(group) for group in dict.fromkeys(c.group for c in columns()))


def _section(group: str) -> str:
    out = io.StringIO()
    out.write(
        f"### Columns: {group}\n\n| column | label | unit | type | reference | allowed | LOINC |\n|{'---|' * 7}\n"
    )
    for c in by_group(group):
        cells = (f"`{c.column}`", c.label, c.unit, c.type.value, reference_text(c), c.allowed, c.loinc)
        out.write(f"| {' | '.join(cell.replace('|', ', ') for cell in cells)} |\n")
    return out.getvalue()


def reference_text(column: Column) -> str:
    """Return the reference range in words, empty without one.

    >>> reference_text(next(c for c in columns() if c.column == "pr_ms"))
    '120 to 200'
    """
    low, high = column.reference_low, column.reference_high
    if low is None:
        return "" if high is None else f"up to {high:g}"
    return f"from {low:g}" if high is None else f"{low:g} to {high:g}"


def _column(row: dict[str, str]) -> Column:
    low, high = (float(row[name]) if row[name] else None for name in ("reference_low", "reference_high"))
    texts = {name: row[name] for name in row if name not in ("type", "reference_low", "reference_high")}
    return Column(**texts, type=Kind(row["type"]), reference_low=low, reference_high=high)
