"""Headings that stand in the outline of the file, and the words for where something comes from.

Belongs here: what every section needs. Not here: the sections (summary_part.py, tables.py).
"""

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph

from cardio_dagster.reporting.html_report import title_of
from cardio_dagster.reporting.pdf.fonts import clean, markup
from cardio_dagster.reporting.pdf.look import HEADING, LISTED, SUBHEADING

_NEEDED = (32 * mm, 24 * mm)  # a heading does not stand alone at the foot of a page


class Heading(Paragraph):
    """A heading that becomes a bookmark; `level` 0 is a section, 1 a part of one."""

    def __init__(self, text: str, *, level: int = 0) -> None:
        super().__init__(markup(text), SUBHEADING if level else HEADING)
        self.title, self.level = clean(text), level

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        """Return the size, or more than there is where too little room would be left below; called by reportlab.

        `keepWithNext` would do the same for a paragraph, but carries a whole table to the next page.
        """
        width, height = super().wrap(available_width, available_height)
        too_low = available_height < max(_NEEDED[self.level], height)
        return width, available_height + 1 if too_low else height

    def split(self, available_width: float, available_height: float) -> list[Flowable]:
        """Return nothing: a heading goes to the next page whole; called by reportlab."""
        return []


def where(modality: str | None, recording_id: str | None) -> str:
    """Return the modality and the recording that something comes from."""
    if modality or not recording_id:
        return f"{title_of(modality)}{f' · {recording_id}' if recording_id else ''}"
    return f"Recording {recording_id}"


def bullets(lines: "list[str] | tuple[str, ...]") -> list[Flowable]:
    """Return lines of markup as a list with bullets."""
    return [Paragraph(line, LISTED, bulletText="\N{BULLET}") for line in lines]
