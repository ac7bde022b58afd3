"""A table over the width of the page, with wrapped cells and a head that returns on every page.

Belongs here: the form of a table. Not here: what stands in one (details.py).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from reportlab.platypus import Flowable, LongTable, Paragraph

from cardio_dagster.reporting.pdf.look import GROUND, LABEL, LINE, SMALL, TEXT_WIDTH

Style = list[tuple[Any, ...]]
STYLE: Style = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("BACKGROUND", (0, 0), (-1, 0), GROUND),
    ("LINEBELOW", (0, 0), (-1, -1), 0.35, LINE),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
]


_LONG = 700  # characters in a narrow column that fill a page


def table(head: Sequence[str], rows: Iterable[Sequence[str | None]], shares: Sequence[float]) -> Flowable:
    """Return a table; `rows` hold markup, None where the cell to the left goes on; `shares` divide the width."""
    told = list(rows)
    cells: list[list[Paragraph | str]] = [[Paragraph(text, LABEL) for text in head]]
    cells += [["" if text is None else Paragraph(text, SMALL) for text in row] for row in told]
    spans: Style = [
        ("SPAN", (c - 1, r), (c, r))
        for r, row in enumerate(told, start=1)
        for c, text in enumerate(row)
        if text is None
    ]
    widths = [TEXT_WIDTH * share / sum(shares) for share in shares]
    return LongTable(
        cells,
        colWidths=widths,
        repeatRows=1,
        splitInRow=_has_tall(told),
        style=[*STYLE, *spans],
        hAlign="LEFT",
        spaceAfter=4,
    )


def _has_tall(rows: Iterable[Sequence[str | None]]) -> int:
    """Return whether a row may be taller than a page and must be cut in two; a usual row is better moved."""
    return int(any(len(text or "") > _LONG for row in rows for text in row))


def pairs(rows: Iterable[tuple[str, str]]) -> Flowable:
    """Return names with their values, both markup, without a head."""
    told = list(rows)
    cells = [[Paragraph(name, LABEL), Paragraph(value, SMALL)] for name, value in told]
    style = [entry for entry in STYLE if entry[0] not in {"BACKGROUND", "LINEBELOW"}]
    return LongTable(
        cells, colWidths=[TEXT_WIDTH * 0.16, TEXT_WIDTH * 0.84], splitInRow=_has_tall(told), style=style, hAlign="LEFT"
    )
