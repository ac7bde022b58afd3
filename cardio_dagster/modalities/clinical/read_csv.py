"""Reading a CSV of clinical fields into entries, each with its line and column.

Belongs here: the two layouts, one row per patient with a column per field, or one row per
field with name, value and unit. Not here: meaning of fields (collect.py), checks (check.py).
Comma, semicolon or tab; with a semicolon or tab a number may have a decimal comma.
"""

import csv
import io

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.clinical.collect import MAX_VALUES, Collector, is_clinical
from cardio_dagster.modalities.clinical.naming import field_key
from cardio_dagster.modalities.clinical.record import Document

_NAMES = ("name", "variable", "parameter", "field", "item", "test", "measurement")
_VALUES, _UNITS, _DATES = ("value", "result"), ("unit", "units"), ("date", "dated", "timestamp")
_LEADS = frozenset({"i", "ii", "iii", "avr", "avl", "avf", *(f"v{n}" for n in range(1, 10)), "mlii"})
_TIMES = frozenset({"time", "time_s", "time_ms", "sample", "t", "seconds", "ms"})


def table_of(text: str) -> list[list[str]]:
    """Return the rows of a CSV text with the delimiter that its first line uses most.

    Raises csv.Error for quoting that cannot be read.
    """
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    return [
        row for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if any(c.strip() for c in row)
    ]


def layout_of(table: list[list[str]]) -> str | None:
    """Return "wide" or "long" if the header is one of clinical fields; None for anything else, ECGs too."""
    header = [field_key(cell) for cell in table[0]] if table else []
    if _LEADS.intersection(header) or _TIMES.intersection(header):
        return None
    if set(header) & set(_NAMES) and set(header) & set(_VALUES):
        name = _column(header, _NAMES)
        known = [
            row for row in table[1 : MAX_VALUES + 1] if name is not None and len(row) > name and is_clinical(row[name])
        ]
        return "long" if known else None
    known_columns = {key for key in header if is_clinical(key)}
    return "wide" if len(known_columns) >= 2 and len(table) > 1 else None


def read_csv(table: list[list[str]]) -> Document:
    """Return the entries of a clinical table.

    Raises StudyError E_FORMAT_001 if it is none, E_FORMAT_002 if it holds several patients.
    """
    layout = layout_of(table)
    if layout is None:
        raise StudyError(
            "E_FORMAT_001", "the table has no clinical columns", allowed="a column per field, or name,value,unit"
        )
    collector = Collector("csv")
    (_read_wide if layout == "wide" else _read_long)(table, collector)
    return collector.document()


def _read_wide(table: list[list[str]], collector: Collector) -> None:
    if len(table) > 2:
        raise StudyError(
            "E_FORMAT_002", "the table holds several patients", seen=f"{len(table) - 1} rows", allowed="1 row",
            cure="Send one table per patient; a study is about one person.",
        )  # fmt: skip
    for column, (name, cell) in enumerate(zip(table[0], table[1], strict=False), start=1):
        collector.look()
        collector.offer(name, cell.strip(), where=f"line 2, column {column}")


def _read_long(table: list[list[str]], collector: Collector) -> None:
    header = [field_key(cell) for cell in table[0]]
    columns = [_column(header, names) for names in (_NAMES, _VALUES, _UNITS, _DATES)]
    for line, row in enumerate(table[1:], start=2):
        collector.look()
        name, value, unit, dated = (row[c].strip() if c is not None and c < len(row) else "" for c in columns)
        collector.offer(name, value, unit=unit or None, where=f"line {line}", dated=dated)


def _column(header: list[str], names: tuple[str, ...]) -> int | None:
    return next((i for i, key in enumerate(header) if key in names), None)
